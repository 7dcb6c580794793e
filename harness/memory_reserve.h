/*
 * memory_reserve.h - memory that the host has already given, handed on as it is needed.
 *
 * A guest's free memory may lie with the host, and is then had at a tenth of the speed at which the
 * system clears its own: building large books would measure the hypervisor. So as much as the books
 * will take is touched before, and given back to the system piece by piece just ahead of the books'
 * growth: what is freed last is taken first. How fast touching went says what the host's part would
 * have been. On a machine of its own it changes nothing.
 *
 * Threads: one.
 */
#ifndef HR_MEMORY_RESERVE_H
#define HR_MEMORY_RESERVE_H

#include "harness/platform/platform.h"

struct hr_reserve {
    struct hr_region *pieces;
    uint64_t count, given; /* pieces; the first ones are given back */
    uint64_t bytes, ns;    /* of all; how long touching them took */
};

/* -ENOMEM, -EINTR. A zeroed one holds nothing, and may be given from and closed. */
int hr_reserve_open(struct hr_reserve *reserve, uint64_t bytes);
/* Gives back until no more than this share of it (1 … 0) is left. */
void hr_reserve_give(struct hr_reserve *reserve, double left);
uint64_t hr_reserve_left(const struct hr_reserve *reserve); /* bytes */
void hr_reserve_close(struct hr_reserve *reserve);

#endif
