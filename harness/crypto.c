/*
 * crypto.c - sealing, opening, agreeing and deriving, by OpenSSL's EVP; or the reason why not.
 *
 * Algorithms are fetched once, without the system's configuration file, so that what runs is what
 * was asked for. It cannot see whether a nonce is used twice: that is the record layer's.
 */
#include "harness/crypto.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>

#if HR_HAVE_OPENSSL

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

static struct {
    pthread_once_t once;
    EVP_CIPHER *aes;
    EVP_MD *sha384;
    EVP_KDF *hkdf;
    EVP_MAC *hmac;
    const char *missing;
} algorithms = {.once = PTHREAD_ONCE_INIT};

static void fetch(void)
{
    EVP_KEM *kem;
    EVP_SIGNATURE *signature;

    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    algorithms.aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algorithms.sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    algorithms.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    kem = EVP_KEM_fetch(NULL, "X25519MLKEM768", NULL);
    signature = EVP_SIGNATURE_fetch(NULL, "ML-DSA-65", NULL);
    algorithms.missing = !algorithms.aes      ? "AES-256-GCM"
                         : !algorithms.sha384 ? "SHA-384"
                         : !algorithms.hkdf   ? "HKDF"
                         : !algorithms.hmac   ? "HMAC"
                         : !kem               ? "X25519MLKEM768"
                         : !signature         ? "ML-DSA-65"
                                              : NULL;
    EVP_KEM_free(kem);
    EVP_SIGNATURE_free(signature);
}

int hr_crypto_available(void)
{
    pthread_once(&algorithms.once, fetch);
    return algorithms.missing ? hr_fail(ENOTSUP, "%s has no %s: OpenSSL 3.5 or later is needed",
                                        OpenSSL_version(OPENSSL_VERSION), algorithms.missing)
                              : 0;
}

const char *hr_crypto_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

/* "OPENSSL_ia32cap=0x7ffa…:0x405f…": the second number is EBX, then ECX, of CPUID leaf 7. */
const char *hr_crypto_processor(void)
{
    const char *text = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS), *at;
    unsigned long long first, second = 0;
    char *end;

    if (!text) {
        return "";
    }
    if (strncmp(text, "OPENSSL_armcap=", 15) == 0) {
        return strtoull(text + 15, NULL, 0) & 4 ? "ARMv8" : "plain"; /* ARMV8_AES */
    }
    at = strstr(text, "ia32cap=");
    if (!at) {
        return "";
    }
    first = strtoull(at + 8, &end, 0);
    if (*end == ':') {
        second = strtoull(end + 1, NULL, 0);
    }
    return second >> 41 & 1 && second >> 42 & 1 ? "VAES" : first >> 57 & 1 ? "AES-NI" : "plain";
}

int hr_crypto_random(void *bytes, size_t size)
{
    return RAND_priv_bytes(bytes, (int)size) == 1 ? 0
                                                  : hr_fail(EIO, "OpenSSL has no random numbers");
}

void hr_crypto_wipe(void *bytes, size_t size)
{
    OPENSSL_cleanse(bytes, size);
}

bool hr_crypto_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

/* ---- key agreement ----------------------------------------------------------------- */

struct hr_kem {
    EVP_PKEY *key;
};

static int kem_keep(struct hr_kem **kem, EVP_PKEY *key)
{
    *kem = key ? malloc(sizeof(**kem)) : NULL;
    if (!*kem) {
        EVP_PKEY_free(key);
        return hr_fail(EIO, "OpenSSL makes no X25519MLKEM768 key");
    }
    (*kem)->key = key;
    return 0;
}

int hr_kem_new(struct hr_kem **kem, uint8_t *public_key)
{
    size_t size = HR_KEM_PUBLIC_BYTES;
    int rc = hr_crypto_available();

    *kem = NULL;
    rc = rc ? rc : kem_keep(kem, EVP_PKEY_Q_keygen(NULL, NULL, "X25519MLKEM768"));
    if (rc == 0 && (EVP_PKEY_get_raw_public_key((*kem)->key, public_key, &size) != 1 ||
                    size != HR_KEM_PUBLIC_BYTES)) {
        hr_kem_free(*kem);
        *kem = NULL;
        rc = hr_fail(EIO, "OpenSSL gives no X25519MLKEM768 share");
    }
    return rc;
}

