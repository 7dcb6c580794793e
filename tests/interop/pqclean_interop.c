/* pqclean_interop.c - do our algorithms agree with somebody else's code for them? PQClean's plain C
 * of ML-KEM-768 and ML-DSA-65, written by others from the standards, on the other side of each.
 * Built and run by tests/cli/interop_cli.sh; says what disagreed and exits 1. */
#include "harness/crypto.h"

#include "crypto_kem/ml-kem-768/clean/api.h"
#include "crypto_sign/ml-dsa-65/clean/api.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 20
#define KEM_PUBLIC 1184u
#define KEM_CIPHER 1088u

static int disagreed;

static void agree(int is, const char *what)
{
    if (!is) {
        printf("disagreed: %s\n", what);
        disagreed = 1;
    }
}

static void key_agreement(void)
{
    static uint8_t share[HR_KEM_PUBLIC_BYTES], cipher[HR_KEM_CIPHER_BYTES], own[2400];
    uint8_t secret[HR_KEM_SECRET_BYTES], other[32];
    struct hr_kem *kem;

    /* Theirs encapsulates to ours; the X25519 half is any point: its base. */
    agree(hr_kem_new(&kem, share) == 0, "a share");
    memset(cipher, 0, sizeof(cipher));
    cipher[KEM_CIPHER] = 9;
    PQCLEAN_MLKEM768_CLEAN_crypto_kem_enc(cipher, other, share);
    agree(hr_kem_decapsulate(kem, cipher, secret) == 0 && memcmp(secret, other, 32) == 0,
          "what they encapsulate and we decapsulate");
    cipher[5] ^= 1; /* rejected implicitly: a secret all the same, and another */
    agree(hr_kem_decapsulate(kem, cipher, secret) == 0 && memcmp(secret, other, 32) != 0,
          "a changed cipher");
    hr_kem_free(kem);
    /* Ours encapsulates to theirs. */
    memset(share, 0, sizeof(share));
    share[KEM_PUBLIC] = 9;
    PQCLEAN_MLKEM768_CLEAN_crypto_kem_keypair(share, own);
    agree(hr_kem_encapsulate(share, cipher, secret) == 0, "their share");
    PQCLEAN_MLKEM768_CLEAN_crypto_kem_dec(other, cipher, own);
    agree(memcmp(secret, other, 32) == 0, "what we encapsulate and they decapsulate");
}

static void signatures(void)
{
    static const uint8_t context[] = "headroom interop", text[] = "sell 100 at 101";
    static uint8_t public_key[HR_VERIFY_KEY_BYTES], own[4032], signature[HR_SIGNATURE_BYTES];
    struct hr_verify_key *verify;
    struct hr_sign_key *key;
    size_t size;

    agree(hr_sign_key_new(&key) == 0, "a key");
    hr_sign_key_public(key, public_key);
    agree(hr_sign(key, context, sizeof(context), text, sizeof(text), signature) == 0, "signing");
    agree(PQCLEAN_MLDSA65_CLEAN_crypto_sign_verify_ctx(signature, sizeof(signature), text,
                                                       sizeof(text), context, sizeof(context),
                                                       public_key) == 0,
          "what we sign and they verify");
    agree(PQCLEAN_MLDSA65_CLEAN_crypto_sign_verify_ctx(signature, sizeof(signature), text,
                                                       sizeof(text), context, 3, public_key) != 0,
          "another context");
    hr_sign_key_free(key);
    PQCLEAN_MLDSA65_CLEAN_crypto_sign_keypair(public_key, own);
    PQCLEAN_MLDSA65_CLEAN_crypto_sign_signature_ctx(signature, &size, text, sizeof(text), context,
                                                    sizeof(context), own);
    agree(hr_verify_key_new(&verify, public_key) == 0, "their key");
    agree(hr_verify(verify, context, sizeof(context), text, sizeof(text), signature) == 0,
          "what they sign and we verify");
    signature[100] ^= 1;
    agree(hr_verify(verify, context, sizeof(context), text, sizeof(text), signature) != 0,
          "a changed signature");
    hr_verify_key_free(verify);
}

int main(void)
{
    for (int i = 0; i < ROUNDS && !disagreed; i++) {
        key_agreement();
        signatures();
    }
    return disagreed;
}
