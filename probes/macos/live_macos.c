/*
 * live_macos.c - what does the kernel of a live macOS host say of itself?
 *
 * The same text that a captured host holds, from the system's own sysctl program. What only other
 * programs tell (system_profiler, ioreg) is not asked: it takes seconds.
 */
#include "probes/live_host.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>
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

/* Whole numbers only: all that is tuned is one. root: nothing but the live host can be asked. */
int hr_kernel_setting_read(const char *root, const char *name, char *text, size_t size)
{
    int64_t value = 0;
    size_t bytes = sizeof(value);

    if (*root || sysctlbyname(name, &value, &bytes, NULL, 0) != 0) {
        int err = *root ? ENOTSUP : errno;
        return hr_fail(err, "sysctl %s: %s", name, strerror(err));
    }
    if (bytes == sizeof(int32_t)) {
        value = *(int32_t *)&value; /* both of Apple's processors put the low bytes first */
    }
    snprintf(text, size, "%" PRId64, value);
    return 0;
}

int hr_kernel_setting_write(const char *root, const char *name, const char *text)
{
    int64_t old = 0, value = strtoll(text, NULL, 10);
    size_t bytes = sizeof(old);

    if (*root || sysctlbyname(name, &old, &bytes, NULL, 0) != 0 ||
        sysctlbyname(name, NULL, NULL, &value, bytes) != 0) {
        int err = *root ? ENOTSUP : errno;
        return hr_fail(err, "sysctl %s=%s: %s%s", name, text, strerror(err),
                       err == EPERM ? "; run as root" : "");
    }
    return 0;
}