int hr_kem_import(struct hr_kem **kem, const uint8_t *private_key)
{
    int rc = hr_crypto_available();

    *kem = NULL;
    return rc ? rc
              : kem_keep(kem, EVP_PKEY_new_raw_private_key_ex(NULL, "X25519MLKEM768", NULL,
                                                              private_key, HR_KEM_PRIVATE_BYTES));
}

int hr_kem_encapsulate(const uint8_t *public_key, uint8_t *cipher, uint8_t *secret)
{
    size_t cipher_size = HR_KEM_CIPHER_BYTES, secret_size = HR_KEM_SECRET_BYTES;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519MLKEM768", NULL, public_key,
                                                   HR_KEM_PUBLIC_BYTES);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool good = context && EVP_PKEY_encapsulate_init(context, NULL) == 1 &&
                EVP_PKEY_encapsulate(context, cipher, &cipher_size, secret, &secret_size) == 1 &&
                cipher_size == HR_KEM_CIPHER_BYTES && secret_size == HR_KEM_SECRET_BYTES;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good ? 0 : -EBADMSG;
}

int hr_kem_decapsulate(const struct hr_kem *kem, const uint8_t *cipher, uint8_t *secret)
{
    size_t size = HR_KEM_SECRET_BYTES;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, kem->key, NULL);
    bool good = context && EVP_PKEY_decapsulate_init(context, NULL) == 1 &&
                EVP_PKEY_decapsulate(context, secret, &size, cipher, HR_KEM_CIPHER_BYTES) == 1 &&
                size == HR_KEM_SECRET_BYTES;

    EVP_PKEY_CTX_free(context);
    return good ? 0 : -EBADMSG;
}

void hr_kem_free(struct hr_kem *kem)
{
    if (kem) {
        EVP_PKEY_free(kem->key); /* wipes it */
        free(kem);
    }
}

/* ---- digests and keys from them ----------------------------------------------------- */

struct hr_digest {
    EVP_MD_CTX *context;
};

int hr_digest_new(struct hr_digest **digest)
{
    int rc = hr_crypto_available();

    *digest = rc ? NULL : malloc(sizeof(**digest));
    if (!*digest) {
        return rc ? rc : hr_fail(ENOMEM, "no memory for a digest");
    }
    (*digest)->context = EVP_MD_CTX_new();
    if (!(*digest)->context ||
        EVP_DigestInit_ex2((*digest)->context, algorithms.sha384, NULL) != 1) {
        hr_digest_free(*digest);
        *digest = NULL;
        return hr_fail(EIO, "OpenSSL begins no SHA-384");
    }
    return 0;
}

int hr_digest_add(struct hr_digest *digest, const void *bytes, size_t size)
{
    return EVP_DigestUpdate(digest->context, bytes, size) == 1 ? 0 : -EIO;
}

int hr_digest_value(const struct hr_digest *digest, uint8_t *value)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned size = HR_DIGEST_BYTES;
    bool good = copy && EVP_MD_CTX_copy_ex(copy, digest->context) == 1 &&
                EVP_DigestFinal_ex(copy, value, &size) == 1;

    EVP_MD_CTX_free(copy);
    return good ? 0 : hr_fail(EIO, "OpenSSL ends no SHA-384");
}

void hr_digest_free(struct hr_digest *digest)
{
    if (digest) {
        EVP_MD_CTX_free(digest->context);
        free(digest);
    }
}

static OSSL_PARAM octets(const char *name, const void *bytes, size_t size)
{
    union { /* OSSL_PARAM serves both ways; here it is only read */
        const void *in;
        void *out;
    } at = {.in = bytes};

    return OSSL_PARAM_construct_octet_string(name, at.out, size);
}

