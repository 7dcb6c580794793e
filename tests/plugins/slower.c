/* slower.c - the reference engine, but each submit takes SLOWER_PERCENT (5) longer: right, and a
 * regression whose size is known. */
#include "engine-under-test/reference/reference.h"

#include <stdlib.h>
#include <time.h>

static struct eut_engine slower;
static double share = 0.05;

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int submit(void *self, const struct eut_request *requests, uint32_t count,
                  struct eut_sink *sink)
{
    double start_ns = now_ns();
    int rc = eut_reference.submit(self, requests, count, sink);
    double end_ns = now_ns(), until_ns = end_ns + (end_ns - start_ns) * share;

    while (now_ns() < until_ns) {
    }
    return rc;
}

extern const struct eut_engine *eut_engine_entry(void);
const struct eut_engine *eut_engine_entry(void)
{
    const char *percent = getenv("SLOWER_PERCENT");

    slower = eut_reference;
    slower.name = "slower";
    slower.submit = submit;
    share = percent ? atof(percent) / 100 : share;
    return &slower;
}
