/* crypto_test.c - what runs is what the standards say: known answers of NIST's test sets
 * (tests/vectors), of RFC 7748, RFC 4231 and the GCM specification; and what comes damaged is
 * refused. */
#include "harness/crypto.h"
#include "tests/test.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define BYTES_MAX 9000u

/* "name hex" lines; # begins a remark. */
struct vectors {
    FILE *file;
    char name[32];
    uint8_t bytes[BYTES_MAX];
    size_t size;
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t n = 0;

    for (; isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]); hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};

        CHECK(n < BYTES_MAX);
        bytes[n++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

static bool next(struct vectors *v)
{
    static char line[2 * BYTES_MAX + 64];

    while (fgets(line, sizeof(line), v->file)) {
        if (line[0] != '#' && sscanf(line, "%31s", v->name) == 1) {
            v->size = from_hex(line + strlen(v->name) + 1, v->bytes);
            return true;
        }
    }
    return false;
}

static void open_vectors(struct vectors *v, const char *file)
{
    v->file = fopen(file, "r");
    CHECK(v->file != NULL);
}

TEST(crypto, x25519mlkem768_gives_the_published_secrets)
{
    static const char own[] = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    static struct vectors v;
    uint8_t private_key[HR_KEM_PRIVATE_BYTES], cipher[HR_KEM_CIPHER_BYTES];
    uint8_t secret[HR_KEM_SECRET_BYTES], expected[BYTES_MAX];
    struct hr_kem *kem = NULL;
    int compared = 0;

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    /* RFC 7748 6.1: Alice's private key, Bob's public one, what they agree on. */
    CHECK_EQ(from_hex(own, private_key + 2400), 32);
    CHECK_EQ(
        from_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", cipher + 1088),
        32);
    open_vectors(&v, "tests/vectors/ml_kem_768.txt");
    while (next(&v)) {
        if (strcmp(v.name, "private") == 0) {
            CHECK_EQ(v.size, 2400);
            memcpy(private_key, v.bytes, 2400);
            hr_kem_free(kem);
            CHECK_EQ(hr_kem_import(&kem, private_key), 0);
        } else if (strcmp(v.name, "cipher") == 0) {
            CHECK_EQ(v.size, 1088);
            memcpy(cipher, v.bytes, 1088);
            CHECK_EQ(hr_kem_decapsulate(kem, cipher, secret), 0);
        } else {
            CHECK_STR(v.name, "secret");
            CHECK_EQ(from_hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
                              expected),
                     32);
            CHECK(memcmp(secret, v.bytes, 32) == 0);
            CHECK(memcmp(secret + 32, expected, 32) == 0);
            compared++;
        }
    }
    CHECK_EQ(compared, 3);
    fclose(v.file);
    hr_kem_free(kem);
}

TEST(crypto, both_sides_of_the_key_agreement_agree)
{
    uint8_t share[HR_KEM_PUBLIC_BYTES], cipher[HR_KEM_CIPHER_BYTES];
    uint8_t one[HR_KEM_SECRET_BYTES], other[HR_KEM_SECRET_BYTES];
    struct hr_kem *kem;

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    CHECK_EQ(hr_kem_new(&kem, share), 0);
    CHECK_EQ(hr_kem_encapsulate(share, cipher, one), 0);
    CHECK_EQ(hr_kem_decapsulate(kem, cipher, other), 0);
    CHECK(memcmp(one, other, sizeof(one)) == 0);
    cipher[100] ^= 1; /* of the ML-KEM part: another secret */
    CHECK_EQ(hr_kem_decapsulate(kem, cipher, other), 0);
    CHECK(memcmp(one, other, 32) != 0);
    CHECK(memcmp(one + 32, other + 32, 32) == 0);
    cipher[100] ^= 1;
    cipher[1100] ^= 1; /* of the X25519 part: the other half */
    CHECK_EQ(hr_kem_decapsulate(kem, cipher, other), 0);
    CHECK(memcmp(one, other, 32) == 0 && memcmp(one + 32, other + 32, 32) != 0);
    memset(share, 0xFF, sizeof(share));
    CHECK_EQ(hr_kem_encapsulate(share, cipher, one), -EBADMSG);
    hr_kem_free(kem);
}

