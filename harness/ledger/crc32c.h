/*
 * crc32c.h - CRC-32C (Castagnoli; RFC 3720, appendix B.4), by the processor's instruction where
 * there is one: 0xE3069283 for "123456789".
 *
 * Two texts whose sums differ by what one flipped bit does, differ in one bit or in many: a length
 * of up to 2^31 bits has no two bits that do the same.
 */
#ifndef HR_CRC32C_H
#define HR_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* sum: 0, or that of what came before. */
uint32_t hr_crc32c(uint32_t sum, const void *data, size_t bytes);

/* The same by table: what the instruction must equal (for tests). */
uint32_t hr_crc32c_plain(uint32_t sum, const void *data, size_t bytes);

/* Which bit of the data, if it was one, was flipped since `right` was its sum? Bit b of byte n is
 * 8 n + b; -1 if it was not one bit, or none. */
int64_t hr_crc32c_flipped(uint32_t right, const void *data, size_t bytes);

#endif
