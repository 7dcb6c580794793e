/* live_linux.c - on Linux everything but the architecture is a file: what uname says of it. */
#include "probes/live_host.h"

#include <stdio.h>
#include <sys/utsname.h>

char *hr_live_sysctl(void)
{
    return NULL;
}

void hr_live_architecture(char *name, size_t size)
{
    struct utsname u;

    snprintf(name, size, "%s", uname(&u) == 0 ? u.machine : "");
}
