/* link_uring_macos.c - is there an io_uring? Not here: the path says so. */
#include "harness/error.h"
#include "harness/link.h"

#include <errno.h>

static int uring_available(void)
{
    return hr_fail(ENOTSUP, "io_uring is Linux's own; tcp is the path here");
}

static int uring_listen(struct hr_link **link, const struct hr_link_params *params)
{
    (void)params;
    *link = NULL;
    return uring_available();
}

extern const struct hr_link_ops hr_link_uring;
const struct hr_link_ops hr_link_uring = {
    .name = "uring",
    .summary = "TCP by io_uring",
    .available = uring_available,
    .listen = uring_listen,
};