static int hkdf(int mode, const void *key, size_t key_size, const OSSL_PARAM *more, void *out,
                size_t size)
{
    OSSL_PARAM params[5];
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(algorithms.hkdf);
    char digest[] = "SHA2-384";
    bool good;

    params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[2] = octets(OSSL_KDF_PARAM_KEY, key, key_size);
    params[3] = *more;
    params[4] = OSSL_PARAM_construct_end();
    good = context && EVP_KDF_derive(context, out, size, params) == 1;
    EVP_KDF_CTX_free(context);
    return good ? 0 : hr_fail(EIO, "OpenSSL derives no key");
}

int hr_hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t size,
                    uint8_t *key)
{
    OSSL_PARAM more = octets(OSSL_KDF_PARAM_SALT, salt, salt_size);

    return hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, secret, size, &more, key, HR_DIGEST_BYTES);
}

int hr_hkdf_expand(const uint8_t *key, const void *info, size_t info_size, void *out, size_t size)
{
    OSSL_PARAM more = octets(OSSL_KDF_PARAM_INFO, info, info_size);

    return hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, key, HR_DIGEST_BYTES, &more, out, size);
}

int hr_mac(const uint8_t *key, const void *bytes, size_t size, uint8_t *mac)
{
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(algorithms.hmac);
    char digest[] = "SHA2-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    size_t made = 0;
    bool good = context && EVP_MAC_init(context, key, HR_MAC_BYTES, params) == 1 &&
                EVP_MAC_update(context, bytes, size) == 1 &&
                EVP_MAC_final(context, mac, &made, HR_MAC_BYTES) == 1 && made == HR_MAC_BYTES;

    EVP_MAC_CTX_free(context);
    return good ? 0 : hr_fail(EIO, "OpenSSL makes no HMAC");
}

/* ---- records ------------------------------------------------------------------------- */

struct hr_aead {
    EVP_CIPHER_CTX *context;
    bool seals;
};

int hr_aead_new(struct hr_aead **aead, bool seals)
{
    int rc = hr_crypto_available();

    *aead = rc ? NULL : malloc(sizeof(**aead));
    if (!*aead) {
        return rc ? rc : hr_fail(ENOMEM, "no memory for a cipher");
    }
    (*aead)->seals = seals;
    (*aead)->context = EVP_CIPHER_CTX_new();
    if (!(*aead)->context || EVP_CipherInit_ex2((*aead)->context, algorithms.aes, NULL, NULL,
                                                seals ? 1 : 0, NULL) != 1) {
        hr_aead_free(*aead);
        *aead = NULL;
        return hr_fail(EIO, "OpenSSL begins no AES-256-GCM");
    }
    return 0;
}

int hr_aead_key(struct hr_aead *aead, const uint8_t *key)
{
    return EVP_CipherInit_ex2(aead->context, NULL, key, NULL, aead->seals ? 1 : 0, NULL) == 1
               ? 0
               : hr_fail(EIO, "OpenSSL takes no key");
}