TEST(crypto, ml_dsa_65_judges_as_published)
{
    static struct vectors v;
    uint8_t public_key[HR_VERIFY_KEY_BYTES], message[BYTES_MAX];
    struct hr_verify_key *verify = NULL;
    struct hr_sign_key *sign = NULL;
    uint8_t context[255];
    size_t message_size = 0, context_size = 0;
    int made = 0, good = 0, bad = 0;

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    open_vectors(&v, "tests/vectors/ml_dsa_65.txt");
    while (next(&v)) {
        if (strcmp(v.name, "seed") == 0) {
            CHECK_EQ(v.size, HR_SIGN_SEED_BYTES);
            CHECK_EQ(hr_sign_key_from_seed(&sign, v.bytes), 0);
            hr_sign_key_public(sign, public_key);
            hr_sign_key_free(sign);
        } else if (strcmp(v.name, "key") == 0) {
            CHECK(v.size == sizeof(public_key) && memcmp(v.bytes, public_key, v.size) == 0);
            made++;
        } else if (strcmp(v.name, "public") == 0) {
            hr_verify_key_free(verify);
            CHECK_EQ(v.size, HR_VERIFY_KEY_BYTES);
            CHECK_EQ(hr_verify_key_new(&verify, v.bytes), 0);
        } else if (strcmp(v.name, "context") == 0) {
            CHECK(v.size <= sizeof(context));
            memcpy(context, v.bytes, v.size);
            context_size = v.size;
        } else if (strcmp(v.name, "message") == 0) {
            memcpy(message, v.bytes, v.size);
            message_size = v.size;
        } else {
            bool expected = strcmp(v.name, "good") == 0;

            CHECK(expected || strcmp(v.name, "bad") == 0);
            CHECK_EQ(v.size, HR_SIGNATURE_BYTES);
            CHECK_EQ(hr_verify(verify, context, context_size, message, message_size, v.bytes),
                     expected ? 0 : -EBADMSG);
            good += expected;
            bad += !expected;
        }
    }
    CHECK(made == 2 && good == 1 && bad == 3);
    hr_verify_key_free(verify);
    fclose(v.file);
}

TEST(crypto, a_signature_is_of_one_key_context_and_message)
{
    uint8_t public_key[HR_VERIFY_KEY_BYTES], signature[HR_SIGNATURE_BYTES];
    struct hr_verify_key *verify;
    struct hr_sign_key *key, *other;

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    CHECK_EQ(hr_sign_key_new(&key), 0);
    CHECK_EQ(hr_sign_key_new(&other), 0);
    hr_sign_key_public(key, public_key);
    CHECK_EQ(hr_verify_key_new(&verify, public_key), 0);
    CHECK_EQ(hr_sign(key, "here", 4, "text", 4, signature), 0);
    CHECK_EQ(hr_verify(verify, "here", 4, "text", 4, signature), 0);
    CHECK_EQ(hr_verify(verify, "there", 5, "text", 4, signature), -EBADMSG);
    CHECK_EQ(hr_verify(verify, "here", 4, "test", 4, signature), -EBADMSG);
    CHECK_EQ(hr_sign(other, "here", 4, "text", 4, signature), 0);
    CHECK_EQ(hr_verify(verify, "here", 4, "text", 4, signature), -EBADMSG);
    hr_verify_key_free(verify);
    hr_sign_key_free(key);
    hr_sign_key_free(other);
}

