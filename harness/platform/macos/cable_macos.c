/* cable_macos.c - macOS has no network namespaces: there is no cable to lay. */
#include "harness/platform/cable.h"

#include "harness/error.h"

#include <errno.h>
#include <stddef.h>

static int none(void)
{
    return hr_fail(ENOTSUP, "this system has no network namespaces");
}

int hr_cable_lay(struct hr_cable **cable)
{
    *cable = NULL;
    return none();
}

void hr_cable_remove(struct hr_cable *cable)
{
    (void)cable;
}

int hr_cable_enter(const struct hr_cable *cable, enum hr_cable_end end)
{
    (void)cable, (void)end;
    return none();
}

int hr_cable_leave(const struct hr_cable *cable)
{
    (void)cable;
    return none();
}

const char *hr_cable_host(enum hr_cable_end end)
{
    (void)end;
    return "";
}

int hr_cable_bytes(const struct hr_cable *cable, struct hr_nic_bytes *bytes)
{
    (void)cable, (void)bytes;
    return none();
}
