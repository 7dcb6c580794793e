/*
 * memory_reserve.c - is the memory that is going to be needed really there?
 *
 * Pieces of whole huge pages, each page written to once. It cannot see where the system takes the
 * next page from: that it is one freed a moment ago is a habit of systems, not a promise.
 */
#include "harness/memory_reserve.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (UINT64_C(64) << 20)
#define TOUCH_STEP_BYTES 4096u /* no system has smaller pages */

static int take(struct hr_region *piece)
{
    volatile char *at;

    if (hr_stop_signal()) {
        return hr_fail(EINTR, "interrupted");
    }
    if (hr_region_map(piece, PIECE_BYTES, HR_PAGES_HUGE)) {
        return -ENOMEM;
    }
    at = piece->at;
    for (uint64_t i = 0; i < PIECE_BYTES; i += TOUCH_STEP_BYTES) {
        at[i] = 1;
    }
    return 0;
}

int hr_reserve_open(struct hr_reserve *reserve, uint64_t bytes)
{
    uint64_t start_ns = hr_clock_ns();
    int rc = 0;

    memset(reserve, 0, sizeof(*reserve));
    reserve->pieces = calloc(bytes / PIECE_BYTES + 1, sizeof(*reserve->pieces));
    if (!reserve->pieces) {
        return hr_fail(ENOMEM, "no memory for a reserve of %llu bytes", (unsigned long long)bytes);
    }
    while (reserve->bytes + PIECE_BYTES <= bytes && rc == 0) {
        rc = take(&reserve->pieces[reserve->count]);
        reserve->count += rc == 0;
        reserve->bytes = reserve->count * PIECE_BYTES;
    }
    reserve->ns = hr_clock_ns() - start_ns;
    if (rc) {
        hr_reserve_close(reserve);
    }
    return rc;
}

void hr_reserve_give(struct hr_reserve *reserve, double left)
{
    while (reserve->given < reserve->count &&
           (double)(reserve->count - reserve->given) > left * (double)reserve->count) {
        hr_region_unmap(&reserve->pieces[reserve->given++]);
    }
}

uint64_t hr_reserve_left(const struct hr_reserve *reserve)
{
    return (reserve->count - reserve->given) * PIECE_BYTES;
}

void hr_reserve_close(struct hr_reserve *reserve)
{
    hr_reserve_give(reserve, 0);
    free(reserve->pieces);
    reserve->pieces = NULL;
}
