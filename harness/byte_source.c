/* byte_source.c - where do the bytes come from? A descriptor, through a window of 1 MiB; zstd
 * frames, known by their magic number, are taken apart on the way. */
#include "harness/byte_source.h"

#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define COMPRESSED_WINDOW (1u << 17)

struct hr_bytes_inner {
    int fd; /* -1: from memory */
    const uint8_t *memory, *memory_end;
    size_t piece;
    char *name;
    uint8_t *window;
    uint64_t passed; /* bytes that have left the window at its front */
    bool started, ended;
    ZSTD_DStream *zstd; /* NULL if not compressed */
    size_t zstd_wants;  /* 0 between frames */
    uint8_t *compressed;
    ZSTD_inBuffer in;
};

static int open_window(struct hr_bytes *b, const char *name)
{
    struct hr_bytes_inner *inner = calloc(1, sizeof(*inner));

    memset(b, 0, sizeof(*b));
    b->inner = inner;
    if (inner) {
        inner->fd = -1;
        inner->name = strdup(name);
        inner->window = malloc(HR_BYTES_WINDOW);
    }
    if (!inner || !inner->name || !inner->window) {
        hr_bytes_close(b);
        return hr_fail(ENOMEM, "%s: no memory to read it", name);
    }
    b->at = b->end = inner->window;
    return 0;
}

