/*
 * random.h - seeded random numbers, the same on every machine.
 *
 * xoshiro256** seeded by splitmix64 (Blackman, Vigna; public domain reference at prng.di.unimi.it).
 * One stream per dimension: hr_random_init(r, seed, stream) with a different `stream` for mix,
 * prices, arrivals … so that changing one leaves the others' draws alone. No libm in what decides
 * a flow's bytes: logarithms and powers differ between C libraries.
 */
#ifndef HR_RANDOM_H
#define HR_RANDOM_H

#include <stdint.h>

struct hr_random {
    uint64_t s[4];
};

static inline uint64_t hr_splitmix64(uint64_t *x)
{
    uint64_t z = (*x += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline void hr_random_init(struct hr_random *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed ^ (stream * 0xD1342543DE82EF95u);

    for (int i = 0; i < 4; i++) {
        r->s[i] = hr_splitmix64(&x);
    }
}

static inline uint64_t hr_random_u64(struct hr_random *r)
{
    uint64_t *s = r->s, x = s[1] * 5, t = s[1] << 17, result = ((x << 7) | (x >> 57)) * 9;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* Uniform in 0 … n - 1, n >= 1 (multiply-shift; its bias is below 2^-32). */
static inline uint32_t hr_random_below(struct hr_random *r, uint32_t n)
{
    return (uint32_t)(((hr_random_u64(r) >> 32) * n) >> 32);
}

/* Uniform in [0, 1). */
static inline double hr_random_unit(struct hr_random *r)
{
    return (double)(hr_random_u64(r) >> 11) * 0x1p-53;
}

#endif
