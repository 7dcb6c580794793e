/*
 * crypto.h - the few pieces of cryptography that sealing needs, from OpenSSL 3.5 or later.
 *
 * Only crypto.c and crypto_keys.c see OpenSSL, and it only through EVP. A build without it has the
 * same functions: hr_crypto_available() says why not, and every other one fails. There is no other
 * implementation to fall back to, weaker or not.
 *
 *   key agreement  X25519MLKEM768: ML-KEM-768 (FIPS 203) and X25519 (RFC 7748) at once; the secret
 *                  holds as long as either does (draft-ietf-tls-ecdhe-mlkem)
 *   signatures     ML-DSA-65 (FIPS 204), hedged: the signer's randomness only hardens it
 *   records        AES-256-GCM (SP 800-38D), 96-bit nonces that the caller never repeats for a key
 *   derivation     HKDF with SHA-384 (RFC 5869); cookies: HMAC with SHA-256 (FIPS 198)
 *
 * Errors: 0 or -errno with hr_fail's text; what comes off a wire and is refused is -EBADMSG without
 * a text, which is the caller's to find. Threads: keys may be used by several threads at once,
 * everything else by one at a time. Buffers are the caller's, of exactly the size that is named.
 */
#ifndef HR_CRYPTO_H
#define HR_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_KEM_PUBLIC_BYTES 1216u  /* 1184 of ML-KEM-768, 32 of X25519 */
#define HR_KEM_PRIVATE_BYTES 2432u /* 2400, 32 */
#define HR_KEM_CIPHER_BYTES 1120u  /* 1088, 32 */
#define HR_KEM_SECRET_BYTES 64u    /* 32, 32 */
#define HR_VERIFY_KEY_BYTES 1952u
#define HR_SIGN_SEED_BYTES 32u
#define HR_SIGNATURE_BYTES 3309u
#define HR_DIGEST_BYTES 48u
#define HR_MAC_BYTES 32u
#define HR_AEAD_KEY_BYTES 32u
#define HR_AEAD_NONCE_BYTES 12u
#define HR_AEAD_TAG_BYTES 16u
#define HR_PEM_MAX 16384u

/* 0, or -ENOTSUP with the reason: built without, or the library found at run time is too old. */
int hr_crypto_available(void);
/* "OpenSSL 3.5.7 9 Jun 2026", "" if there is none: of the library that runs. */
const char *hr_crypto_version(void);
/* How this processor does AES-GCM, as the library sees it: "VAES", "AES-NI", "ARMv8", "plain", or
 * "" if not told. Masks given in OPENSSL_ia32cap are respected. */
const char *hr_crypto_processor(void);

int hr_crypto_random(void *bytes, size_t size);
void hr_crypto_wipe(void *bytes, size_t size);                   /* is never optimised away */
bool hr_crypto_equal(const void *a, const void *b, size_t size); /* in a time that tells nothing */

/* ---- key agreement ---- */
struct hr_kem; /* a private key that is used once */
int hr_kem_new(struct hr_kem **kem, uint8_t *public_key);
/* From its bytes, for known answers. */
int hr_kem_import(struct hr_kem **kem, const uint8_t *private_key);
/* -EBADMSG if public_key is none. */
int hr_kem_encapsulate(const uint8_t *public_key, uint8_t *cipher, uint8_t *secret);
/* A changed ML-KEM cipher gives another secret and no error (FIPS 203, implicit rejection);
 * -EBADMSG for an X25519 share of small order. */
int hr_kem_decapsulate(const struct hr_kem *kem, const uint8_t *cipher, uint8_t *secret);
void hr_kem_free(struct hr_kem *kem); /* wipes; accepts NULL */

/* ---- signatures ---- */
struct hr_sign_key;   /* private */
struct hr_verify_key; /* public */
int hr_sign_key_new(struct hr_sign_key **key);
int hr_sign_key_from_seed(struct hr_sign_key **key, const uint8_t *seed);
/* From PEM text (PKCS #8), as `openssl genpkey -algorithm ML-DSA-65` writes it. Locked with a
 * passphrase: -EINVAL. */
int hr_sign_key_read(struct hr_sign_key **key, const char *pem, size_t size);
int hr_sign_key_write(const struct hr_sign_key *key, char *pem, size_t *size); /* HR_PEM_MAX */
void hr_sign_key_public(const struct hr_sign_key *key, uint8_t *public_key);
void hr_sign_key_free(struct hr_sign_key *key);
/* context: FIPS 204's, at most 255 bytes: keeps a signature for one use from serving another. */
int hr_sign(const struct hr_sign_key *key, const void *context, size_t context_size,
            const void *message, size_t size, uint8_t *signature);
/* -EBADMSG if the bytes are no key. */
int hr_verify_key_new(struct hr_verify_key **key, const uint8_t *public_key);
int hr_verify_key_read(struct hr_verify_key **key, const char *pem, size_t size);
int hr_verify_key_write(const uint8_t *public_key, char *pem, size_t *size); /* HR_PEM_MAX */
void hr_verify_key_public(const struct hr_verify_key *key, uint8_t *public_key);
void hr_verify_key_free(struct hr_verify_key *key);
/* 0, or -EBADMSG: not this key's, or of another message or context. */
int hr_verify(const struct hr_verify_key *key, const void *context, size_t context_size,
              const void *message, size_t size, const uint8_t *signature);

/* ---- digests and keys from them ---- */
struct hr_digest; /* SHA-384 of what was added so far; can be asked in between */
int hr_digest_new(struct hr_digest **digest);
int hr_digest_add(struct hr_digest *digest, const void *bytes, size_t size);
int hr_digest_value(const struct hr_digest *digest, uint8_t *value);
void hr_digest_free(struct hr_digest *digest);

int hr_hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t size,
                    uint8_t *key); /* HR_DIGEST_BYTES */
int hr_hkdf_expand(const uint8_t *key, const void *info, size_t info_size, void *out, size_t size);
int hr_mac(const uint8_t *key, const void *bytes, size_t size,
           uint8_t *mac); /* key: HR_MAC_BYTES */

/* ---- records ---- */
struct hr_aead; /* one key, one direction */
int hr_aead_new(struct hr_aead **aead, bool seals);
int hr_aead_key(struct hr_aead *aead, const uint8_t *key); /* takes the place of the key before */
/* out: size + HR_AEAD_TAG_BYTES; may be in. */
int hr_aead_seal(struct hr_aead *aead, const uint8_t *nonce, const void *header, size_t header_size,
                 const void *in, size_t size, uint8_t *out);
/* size: with the tag. out: size - HR_AEAD_TAG_BYTES; may be in; holds nothing to be used unless 0
 * is returned; -EBADMSG. */
int hr_aead_open(struct hr_aead *aead, const uint8_t *nonce, const void *header, size_t header_size,
                 const uint8_t *in, size_t size, void *out);
void hr_aead_free(struct hr_aead *aead);

#endif