int hr_bytes_open(struct hr_bytes *b, const char *name)
{
    bool standard = strcmp(name, "-") == 0;
    int rc = open_window(b, standard ? "standard input" : name);
    struct stat st;

    if (rc) {
        return rc;
    }
    b->inner->fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (b->inner->fd < 0) {
        rc = hr_fail(errno, "%s: %s: give a readable flow file, or - for standard input", name,
                     strerror(errno));
    } else if (fstat(b->inner->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        rc = hr_fail(EISDIR, "%s: is a directory: give a file in it", name);
    }
    if (rc) {
        hr_bytes_close(b);
    }
    return rc;
}

int hr_bytes_open_memory(struct hr_bytes *b, const void *data, size_t size, size_t piece)
{
    int rc = open_window(b, "memory");

    if (rc == 0) {
        b->inner->memory = data;
        b->inner->memory_end = b->inner->memory + size;
        b->inner->piece = piece;
    }
    return rc;
}

void hr_bytes_close(struct hr_bytes *b)
{
    struct hr_bytes_inner *inner = b->inner;

    if (!inner) {
        return;
    }
    if (inner->fd > STDERR_FILENO) {
        close(inner->fd);
    }
    ZSTD_freeDStream(inner->zstd);
    free(inner->compressed);
    free(inner->window);
    free(inner->name);
    free(inner);
    b->inner = NULL;
}

uint64_t hr_bytes_offset(const struct hr_bytes *b)
{
    return b->inner->passed + (uint64_t)(b->at - b->inner->window);
}

/* Up to `room` bytes of the descriptor or memory; 0 at its end. */
static int read_some(struct hr_bytes_inner *inner, void *to, size_t room, size_t *got)
{
    ssize_t n;

    if (inner->fd < 0) {
        size_t left = (size_t)(inner->memory_end - inner->memory);

        *got = left < inner->piece ? left : inner->piece;
        *got = *got < room ? *got : room;
        if (*got > 0) {
            memcpy(to, inner->memory, *got);
        }
        inner->memory += *got;
        inner->ended = *got == 0;
        return 0;
    }
    do {
        n = read(inner->fd, to, room);
    } while (n < 0 && errno == EINTR && !hr_stop_signal());
    if (n < 0) {
        return hr_fail(errno, "%s: cannot be read: %s", inner->name, strerror(errno));
    }
    *got = (size_t)n;
    inner->ended = n == 0;
    return 0;
}

/* Looks at the first bytes: fills a little, and moves them aside if they are compressed. */
static int start(struct hr_bytes_inner *inner, size_t *filled)
{
    static const uint8_t zstd_magic[4] = {0x28, 0xB5, 0x2F, 0xFD}, gzip_magic[2] = {0x1F, 0x8B};
    size_t got = 1;

    inner->started = true;
    while (*filled < sizeof(zstd_magic) && got > 0) {
        int rc = read_some(inner, inner->window + *filled, COMPRESSED_WINDOW - *filled, &got);

        if (rc) {
            return rc;
        }
        *filled += got;
    }
    if (*filled >= 2 && memcmp(inner->window, gzip_magic, 2) == 0) {
        return hr_fail(
            EINVAL,
            "%s: is compressed with gzip: unpack it first (gunzip -c FILE | headroom … -); "
            "zstd is read as it is",
            inner->name);
    }
    if (*filled < sizeof(zstd_magic) ||
        memcmp(inner->window, zstd_magic, sizeof(zstd_magic)) != 0) {
        return 0;
    }
    inner->zstd = ZSTD_createDStream();
    inner->compressed = malloc(COMPRESSED_WINDOW);
    if (!inner->zstd || !inner->compressed) {
        return hr_fail(ENOMEM, "%s: no memory to decompress it", inner->name);
    }
    memcpy(inner->compressed, inner->window, *filled);
    inner->in = (ZSTD_inBuffer){inner->compressed, *filled, 0};
    inner->zstd_wants = 1;
    *filled = 0;
    return 0;
}

/* Fills [to, to + room) with at least a byte, unless the end is there. */
static int decompress(struct hr_bytes_inner *inner, uint8_t *to, size_t room, size_t *got)
{
    ZSTD_outBuffer out = {to, room, 0};

    while (out.pos == 0) {
        if (inner->in.pos == inner->in.size) {
            size_t more = 0;
            int rc =
                inner->ended ? 0 : read_some(inner, inner->compressed, COMPRESSED_WINDOW, &more);

            if (rc) {
                return rc;
            }
            inner->in = (ZSTD_inBuffer){inner->compressed, more, 0};
            if (more == 0) {
                if (inner->zstd_wants == 0) {
                    break;
                }
                inner->zstd_wants = 0;
                return hr_fail(EINVAL, "%s: the compressed data ends early: the file is cut short",
                               inner->name);
            }
        }
        size_t wants = ZSTD_decompressStream(inner->zstd, &out, &inner->in);

        if (ZSTD_isError(wants)) {
            return hr_fail(EINVAL, "%s: damaged zstd data: %s", inner->name,
                           ZSTD_getErrorName(wants));
        }
        inner->zstd_wants = wants;
    }
    *got = out.pos;
    return 0;
}

int hr_bytes_more(struct hr_bytes *b)
{
    struct hr_bytes_inner *inner = b->inner;
    size_t seen = (size_t)(b->end - b->at), got = 0;
    int rc = 0;

    if (b->finished) {
        return 0;
    }
    inner->passed += (uint64_t)(b->at - inner->window);
    memmove(inner->window, b->at, seen);
    b->at = inner->window;
    b->end = inner->window + seen;
    if (seen == HR_BYTES_WINDOW) {
        return 0;
    }
    if (!inner->started) {
        rc = start(inner, &got);
    }
    if (rc == 0 && got == 0) {
        uint8_t *to = inner->window + seen;
        size_t room = HR_BYTES_WINDOW - seen;

        rc = inner->zstd    ? decompress(inner, to, room, &got)
             : inner->ended ? 0
                            : read_some(inner, to, room, &got);
    }
    if (rc) {
        b->finished = true;
        return rc;
    }
    b->end += got;
    b->finished = got == 0;
    return got > 0;
}

static int copy_all(int from, FILE *to, const char *name)
{
    uint8_t *piece = malloc(HR_BYTES_WINDOW);
    ssize_t n = -1;
    int rc = 0;

    if (!piece) {
        return hr_fail(ENOMEM, "%s: no memory to read it", name);
    }
    while (rc == 0 && n != 0) {
        n = read(from, piece, HR_BYTES_WINDOW);
        if (n < 0 && errno != EINTR) {
            rc = hr_fail(errno, "%s: cannot be read: %s", name, strerror(errno));
        } else if (n > 0 && fwrite(piece, 1, (size_t)n, to) != (size_t)n) {
            rc = hr_fail(errno,
                         "%s: no room for a copy in the temporary folder: %s: say how large it is "
                         "with --markets, "
                         "--orders and --levels, then it is read once",
                         name, strerror(errno));
        }
    }
    free(piece);
    return rc;
}

int hr_bytes_spool(const char **name)
{
    bool standard = strcmp(*name, "-") == 0;
    struct stat st;
    FILE *copy;
    int fd, rc;

    if (standard ? fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode)
                 : stat(*name, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
        return 0; /* what is not there, or a folder, is refused when it is opened */
    }
    fd = standard ? STDIN_FILENO : open(*name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return hr_fail(errno, "%s: %s", *name, strerror(errno));
    }
    copy = tmpfile();
    rc = copy ? copy_all(fd, copy, *name)
              : hr_fail(errno, "%s: no temporary file for a copy: %s", *name, strerror(errno));
    if (rc == 0 &&
        (fflush(copy) || fseek(copy, 0, SEEK_SET) || dup2(fileno(copy), STDIN_FILENO) < 0)) {
        rc = hr_fail(errno, "%s: cannot be copied: %s", *name, strerror(errno));
    }
    if (copy) {
        fclose(copy);
    }
    if (!standard) {
        close(fd);
    }
    if (rc == 0) {
        *name = "-";
    }
    return rc;
}
