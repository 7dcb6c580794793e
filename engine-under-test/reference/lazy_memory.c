/*
 * lazy_memory.c - where does an engine's memory come from?
 *
 * From one anonymous mapping a pool, reserved for the worst case and backed by the system page by
 * page on first touch. Elsewhere than on Linux and macOS, from calloc, which large systems also
 * back lazily. It cannot see whether huge pages were really given: that is the system's choice.
 */
#include "engine-under-test/reference/lazy_memory.h"

#include "engine-under-test/poison.h"

#include <errno.h>
#include <stdlib.h>

#define HUGE_BYTES ((size_t)2 << 20)

#if defined(__linux__) || defined(__APPLE__)

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

static size_t whole_pages(uint64_t bytes)
{
    return ((size_t)bytes + 4095) & ~(size_t)4095;
}

int eut_lazy_map(struct eut_lazy *lazy, uint64_t bytes)
{
    size_t slack = bytes >= HUGE_BYTES ? HUGE_BYTES : 0;
    size_t whole = whole_pages(bytes);
    char *at, *aligned;

    if (bytes == 0 || bytes > ((uint64_t)1 << 46) || bytes > SIZE_MAX - 2 * HUGE_BYTES) {
        return -ENOMEM;
    }
    at = mmap(NULL, whole + slack, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return -ENOMEM;
    }
    aligned = at;
    if (slack) {
        /* Trimmed to the boundary, so that the first huge page is whole. */
        size_t lead = -(uintptr_t)at & (HUGE_BYTES - 1);

        aligned = at + lead;
        if (lead) {
            munmap(at, lead);
        }
        if (slack - lead) {
            munmap(aligned + whole, slack - lead);
        }
#ifdef MADV_HUGEPAGE
        madvise(aligned, whole, MADV_HUGEPAGE);
#endif
    }
    eut_poison(aligned + bytes, whole - bytes);
    lazy->at = aligned;
    lazy->bytes = (size_t)bytes;
    return 0;
}

void eut_lazy_scatter(const struct eut_lazy *lazy)
{
#ifdef MADV_NOHUGEPAGE
    madvise(lazy->at, whole_pages(lazy->bytes), MADV_NOHUGEPAGE);
#else
    (void)lazy;
#endif
}

void eut_lazy_unmap(struct eut_lazy *lazy)
{
    if (lazy->at) {
        size_t whole = whole_pages(lazy->bytes);

        eut_unpoison((char *)lazy->at + lazy->bytes, whole - lazy->bytes);
        munmap(lazy->at, whole);
        lazy->at = NULL;
    }
}

static int entropy_read(void *at, size_t bytes)
{
    return getentropy(at, bytes);
}

#else

int eut_lazy_map(struct eut_lazy *lazy, uint64_t bytes)
{
    /* Two lines more, for alignment; the block's own address is kept in front. */
    char *at = bytes < SIZE_MAX - 128 ? calloc(1, (size_t)bytes + 128) : NULL;

    if (!at) {
        return -ENOMEM;
    }
    lazy->at = (void *)(((uintptr_t)at + 127) & ~(uintptr_t)63);
    ((void **)lazy->at)[-1] = at;
    lazy->bytes = (size_t)bytes;
    return 0;
}

void eut_lazy_scatter(const struct eut_lazy *lazy)
{
    (void)lazy;
}

void eut_lazy_unmap(struct eut_lazy *lazy)
{
    if (lazy->at) {
        free(((void **)lazy->at)[-1]);
        lazy->at = NULL;
    }
}

static int entropy_read(void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
    return -1;
}

#endif

#include <time.h>

void eut_secret_fill(uint64_t *words, size_t count)
{
    if (entropy_read(words, count * sizeof(*words)) == 0) {
        return;
    }
    /* Second best: where we were loaded and when. */
    uint64_t seed = (uint64_t)(uintptr_t)words ^ ((uint64_t)time(NULL) << 32) ^ (uint64_t)clock();

    for (size_t i = 0; i < count; i++) {
        seed += 0x9E3779B97F4A7C15u;
        words[i] = (seed ^ (seed >> 29)) * 0xBF58476D1CE4E5B9u;
        words[i] ^= words[i] >> 32;
    }
}
