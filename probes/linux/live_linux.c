/* live_linux.c - on Linux everything is a file but the architecture, which uname says, and what
 * link_setting.c asks a network interface's driver for. */
#include "probes/live_host.h"

#include "probes/linux/link_setting.h"

#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

char *hr_live_sysctl(void)
{
    return NULL;
}

void hr_live_architecture(char *name, size_t size)
{
    struct utsname u;

    snprintf(name, size, "%s", uname(&u) == 0 ? u.machine : "");
}

static int path_of(char path[512], const char *root, const char *name)
{
    return snprintf(path, 512, "%s%s", root, name) < 512
               ? 0
               : hr_fail(ENAMETOOLONG, "%.80s…: the name is too long", name);
}

int hr_kernel_setting_read(const char *root, const char *name, char *text, size_t size)
{
    char path[512];
    int rc, fd, err;
    ssize_t got;

    if (!*root && strncmp(name, HR_LINK_SETTINGS, strlen(HR_LINK_SETTINGS)) == 0) {
        return hr_link_setting(name + strlen(HR_LINK_SETTINGS), NULL, text, size);
    }
    rc = path_of(path, root, name);
    fd = rc ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    got = fd >= 0 ? read(fd, text, size - 1) : -1;
    err = errno;

    if (fd >= 0) {
        close(fd);
    }
    if (rc || got < 0) {
        return rc ? rc : hr_fail(err, "%s: %s", path, strerror(err));
    }
    while (got > 0 && strchr(" \n\t", text[got - 1])) {
        got--;
    }
    text[got] = 0;
    return 0;
}

int hr_kernel_setting_write(const char *root, const char *name, const char *text)
{
    char path[512];
    int rc, fd, err;
    ssize_t put;

    if (!*root && strncmp(name, HR_LINK_SETTINGS, strlen(HR_LINK_SETTINGS)) == 0) {
        return hr_link_setting(name + strlen(HR_LINK_SETTINGS), text, NULL, 0);
    }
    rc = path_of(path, root, name);
    fd = rc ? -1 : open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
    put = fd >= 0 ? write(fd, text, strlen(text)) : -1;
    err = errno;

    if (fd >= 0 && close(fd) != 0 && put >= 0) {
        put = -1;
        err = errno;
    }
    return rc         ? rc
           : put >= 0 ? 0
                      : hr_fail(err, "%s: %s%s", path, strerror(err),
                                err == EACCES || err == EPERM ? "; run as root" : "");
}
