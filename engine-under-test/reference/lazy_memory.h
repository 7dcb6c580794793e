/*
 * lazy_memory.h - address space that costs nothing until it is touched, and a secret.
 */
#ifndef EUT_LAZY_MEMORY_H
#define EUT_LAZY_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct eut_lazy {
    void *at;
    size_t bytes;
};

/* Reserves `bytes` of zeroes, aligned to 2 MiB where the system maps pages at all, huge pages asked
 * for when it is at least one of them. -ENOMEM. */
int eut_lazy_map(struct eut_lazy *lazy, uint64_t bytes);
/* For memory of which little will be touched, here and there: no huge pages after all. */
void eut_lazy_scatter(const struct eut_lazy *lazy);
/* Accepts what was never mapped. */
void eut_lazy_unmap(struct eut_lazy *lazy);

/* Fills words[0 … count) with bits a sender of orders cannot guess. */
void eut_secret_fill(uint64_t *words, size_t count);

#endif
