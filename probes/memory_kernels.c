/*
 * memory_kernels.c - how fast can the loops be that bound everything a matching engine does?
 *
 * Written with the compiler's vector types at the width the build allows. The random touches draw
 * their addresses from a multiplicative generator (Knuth's MMIX constants), so that nothing but
 * the lines themselves is read. The hardware's page walks are part of what is measured.
 */
#include "probes/memory_kernels.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VECTOR 64
#define MULTIPLIER 6364136223846793005u
#define INCREMENT 1442695040888963407u

/* One line each; the compiler splits them into the registers it has. The same memory is read as one
 * and written as another. */
typedef uint64_t words __attribute__((vector_size(VECTOR), may_alias));
typedef double reals __attribute__((vector_size(VECTOR), may_alias));
typedef int32_t prices __attribute__((vector_size(VECTOR), may_alias));

#if defined(__AVX512F__)
#define STORE_PAST(to, value) _mm512_stream_si512((__m512i *)(to), (__m512i)(value))
#elif defined(__AVX__)
#define STORE_PAST(to, value)                               \
    do {                                                    \
        words v_ = (words)(value);                          \
        __m256i half_[2];                                   \
        memcpy(half_, &v_, sizeof(half_));                  \
        _mm256_stream_si256((__m256i *)(to), half_[0]);     \
        _mm256_stream_si256((__m256i *)(to) + 1, half_[1]); \
    } while (0)
#elif defined(__SSE2__)
#define STORE_PAST(to, value)                                  \
    do {                                                       \
        words v_ = (words)(value);                             \
        __m128i part_[4];                                      \
        memcpy(part_, &v_, sizeof(part_));                     \
        for (int p_ = 0; p_ < 4; p_++) {                       \
            _mm_stream_si128((__m128i *)(to) + p_, part_[p_]); \
        }                                                      \
    } while (0)
#endif

bool hr_stream_has_past(enum hr_stream kind)
{
#if defined(STORE_PAST)
    return kind != HR_STREAM_READ;
#else
    (void)kind;
    return false;
#endif
}

double hr_stream_bytes(enum hr_stream kind, size_t bytes)
{
    return (double)bytes * (kind == HR_STREAM_READ ? 1 : kind == HR_STREAM_COPY ? 2 : 3);
}

static uint64_t read_pass(const words *a, size_t n)
{
    words s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};

    for (size_t i = 0; i < n; i += 4) {
        s0 += a[i];
        s1 += a[i + 1];
        s2 += a[i + 2];
        s3 += a[i + 3];
    }
    s0 += s1 + s2 + s3;
    return s0[0] + s0[1] + s0[2] + s0[3] + s0[4] + s0[5] + s0[6] + s0[7];
}

static void copy_pass(words *a, const words *b, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        words w0 = b[i], w1 = b[i + 1], w2 = b[i + 2], w3 = b[i + 3];
        a[i] = w0;
        a[i + 1] = w1;
        a[i + 2] = w2;
        a[i + 3] = w3;
        __asm__ volatile("" ::: "memory"); /* else it becomes a call of memcpy */
    }
}

static void triad_pass(reals *a, const reals *b, const reals *c, size_t n)
{
    for (size_t i = 0; i < n; i += 2) {
        a[i] = b[i] + 3.0 * c[i];
        a[i + 1] = b[i + 1] + 3.0 * c[i + 1];
    }
}

#if defined(STORE_PAST)
static void copy_past(words *a, const words *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        STORE_PAST(a + i, b[i]);
    }
    _mm_sfence();
}

static void triad_past(reals *a, const reals *b, const reals *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        STORE_PAST(a + i, b[i] + 3.0 * c[i]);
    }
    _mm_sfence();
}
#endif

uint64_t hr_stream_pass(enum hr_stream kind, bool past, void *a, const void *b, const void *c,
                        size_t bytes)
{
    size_t n = bytes / VECTOR;

    if (kind == HR_STREAM_READ) {
        return read_pass(a, n);
    }
#if defined(STORE_PAST)
    if (past && kind == HR_STREAM_COPY) {
        copy_past(a, b, n);
        return *(const uint64_t *)a;
    }
    if (past) {
        triad_past(a, b, c, n);
        return *(const uint64_t *)a;
    }
#else
    (void)past;
#endif
    if (kind == HR_STREAM_COPY) {
        copy_pass(a, b, n);
    } else {
        triad_pass(a, b, c, n);
    }
    return *(const uint64_t *)a;
}

