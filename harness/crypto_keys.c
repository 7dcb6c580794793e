/*
 * crypto_keys.c - who signed this? ML-DSA-65 keys: made, read, written, signed and verified with.
 *
 * Keys are standard PEM, so that the openssl tool reads and makes them too. What it cannot see is
 * whom a key belongs to: keys are pinned, by fingerprint, by those who exchanged them.
 */
#include "harness/crypto.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>

#if HR_HAVE_OPENSSL

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdlib.h>

#define ALGORITHM "ML-DSA-65"
#define CONTEXT_MAX 255u /* FIPS 204 */

struct hr_sign_key {
    EVP_PKEY *key;
};

struct hr_verify_key {
    EVP_PKEY *key;
};

static EVP_SIGNATURE *scheme;
static pthread_once_t scheme_once = PTHREAD_ONCE_INIT;

static void fetch_scheme(void)
{
    scheme = hr_crypto_available() ? NULL : EVP_SIGNATURE_fetch(NULL, ALGORITHM, NULL);
}

/* A context that signs or verifies for FIPS 204's context string; NULL: not to be had. */
static EVP_PKEY_CTX *use(EVP_PKEY *key, const void *context, size_t size, bool signs)
{
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    uint8_t copy[CONTEXT_MAX];
    OSSL_PARAM params[2];

    size = size < sizeof(copy) ? size : sizeof(copy);
    memcpy(copy, context, size);
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING, copy, size);
    params[1] = OSSL_PARAM_construct_end();
    pthread_once(&scheme_once, fetch_scheme);
    if (!made || !scheme ||
        (signs ? EVP_PKEY_sign_message_init(made, scheme, params)
               : EVP_PKEY_verify_message_init(made, scheme, params)) != 1) {
        EVP_PKEY_CTX_free(made);
        return NULL;
    }
    return made;
}

/* ---- private keys -------------------------------------------------------------------- */

static int keep_sign_key(struct hr_sign_key **kept, EVP_PKEY *key)
{
    *kept = malloc(sizeof(**kept));
    if (!*kept) {
        EVP_PKEY_free(key);
        return hr_fail(ENOMEM, "no memory for a key");
    }
    (*kept)->key = key;
    return 0;
}

int hr_sign_key_new(struct hr_sign_key **key)
{
    int rc = hr_crypto_available();
    EVP_PKEY *made;

    *key = NULL;
    if (rc) {
        return rc;
    }
    made = EVP_PKEY_Q_keygen(NULL, NULL, ALGORITHM);
    return made ? keep_sign_key(key, made) : hr_fail(EIO, "OpenSSL makes no " ALGORITHM " key");
}

int hr_sign_key_from_seed(struct hr_sign_key **key, const uint8_t *seed)
{
    uint8_t copy[HR_SIGN_SEED_BYTES];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, copy, sizeof(copy)),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *context;
    EVP_PKEY *made = NULL;
    int rc = hr_crypto_available();

    *key = NULL;
    if (rc) {
        return rc;
    }
    memcpy(copy, seed, sizeof(copy));
    context = EVP_PKEY_CTX_new_from_name(NULL, ALGORITHM, NULL);
    if (context && EVP_PKEY_keygen_init(context) == 1 &&
        EVP_PKEY_CTX_set_params(context, params) == 1) {
        (void)EVP_PKEY_generate(context, &made);
    }
    EVP_PKEY_CTX_free(context);
    hr_crypto_wipe(copy, sizeof(copy));
    return made ? keep_sign_key(key, made) : hr_fail(EIO, "OpenSSL makes no " ALGORITHM " key");
}

static int no_passphrase(char *text, int size, int writes, void *context)
{
    (void)text, (void)size, (void)writes, (void)context;
    return -1;
}

int hr_sign_key_read(struct hr_sign_key **key, const char *pem, size_t size)
{
    BIO *in = hr_crypto_available() ? NULL : BIO_new_mem_buf(pem, (int)size);
    EVP_PKEY *read = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;

    *key = NULL;
    BIO_free(in);
    if (!in) {
        return hr_crypto_available();
    }
    if (!read || !EVP_PKEY_is_a(read, ALGORITHM)) {
        EVP_PKEY_free(read);
        return hr_fail(EINVAL, "no " ALGORITHM " private key without a passphrase");
    }
    return keep_sign_key(key, read);
}

/* What is in the BIO, to pem; it is a private key's, so the BIO is wiped. */
static int take_text(BIO *out, bool written, char *pem, size_t *size)
{
    char *text;
    long length = out ? BIO_get_mem_data(out, &text) : 0;
    bool good = written && length > 0 && (size_t)length < HR_PEM_MAX;

    if (good) {
        memcpy(pem, text, (size_t)length);
        pem[length] = '\0';
        *size = (size_t)length;
    }
    if (length > 0) {
        hr_crypto_wipe(text, (size_t)length);
    }
    BIO_free(out);
    return good ? 0 : hr_fail(EIO, "OpenSSL writes no " ALGORITHM " key");
}

int hr_sign_key_write(const struct hr_sign_key *key, char *pem, size_t *size)
{
    BIO *out = BIO_new(BIO_s_mem());

    return take_text(out,
                     out && PEM_write_bio_PrivateKey(out, key->key, NULL, NULL, 0, NULL, NULL) == 1,
                     pem, size);
}

static void raw_public(const EVP_PKEY *key, uint8_t *public_key)
{
    size_t size = HR_VERIFY_KEY_BYTES;

    if (EVP_PKEY_get_raw_public_key(key, public_key, &size) != 1 || size != HR_VERIFY_KEY_BYTES) {
        memset(public_key, 0, HR_VERIFY_KEY_BYTES); /* no key's: nothing verifies against it */
    }
}