TEST(crypto, keys_survive_their_files)
{
    uint8_t one[HR_VERIFY_KEY_BYTES], other[HR_VERIFY_KEY_BYTES], signature[HR_SIGNATURE_BYTES];
    static char private_pem[HR_PEM_MAX], public_pem[HR_PEM_MAX];
    struct hr_verify_key *verify;
    struct hr_sign_key *key, *again;
    size_t private_size, public_size;

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    CHECK_EQ(hr_sign_key_new(&key), 0);
    hr_sign_key_public(key, one);
    CHECK_EQ(hr_sign_key_write(key, private_pem, &private_size), 0);
    CHECK_EQ(hr_verify_key_write(one, public_pem, &public_size), 0);
    CHECK_EQ(hr_sign_key_read(&again, private_pem, private_size), 0);
    CHECK_EQ(hr_verify_key_read(&verify, public_pem, public_size), 0);
    hr_verify_key_public(verify, other);
    CHECK(memcmp(one, other, sizeof(one)) == 0);
    CHECK_EQ(hr_sign(again, "", 0, "text", 4, signature), 0);
    CHECK_EQ(hr_verify(verify, "", 0, "text", 4, signature), 0);
    hr_sign_key_free(again);
    hr_verify_key_free(verify);
    CHECK_EQ(hr_sign_key_read(&again, public_pem, public_size), -EINVAL);
    CHECK_EQ(hr_verify_key_read(&verify, private_pem, private_size), -EINVAL);
    CHECK_EQ(hr_sign_key_read(&again, private_pem, private_size / 2), -EINVAL);
    CHECK_EQ(hr_sign_key_read(&again, "", 0), -EINVAL);
    hr_sign_key_free(key);
}

/* Test case 15 and 16 of the specification of GCM (D. McGrew, J. Viega), as NIST took them over. */
TEST(crypto, aes_256_gcm_gives_the_published_bytes)
{
    static const char plain_hex[] =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449"
        "a6b525b16aedf5aa0de657ba637b39";
    static const char sealed_hex[] =
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056"
        "828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";
    static uint8_t key[BYTES_MAX], nonce[BYTES_MAX], header[BYTES_MAX], plain[BYTES_MAX];
    static uint8_t expected[BYTES_MAX], out[BYTES_MAX];
    struct hr_aead *seals, *opens;
    size_t size, header_size;

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key);
    from_hex("cafebabefacedbaddecaf888", nonce);
    header_size = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", header);
    size = from_hex(plain_hex, plain);
    CHECK_EQ(from_hex(sealed_hex, expected), size + HR_AEAD_TAG_BYTES);
    CHECK_EQ(hr_aead_new(&seals, true), 0);
    CHECK_EQ(hr_aead_new(&opens, false), 0);
    CHECK_EQ(hr_aead_key(seals, key), 0);
    CHECK_EQ(hr_aead_key(opens, key), 0);
    CHECK_EQ(hr_aead_seal(seals, nonce, header, header_size, plain, size, out), 0);
    CHECK(memcmp(out, expected, size + HR_AEAD_TAG_BYTES) == 0);
    memset(out, 0, sizeof(out));
    CHECK_EQ(hr_aead_open(opens, nonce, header, header_size, expected, size + 16, out), 0);
    CHECK(memcmp(out, plain, size) == 0);
    for (size_t at = 0; at < size + HR_AEAD_TAG_BYTES; at++) {
        expected[at] ^= 0x80;
        CHECK_EQ(hr_aead_open(opens, nonce, header, header_size, expected, size + 16, out),
                 -EBADMSG);
        expected[at] ^= 0x80;
    }
    header[3] ^= 1;
    CHECK_EQ(hr_aead_open(opens, nonce, header, header_size, expected, size + 16, out), -EBADMSG);
    CHECK_EQ(hr_aead_open(opens, nonce, header, header_size, expected, 15, out), -EBADMSG);
    hr_aead_free(seals);
    hr_aead_free(opens);
}

/* RFC 4231, test case 2 has a short key; case 1's is 20 bytes; ours is always 32: zeros behind a
 * shorter key are the same key (FIPS 198-1, step 3). */
TEST(crypto, hmac_gives_the_published_bytes)
{
    static uint8_t key[BYTES_MAX], expected[BYTES_MAX];
    uint8_t mac[HR_MAC_BYTES];

    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    memcpy(key, "Jefe", 4);
    from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", expected);
    CHECK_EQ(hr_mac(key, "what do ya want for nothing?", 28, mac), 0);
    CHECK(memcmp(mac, expected, sizeof(mac)) == 0);
}

TEST(crypto, which_library_runs_is_told)
{
    if (hr_crypto_available()) {
        SKIP("no OpenSSL 3.5");
    }
    CHECK(strncmp(hr_crypto_version(), "OpenSSL ", 8) == 0);
    CHECK(hr_crypto_processor() != NULL);
}
