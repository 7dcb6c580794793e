/*
 * memory_kernels.h - the loops whose speed is a ceiling: streams, dependent loads, random lines,
 * compares.
 *
 * They only run; timing, threads and statistics are ceilings.c's. Each returns something that
 * depends on all its work, so that no compiler can leave it out.
 *
 * Counting is STREAM's (McCalpin): bytes the program asks for, so that a write counts once although
 * the cache may have to read the line first.
 */
#ifndef HR_MEMORY_KERNELS_H
#define HR_MEMORY_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_LINE_BYTES 64

enum hr_stream { HR_STREAM_READ, HR_STREAM_COPY, HR_STREAM_TRIAD, HR_STREAMS };
/* One pass over three arrays of `bytes` each (a multiple of 256, aligned to a line): read sums a;
 * copy a = b; triad a = b + 3 c in doubles. past: stores that go round the caches, where the
 * processor has them (hr_stream_has_past). */
uint64_t hr_stream_pass(enum hr_stream kind, bool past, void *a, const void *b, const void *c,
                        size_t bytes);
bool hr_stream_has_past(enum hr_stream kind);
/* Bytes counted in one pass: 1, 2 or 3 times bytes. */
double hr_stream_bytes(enum hr_stream kind, size_t bytes);

/* Makes of `lines` (a power of two, at least 2) lines one cycle of pointers that jumps about:
 * word 0 of each line points to the next line. Page order and line order both look random to a
 * prefetcher. Lines are written in order, in one go. */
void hr_chase_build(void *at, uint64_t lines);
/* Follows `steps` pointers; the address it ends at. */
const void *hr_chase_run(const void *at, uint64_t steps);

/* Ways of touching random lines: how far ahead, and with which prefetch. */
struct hr_touch {
    int ahead; /* 0: no prefetch; else a power of two up to HR_TOUCH_AHEAD_MAX */
    int kind;  /* 0 for writing; 1 for reading; 2 for reading into the outer cache */
};
#define HR_TOUCH_AHEAD_MAX 256
/* `count` independent read-modify-writes of word 1 of random lines out of `lines` (a power of two).
 */
uint64_t hr_touch_lines(void *at, uint64_t lines, uint64_t count, uint64_t seed,
                        struct hr_touch way);

/* How many i have bid[i] >= ask[i]; count is a multiple of 64, arrays aligned to a line. */
uint64_t hr_compare_prices(const int32_t *bid, const int32_t *ask, size_t count);

#endif