static uint64_t fold(uint64_t x, int shift)
{
    return x ^ (x >> shift); /* its own inverse while shift is at least half the bits */
}

void hr_chase_build(void *at, uint64_t lines)
{
    char *base = at;
    int bits = 0;
    uint64_t mask = lines - 1;

    while ((lines >> bits) > 1) {
        bits++;
    }
    /* x -> multiplier x + increment has the full period modulo a power of two (Hull and Dobell);
     * folding the high bits into the low ones, before and after, hides its regular low bits and
     * keeps it one cycle. */
    int shift = (bits + 1) / 2 > 0 ? (bits + 1) / 2 : 1;
    for (uint64_t i = 0; i < lines; i++) {
        uint64_t next = fold((fold(i, shift) * MULTIPLIER + INCREMENT) & mask, shift);
        *(void **)(void *)(base + i * HR_LINE_BYTES) = base + next * HR_LINE_BYTES;
    }
}

const void *hr_chase_run(const void *at, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i += 8) {
        at = *(const void *const *)at;
        at = *(const void *const *)at;
        at = *(const void *const *)at;
        at = *(const void *const *)at;
        at = *(const void *const *)at;
        at = *(const void *const *)at;
        at = *(const void *const *)at;
        at = *(const void *const *)at;
    }
    return at;
}

static inline __attribute__((always_inline)) uint64_t touch(char *base, uint64_t lines,
                                                            uint64_t count, uint64_t x, int ahead,
                                                            int kind)
{
    char *ring[HR_TOUCH_AHEAD_MAX];
    uint64_t mask = (lines - 1) * HR_LINE_BYTES, sum = 0;
    unsigned wrap = (unsigned)ahead - 1;

    for (int i = 0; i < ahead; i++) {
        ring[i] = base;
    }
    for (uint64_t i = 0; i < count; i++) {
        x = x * MULTIPLIER + INCREMENT;
        char *line = base + ((x >> 20) & mask);
        if (ahead > 0) {
            if (kind == 0) {
                __builtin_prefetch(line, 1, 3);
            } else if (kind == 1) {
                __builtin_prefetch(line, 0, 3);
            } else {
                __builtin_prefetch(line, 0, 2);
            }
            unsigned slot = (unsigned)i & wrap;
            char *due = ring[slot];
            ring[slot] = line;
            line = due;
        }
        uint64_t *word = (uint64_t *)(void *)line + 1;
        sum += *word;
        *word += x;
    }
    return sum;
}

uint64_t hr_touch_lines(void *at, uint64_t lines, uint64_t count, uint64_t seed,
                        struct hr_touch way)
{
    if (way.ahead <= 0) {
        return touch(at, lines, count, seed, 0, 0);
    }
    switch (way.kind) {
    case 0:
        return touch(at, lines, count, seed, way.ahead, 0);
    case 1:
        return touch(at, lines, count, seed, way.ahead, 1);
    default:
        return touch(at, lines, count, seed, way.ahead, 2);
    }
}

uint64_t hr_compare_prices(const int32_t *bid, const int32_t *ask, size_t count)
{
    const prices *b = (const prices *)(const void *)bid, *a = (const prices *)(const void *)ask;
    size_t n = count * sizeof(int32_t) / VECTOR;
    uint64_t crossed = 0;

    /* 32-bit counters of a block cannot overflow before the block ends. */
    for (size_t from = 0; from < n;) {
        size_t to = n - from > 1 << 20 ? from + (1 << 20) : n;
        prices c0 = {0}, c1 = {0}, c2 = {0}, c3 = {0};
        for (; from < to; from += 4) {
            c0 -= b[from] >= a[from]; /* a true lane is -1 */
            c1 -= b[from + 1] >= a[from + 1];
            c2 -= b[from + 2] >= a[from + 2];
            c3 -= b[from + 3] >= a[from + 3];
        }
        c0 += c1 + c2 + c3;
        for (size_t lane = 0; lane < VECTOR / sizeof(int32_t); lane++) {
            crossed += (uint64_t)(uint32_t)c0[lane];
        }
    }
    return crossed;
}