void hr_sign_key_public(const struct hr_sign_key *key, uint8_t *public_key)
{
    raw_public(key->key, public_key);
}

void hr_sign_key_free(struct hr_sign_key *key)
{
    if (key) {
        EVP_PKEY_free(key->key); /* wipes it */
        free(key);
    }
}

int hr_sign(const struct hr_sign_key *key, const void *context, size_t context_size,
            const void *message, size_t size, uint8_t *signature)
{
    EVP_PKEY_CTX *signer = use(key->key, context, context_size, true);
    size_t made = HR_SIGNATURE_BYTES;
    bool good = signer && EVP_PKEY_sign(signer, signature, &made, message, size) == 1 &&
                made == HR_SIGNATURE_BYTES;

    EVP_PKEY_CTX_free(signer);
    return good ? 0 : hr_fail(EIO, "OpenSSL signs nothing with this key");
}

/* ---- public keys ---------------------------------------------------------------------- */

static int keep_verify_key(struct hr_verify_key **kept, EVP_PKEY *key)
{
    *kept = malloc(sizeof(**kept));
    if (!*kept) {
        EVP_PKEY_free(key);
        return hr_fail(ENOMEM, "no memory for a key");
    }
    (*kept)->key = key;
    return 0;
}

int hr_verify_key_new(struct hr_verify_key **key, const uint8_t *public_key)
{
    int rc = hr_crypto_available();
    EVP_PKEY *made =
        rc ? NULL
           : EVP_PKEY_new_raw_public_key_ex(NULL, ALGORITHM, NULL, public_key, HR_VERIFY_KEY_BYTES);

    *key = NULL;
    return rc ? rc : made ? keep_verify_key(key, made) : -EBADMSG;
}

int hr_verify_key_read(struct hr_verify_key **key, const char *pem, size_t size)
{
    BIO *in = hr_crypto_available() ? NULL : BIO_new_mem_buf(pem, (int)size);
    EVP_PKEY *read = in ? PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL) : NULL;

    *key = NULL;
    BIO_free(in);
    if (!in) {
        return hr_crypto_available();
    }
    if (!read || !EVP_PKEY_is_a(read, ALGORITHM)) {
        EVP_PKEY_free(read);
        return hr_fail(EINVAL, "no " ALGORITHM " public key");
    }
    return keep_verify_key(key, read);
}

int hr_verify_key_write(const uint8_t *public_key, char *pem, size_t *size)
{
    struct hr_verify_key *key;
    int rc = hr_verify_key_new(&key, public_key);
    BIO *out;

    if (rc) {
        return rc;
    }
    out = BIO_new(BIO_s_mem());
    rc = take_text(out, out && PEM_write_bio_PUBKEY(out, key->key) == 1, pem, size);
    hr_verify_key_free(key);
    return rc;
}

void hr_verify_key_public(const struct hr_verify_key *key, uint8_t *public_key)
{
    raw_public(key->key, public_key);
}

void hr_verify_key_free(struct hr_verify_key *key)
{
    if (key) {
        EVP_PKEY_free(key->key);
        free(key);
    }
}

int hr_verify(const struct hr_verify_key *key, const void *context, size_t context_size,
              const void *message, size_t size, const uint8_t *signature)
{
    EVP_PKEY_CTX *verifier = use(key->key, context, context_size, false);
    bool good =
        verifier && EVP_PKEY_verify(verifier, signature, HR_SIGNATURE_BYTES, message, size) == 1;

    EVP_PKEY_CTX_free(verifier);
    return good ? 0 : -EBADMSG;
}

#else

int hr_sign_key_new(struct hr_sign_key **key)
{
    *key = NULL;
    return hr_crypto_available();
}

int hr_sign_key_from_seed(struct hr_sign_key **key, const uint8_t *seed)
{
    (void)seed;
    *key = NULL;
    return hr_crypto_available();
}

int hr_sign_key_read(struct hr_sign_key **key, const char *pem, size_t size)
{
    (void)pem, (void)size;
    *key = NULL;
    return hr_crypto_available();
}

int hr_sign_key_write(const struct hr_sign_key *key, char *pem, size_t *size)
{
    (void)key, (void)pem, (void)size;
    return hr_crypto_available();
}

void hr_sign_key_public(const struct hr_sign_key *key, uint8_t *public_key)
{
    (void)key, (void)public_key;
}

void hr_sign_key_free(struct hr_sign_key *key)
{
    (void)key;
}

int hr_sign(const struct hr_sign_key *key, const void *context, size_t context_size,
            const void *message, size_t size, uint8_t *signature)
{
    (void)key, (void)context, (void)context_size, (void)message, (void)size, (void)signature;
    return hr_crypto_available();
}

int hr_verify_key_new(struct hr_verify_key **key, const uint8_t *public_key)
{
    (void)public_key;
    *key = NULL;
    return hr_crypto_available();
}

int hr_verify_key_read(struct hr_verify_key **key, const char *pem, size_t size)
{
    (void)pem, (void)size;
    *key = NULL;
    return hr_crypto_available();
}

int hr_verify_key_write(const uint8_t *public_key, char *pem, size_t *size)
{
    (void)public_key, (void)pem, (void)size;
    return hr_crypto_available();
}

void hr_verify_key_public(const struct hr_verify_key *key, uint8_t *public_key)
{
    (void)key, (void)public_key;
}

void hr_verify_key_free(struct hr_verify_key *key)
{
    (void)key;
}

int hr_verify(const struct hr_verify_key *key, const void *context, size_t context_size,
              const void *message, size_t size, const uint8_t *signature)
{
    (void)key, (void)context, (void)context_size, (void)message, (void)size, (void)signature;
    return hr_crypto_available();
}

#endif
