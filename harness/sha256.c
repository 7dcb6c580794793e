/* sha256.c - which bytes are these? SHA-256 as FIPS 180-4 defines it, with the processor's SHA
 * instructions where it has them (asked once, at run time), else in plain C. Not constant-time:
 * nothing secret is hashed here. */
#include "harness/sha256.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define HAVE_SHA_STEPS 1
#elif defined(__aarch64__) && (defined(__ARM_FEATURE_SHA2) || !defined(__clang__))
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#define HAVE_SHA_STEPS 1
#else
#define HAVE_SHA_STEPS 0
#endif

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

void hr_sha256_blocks_plain(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    for (; blocks; blocks--, data += 64) {
        uint32_t w[64], s[8];

        for (int i = 0; i < 16; i++) {
            w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
                   (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
        }
        for (int i = 16; i < 64; i++) {
            uint32_t a = w[i - 15], b = w[i - 2];

            w[i] = w[i - 16] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3)) + w[i - 7] +
                   (rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10));
        }
        memcpy(s, state, sizeof(s));
        for (int i = 0; i < 64; i++) {
            uint32_t e = s[4], a = s[0];
            uint32_t t1 = s[7] + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +
                          ((e & s[5]) ^ (~e & s[6])) + round_constants[i] + w[i];
            uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
                          ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

            memmove(s + 1, s, 7 * sizeof(s[0]));
            s[4] += t1;
            s[0] = t1 + t2;
        }
        for (int i = 0; i < 8; i++) {
            state[i] += s[i];
        }
    }
}

#if defined(__x86_64__)

/* The instructions keep the state as ABEF and CDGH and do two rounds each. */
__attribute__((target("sha,sse4.1"))) static void blocks_sha(uint32_t state[8], const uint8_t *data,
                                                             size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);

    for (; blocks; blocks--, data += 64) {
        __m128i abef_before = abef, cdgh_before = cdgh, w[4];

        for (int i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i)),
                                    swap);
        }
        for (int i = 0; i < 16; i++) {
            const __m128i *k = (const __m128i *)(const void *)(round_constants + 4 * i);
            __m128i sum = _mm_add_epi32(w[i & 3], _mm_load_si128(k));

            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
            if (i < 12) { /* the words four groups on take the place of these */
                __m128i last = w[(i + 3) & 3], middle = _mm_alignr_epi8(last, w[(i + 2) & 3], 4);
                __m128i next = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);

                w[i & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(next, middle), last);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);

    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static int has_sha(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

#elif HAVE_SHA_STEPS

/* The instructions keep the state as ABCD and EFGH and do four rounds each. */
#if !defined(__ARM_FEATURE_SHA2)
__attribute__((target("+crypto")))
#endif
static void
blocks_sha(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

    for (; blocks; blocks--, data += 64) {
        uint32x4_t abcd_before = abcd, efgh_before = efgh, w[4];

        for (int i = 0; i < 4; i++) {
            w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        }
        for (int i = 0; i < 16; i++) {
            uint32x4_t sum = vaddq_u32(w[i & 3], vld1q_u32(round_constants + 4 * i)), rounds = abcd;

            if (i < 12) { /* the words four groups on take the place of these */
                w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]),
                                           w[(i + 2) & 3], w[(i + 3) & 3]);
            }
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, rounds, sum);
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

static int has_sha(void)
{
#if defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
#else
    return 1; /* compiled for, and every Apple processor has them */
#endif
}

#endif

static void blocks_any(uint32_t state[8], const uint8_t *data, size_t blocks)
{
#if HAVE_SHA_STEPS
    static int steps = -1; /* threads that race here write the same value */

    int use = __atomic_load_n(&steps, __ATOMIC_RELAXED);
    if (use < 0) {
        use = has_sha();
        __atomic_store_n(&steps, use, __ATOMIC_RELAXED);
    }
    if (use) {
        blocks_sha(state, data, blocks);
        return;
    }
#endif
    hr_sha256_blocks_plain(state, data, blocks);
}

void hr_sha256_init(struct hr_sha256 *s)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(s->state, start, sizeof(start));
    s->bytes = 0;
}

void hr_sha256_update(struct hr_sha256 *s, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    size_t held = s->bytes % 64;

    s->bytes += bytes;
    if (held) {
        size_t take = bytes < 64 - held ? bytes : 64 - held;

        memcpy(s->block + held, at, take);
        at += take;
        bytes -= take;
        if (held + take < 64) {
            return;
        }
        blocks_any(s->state, s->block, 1);
    }
    blocks_any(s->state, at, bytes / 64);
    if (bytes % 64) {
        memcpy(s->block, at + bytes / 64 * 64, bytes % 64);
    }
}

void hr_sha256_final(struct hr_sha256 *s, uint8_t hash[32])
{
    uint64_t bits = s->bytes * 8;
    uint8_t end[72] = {0x80};
    size_t pad = 64 - (s->bytes + 8) % 64;

    for (int i = 0; i < 8; i++) {
        end[pad + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    hr_sha256_update(s, end, pad + 8);
    for (int i = 0; i < 32; i++) {
        hash[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void hr_sha256_hex(struct hr_sha256 *s, char hex[65])
{
    uint8_t hash[32];

    hr_sha256_final(s, hash);
    for (int i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }
}
