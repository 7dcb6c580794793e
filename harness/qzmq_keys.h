/*
 * qzmq_keys.h - ML-DSA-65 keys in files: NAME.key to keep, NAME.pub to give away.
 *
 * Both are PEM, as the openssl tool writes them. A private file that others can read is refused, as
 * ssh does: whoever can read it can trade in its owner's name. Errors: -errno with one line that
 * names the file and the mend; -ENOTSUP in a build without OpenSSL.
 */
#ifndef HR_QZMQ_KEYS_H
#define HR_QZMQ_KEYS_H

#include "harness/qzmq.h"

#define HR_FINGERPRINT_TEXT_MAX (2 * HR_QZMQ_FINGERPRINT_BYTES + 1)

/* A new pair in NAME.key (0600) and NAME.pub; neither may be there. A pair that could not be
 * written whole is not there afterwards. */
int hr_qzmq_keys_make(const char *name, uint8_t *public_key);
/* To be freed with hr_sign_key_free(). */
int hr_qzmq_keys_private(const char *file, struct hr_sign_key **key);
int hr_qzmq_keys_public(const char *file, uint8_t *public_key);
/* The public key of either kind of file. */
int hr_qzmq_keys_any(const char *file, uint8_t *public_key);
/* In hex, ended by '\0'. */
void hr_fingerprint_text(const uint8_t *public_key, char *text);

#endif
