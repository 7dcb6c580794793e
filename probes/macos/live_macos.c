/*
 * live_macos.c - what does the kernel of a live macOS host say of itself?
 *
 * The same text that a captured host holds, from the system's own sysctl program. What only other
 * programs tell (system_profiler, ioreg) is not asked: it takes seconds.
 */
#include "probes/live_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define DUMP_MAX ((size_t)4 << 20)

char *hr_live_sysctl(void)
{
    FILE *pipe = popen("/usr/sbin/sysctl -a 2>/dev/null", "r");
    char *text = pipe ? malloc(DUMP_MAX) : NULL;
    size_t used = text ? fread(text, 1, DUMP_MAX - 1, pipe) : 0;

    if (pipe) {
        pclose(pipe);
    }
    if (used == 0) {
        free(text);
        return NULL;
    }
    for (char *zero; (zero = memchr(text, 0, used));) {
        *zero = '\n';
    }
    text[used] = 0;
    return text;
}

void hr_live_architecture(char *name, size_t size)
{
    struct utsname u;

    snprintf(name, size, "%s", uname(&u) == 0 ? u.machine : "");
}
