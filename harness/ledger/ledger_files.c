/* ledger_files.c - which files does a ledger hold, who writes them, and are they where a power cut
 * leaves them? It cannot see a writer on another machine whose file system knows no locks. */
#include "harness/ledger/ledger_files.h"

#include "harness/error.h"
#include "harness/platform/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The number in a name that is PREFIX-%020u.SUFFIX to the letter. */
static int number_of(const char *name, const char *prefix, const char *suffix, uint64_t *number)
{
    char again[128];
    size_t n = strlen(prefix);

    if (strncmp(name, prefix, n) != 0 || name[n] != '-') {
        return 0;
    }
    *number = strtoull(name + n + 1, NULL, 10);
    snprintf(again, sizeof(again), "%s-%020" PRIu64 ".%s", prefix, *number, suffix);
    return strcmp(again, name) == 0;
}

int hr_ledger_list(const char *folder, const char *prefix, const char *suffix, uint64_t **numbers)
{
    DIR *dir = opendir(folder);
    int count = 0, room = 0;

    *numbers = NULL;
    if (!dir) {
        return hr_fail(errno, "%s: %s", folder, strerror(errno));
    }
    for (struct dirent *entry; errno = 0, (entry = readdir(dir));) {
        uint64_t number;

        if (!number_of(entry->d_name, prefix, suffix, &number)) {
            continue;
        }
        if (count == room) {
            uint64_t *more = realloc(*numbers, sizeof(*more) * (size_t)(room = 2 * room + 16));

            if (!more) {
                closedir(dir);
                free(*numbers);
                *numbers = NULL;
                return hr_fail(ENOMEM, "%s: no memory for the list of its files", folder);
            }
            *numbers = more;
        }
        (*numbers)[count++] = number;
    }
    if (errno) { /* what was not listed would be taken for what is not there */
        count = hr_fail(errno, "%s cannot be listed: %s", folder, strerror(errno));
        closedir(dir);
        free(*numbers);
        *numbers = NULL;
        return count;
    }
    closedir(dir);
    if (count) {
        qsort(*numbers, (size_t)count, sizeof(**numbers), ascending);
    }
    return count;
}

void hr_ledger_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    char path[HR_LEDGER_PATH_MAX];
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name), end = strlen(HR_LEDGER_MAKING);

        if (n > end && strcmp(entry->d_name + n - end, HR_LEDGER_MAKING) == 0 &&
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path)) {
            (void)!unlink(path);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* Of a process and not of a descriptor: the child that takes a snapshot must not hold the folder
 * when the validator that began it is dead and comes back. */
static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static int writer_file(const char *folder, int flags)
{
    char path[HR_LEDGER_PATH_MAX];
    int fd;

    if (snprintf(path, sizeof(path), "%s/" HR_LEDGER_WRITER, folder) >= (int)sizeof(path)) {
        return hr_fail(ENAMETOOLONG, "%s: its name is too long", folder);
    }
    fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0644);
    return fd < 0 ? hr_fail(errno, "%s: %s", path, strerror(errno)) : fd;
}

int hr_ledger_hold(const char *folder)
{
    struct flock lock = whole_file(), there = whole_file();
    int fd = writer_file(folder, O_RDWR | O_CREAT), why;

    if (fd < 0 || fcntl(fd, F_SETLK, &lock) == 0) {
        return fd;
    }
    why = errno;
    if (why != EACCES && why != EAGAIN) {
        why = hr_fail(why, "%s cannot be locked: %s", folder, strerror(why));
    } else if (fcntl(fd, F_GETLK, &there) == 0 && there.l_type != F_UNLCK && there.l_pid > 0) {
        why = hr_fail(EBUSY, "%s is being written by process %ld: a ledger has one writer", folder,
                      (long)there.l_pid);
    } else {
        why = hr_fail(EBUSY, "%s is being written by another process: a ledger has one writer",
                      folder);
    }
    close(fd);
    return why;
}

void hr_ledger_release(int held)
{
    if (held >= 0) {
        close(held);
    }
}

long hr_ledger_holder(const char *folder)
{
    struct flock there = whole_file();
    int fd = writer_file(folder, O_RDONLY);
    bool held = fd >= 0 && fcntl(fd, F_GETLK, &there) == 0 && there.l_type != F_UNLCK;

    if (fd >= 0) {
        close(fd);
    }
    hr_error_clear();
    return held && there.l_pid > 0 ? (long)there.l_pid : 0;
}

int hr_file_open(const char *path, uint64_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) {
        rc = hr_fail(errno, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = hr_fail(EINVAL, "%s is no plain file", path);
    }
    if (rc && fd >= 0) {
        close(fd);
    }
    *size = rc ? 0 : (uint64_t)st.st_size;
    return rc ? rc : fd;
}

static int load(int fd, const char *path, uint64_t bytes, uint8_t **data, size_t *size)
{
    *data = malloc(bytes ? bytes : 1);
    if (!*data) {
        return hr_fail(ENOMEM, "%s: no memory for its %" PRIu64 " bytes", path, bytes);
    }
    while (*size < bytes) {
        ssize_t n = read(fd, *data + *size, bytes - *size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return hr_fail(errno, "%s: byte %zu cannot be read: %s", path, *size, strerror(errno));
        }
        if (n == 0) {
            break;
        }
        *size += (size_t)n;
    }
    return 0;
}

int hr_file_load(const char *path, uint64_t max, uint8_t **data, size_t *size)
{
    uint64_t bytes;
    int fd = hr_file_open(path, &bytes), rc;

    *data = NULL;
    *size = 0;
    if (fd < 0) {
        return fd;
    }
    rc = bytes > max
             ? hr_fail(EFBIG, "%s has %" PRIu64 " bytes, and may have %" PRIu64, path, bytes, max)
             : load(fd, path, bytes, data, size);
    close(fd);
    if (rc) {
        free(*data);
        *data = NULL;
    }
    return rc;
}

int hr_folder_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0) {
        return hr_fail(errno, "%s: %s", folder, strerror(errno));
    }
    rc = hr_file_sync(fd);
    close(fd);
    return rc ? hr_fail(-rc, "%s cannot be synced: %s", folder, strerror(-rc)) : 0;
}

int hr_folder_make(const char *folder)
{
    char parent[HR_LEDGER_PATH_MAX];
    size_t n = strlen(folder);

    if (mkdir(folder, 0755)) {
        return errno == EEXIST ? 0
                               : hr_fail(errno, "%s cannot be made: %s", folder, strerror(errno));
    }
    while (n > 1 && folder[n - 1] == '/') {
        n--;
    }
    while (n > 0 && folder[n - 1] != '/') {
        n--;
    }
    snprintf(parent, sizeof(parent), "%.*s", n ? (int)n : 1, n ? folder : ".");
    return hr_folder_sync(parent);
}

int hr_file_put(int fd, const void *data, size_t bytes, uint64_t offset)
{
    const uint8_t *at = data;

    while (bytes) {
        ssize_t n = pwrite(fd, at, bytes, (off_t)offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -ENOSPC;
        }
        at += n;
        bytes -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}
