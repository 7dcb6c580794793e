/*
 * crc32c.c - are these the bytes that were written?
 *
 * Eight bytes a step by SSE 4.2 or ARMv8's CRC instructions, else by eight tables. It cannot see a
 * forgery: who can write the bytes can write the sum.
 */
#include "harness/ledger/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#define POLYNOMIAL 0x82F63B78u /* bits reversed */

static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* One bit further from the end. */
static uint32_t step(uint32_t sum)
{
    return (sum >> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
}

static void make_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;

        for (int bit = 0; bit < 8; bit++) {
            sum = step(sum);
        }
        table[0][i] = sum;
    }
    for (int k = 1; k < 8; k++) {
        for (int i = 0; i < 256; i++) {
            table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xff];
        }
    }
}

uint32_t hr_crc32c_plain(uint32_t sum, const void *data, size_t bytes)
{
    const uint8_t *at = data;

    pthread_once(&once, make_tables);
    sum = ~sum;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        word ^= sum;
        sum = 0;
        for (int k = 0; k < 8; k++) {
            sum ^= table[7 - k][(word >> (8 * k)) & 0xff];
        }
    }
    for (; bytes; bytes--, at++) {
        sum = table[0][(sum ^ *at) & 0xff] ^ (sum >> 8);
    }
    return ~sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t sum, const uint8_t *at,
                                                                 size_t bytes)
{
    uint64_t wide = ~sum;

    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        wide = _mm_crc32_u64(wide, word);
    }
    sum = (uint32_t)wide;
    for (; bytes; bytes--, at++) {
        sum = _mm_crc32_u8(sum, *at);
    }
    return ~sum;
}

static bool has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}
#elif defined(__ARM_FEATURE_CRC32)
static uint32_t by_instruction(uint32_t sum, const uint8_t *at, size_t bytes)
{
    sum = ~sum;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        sum = __crc32cd(sum, word);
    }
    for (; bytes; bytes--, at++) {
        sum = __crc32cb(sum, *at);
    }
    return ~sum;
}

static bool has_instruction(void)
{
    return true;
}
#else
static uint32_t by_instruction(uint32_t sum, const uint8_t *at, size_t bytes)
{
    return hr_crc32c_plain(sum, at, bytes);
}

static bool has_instruction(void)
{
    return false;
}
#endif

uint32_t hr_crc32c(uint32_t sum, const void *data, size_t bytes)
{
    return has_instruction() ? by_instruction(sum, data, bytes) : hr_crc32c_plain(sum, data, bytes);
}

int64_t hr_crc32c_flipped(uint32_t right, const void *data, size_t bytes)
{
    uint32_t difference = right ^ hr_crc32c(0, data, bytes), sum = POLYNOMIAL;

    /* The sum is linear: a flipped bit changes it by what that bit alone would give, whatever the
     * others are. From the last bit, the top one of the last byte, to the first. */
    for (size_t i = bytes; difference && i > 0; i--) {
        for (int bit = 7; bit >= 0; bit--, sum = step(sum)) {
            if (sum == difference) {
                return (int64_t)(i - 1) * 8 + bit;
            }
        }
    }
    return -1;
}