int hr_aead_seal(struct hr_aead *aead, const uint8_t *nonce, const void *header, size_t header_size,
                 const void *in, size_t size, uint8_t *out)
{
    int n;

    if (EVP_EncryptInit_ex2(aead->context, NULL, NULL, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(aead->context, NULL, &n, header, (int)header_size) != 1 ||
        (size && EVP_EncryptUpdate(aead->context, out, &n, in, (int)size) != 1) ||
        EVP_EncryptFinal_ex(aead->context, out + size, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(aead->context, EVP_CTRL_AEAD_GET_TAG, HR_AEAD_TAG_BYTES, out + size) !=
            1) {
        return hr_fail(EIO, "OpenSSL seals no record");
    }
    return 0;
}

int hr_aead_open(struct hr_aead *aead, const uint8_t *nonce, const void *header, size_t header_size,
                 const uint8_t *in, size_t size, void *out)
{
    uint8_t tag[HR_AEAD_TAG_BYTES], none;
    uint8_t *plain = out;
    int n;

    if (size < HR_AEAD_TAG_BYTES) {
        return -EBADMSG;
    }
    size -= HR_AEAD_TAG_BYTES;
    memcpy(tag, in + size, sizeof(tag));
    if (EVP_DecryptInit_ex2(aead->context, NULL, NULL, nonce, NULL) != 1 ||
        EVP_DecryptUpdate(aead->context, NULL, &n, header, (int)header_size) != 1 ||
        (size && EVP_DecryptUpdate(aead->context, plain, &n, in, (int)size) != 1) ||
        EVP_CIPHER_CTX_ctrl(aead->context, EVP_CTRL_AEAD_SET_TAG, HR_AEAD_TAG_BYTES, tag) != 1 ||
        EVP_DecryptFinal_ex(aead->context, size ? plain + size : &none, &n) != 1) {
        return -EBADMSG;
    }
    return 0;
}

void hr_aead_free(struct hr_aead *aead)
{
    if (aead) {
        EVP_CIPHER_CTX_free(aead->context); /* wipes the key */
        free(aead);
    }
}

#else

int hr_crypto_available(void)
{
    return hr_fail(ENOTSUP, "built without OpenSSL 3.5 or later: `scripts/bootstrap` brings one, "
                            "then build again");
}

const char *hr_crypto_version(void)
{
    return "";
}

const char *hr_crypto_processor(void)
{
    return "";
}

int hr_crypto_random(void *bytes, size_t size)
{
    (void)bytes, (void)size;
    return hr_crypto_available();
}

void hr_crypto_wipe(void *bytes, size_t size)
{
    memset(bytes, 0, size);
}

bool hr_crypto_equal(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

int hr_kem_new(struct hr_kem **kem, uint8_t *public_key)
{
    (void)public_key;
    *kem = NULL;
    return hr_crypto_available();
}

int hr_kem_import(struct hr_kem **kem, const uint8_t *private_key)
{
    (void)private_key;
    *kem = NULL;
    return hr_crypto_available();
}

int hr_kem_encapsulate(const uint8_t *public_key, uint8_t *cipher, uint8_t *secret)
{
    (void)public_key, (void)cipher, (void)secret;
    return hr_crypto_available();
}

int hr_kem_decapsulate(const struct hr_kem *kem, const uint8_t *cipher, uint8_t *secret)
{
    (void)kem, (void)cipher, (void)secret;
    return hr_crypto_available();
}

void hr_kem_free(struct hr_kem *kem)
{
    (void)kem;
}

int hr_digest_new(struct hr_digest **digest)
{
    *digest = NULL;
    return hr_crypto_available();
}

int hr_digest_add(struct hr_digest *digest, const void *bytes, size_t size)
{
    (void)digest, (void)bytes, (void)size;
    return hr_crypto_available();
}

int hr_digest_value(const struct hr_digest *digest, uint8_t *value)
{
    (void)digest, (void)value;
    return hr_crypto_available();
}

void hr_digest_free(struct hr_digest *digest)
{
    (void)digest;
}

int hr_hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t size,
                    uint8_t *key)
{
    (void)salt, (void)salt_size, (void)secret, (void)size, (void)key;
    return hr_crypto_available();
}

int hr_hkdf_expand(const uint8_t *key, const void *info, size_t info_size, void *out, size_t size)
{
    (void)key, (void)info, (void)info_size, (void)out, (void)size;
    return hr_crypto_available();
}

int hr_mac(const uint8_t *key, const void *bytes, size_t size, uint8_t *mac)
{
    (void)key, (void)bytes, (void)size, (void)mac;
    return hr_crypto_available();
}

int hr_aead_new(struct hr_aead **aead, bool seals)
{
    (void)seals;
    *aead = NULL;
    return hr_crypto_available();
}

int hr_aead_key(struct hr_aead *aead, const uint8_t *key)
{
    (void)aead, (void)key;
    return hr_crypto_available();
}

int hr_aead_seal(struct hr_aead *aead, const uint8_t *nonce, const void *header, size_t header_size,
                 const void *in, size_t size, uint8_t *out)
{
    (void)aead, (void)nonce, (void)header, (void)header_size, (void)in, (void)size, (void)out;
    return hr_crypto_available();
}

int hr_aead_open(struct hr_aead *aead, const uint8_t *nonce, const void *header, size_t header_size,
                 const uint8_t *in, size_t size, void *out)
{
    (void)aead, (void)nonce, (void)header, (void)header_size, (void)in, (void)size, (void)out;
    return hr_crypto_available();
}

void hr_aead_free(struct hr_aead *aead)
{
    (void)aead;
}

#endif
