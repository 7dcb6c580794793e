/* sha256.h - SHA-256 (FIPS 180-4), for the identity of a flow, the manifest of a run, and the state
 * tree. */
#ifndef HR_SHA256_H
#define HR_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct hr_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};
void hr_sha256_init(struct hr_sha256 *s);
void hr_sha256_update(struct hr_sha256 *s, const void *data, size_t bytes);
void hr_sha256_final(struct hr_sha256 *s, uint8_t hash[32]); /* finishes s */
void hr_sha256_hex(struct hr_sha256 *s, char hex[65]); /* finishes s */

/* One step without the processor's SHA instructions: what others must equal (for tests). */
void hr_sha256_blocks_plain(uint32_t state[8], const uint8_t *data, size_t blocks);

#endif
