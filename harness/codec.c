/* codec.c - a flow from a file, whatever its format: tells formats by their first bytes, reads the
 * text and the binary form, and hands recorded markets to their readers. Requests before a bad one
 * are delivered before its failure is. */
#include "harness/error.h"
#include "harness/flow_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char header_magic[8] = "HRFLOW1\n";

void hr_flow_header_put(uint8_t header[HR_FLOW_HEADER_BYTES], uint64_t count)
{
    memcpy(header, header_magic, 8);
    for (int i = 0; i < 8; i++) {
        header[8 + i] = (uint8_t)(count >> (8 * i));
    }
}

int hr_flow_need(struct hr_flow_file *file, size_t bytes)
{
    while ((size_t)(file->bytes.end - file->bytes.at) < bytes) {
        int rc = hr_bytes_more(&file->bytes);

        if (rc <= 0) {
            return rc;
        }
    }
    return 1;
}

int hr_flow_line(struct hr_flow_file *file, const char **text, const char **end)
{
    struct hr_bytes *b = &file->bytes;
    size_t searched = 0;

    for (;;) {
        size_t seen = (size_t)(b->end - b->at);
        const uint8_t *newline =
            searched < seen ? memchr(b->at + searched, '\n', seen - searched) : NULL;

        if (newline) {
            *text = (const char *)b->at;
            *end = (const char *)newline;
            b->at = newline + 1;
            file->line++;
            return 1;
        }
        searched = seen;
        int rc = hr_bytes_more(b);
        if (rc < 0) {
            return rc;
        }
        if (rc == 0) {
            if (!b->finished) {
                return hr_fail(EINVAL, "%s:%llu: the line is longer than %u bytes: this is no flow",
                               file->name, (unsigned long long)file->line + 1, HR_BYTES_WINDOW);
            }
            *text = (const char *)b->at;
            *end = (const char *)b->end;
            b->at = b->end;
            file->line += *text < *end;
            return *text < *end;
        }
    }
}

/* ---- the text form ---- */

static int start_csv(struct hr_flow_file *file)
{
    (void)file;
    return 0;
}

static int next_csv(struct hr_flow_file *file, struct eut_request *request)
{
    for (;;) {
        const char *text, *end, *why;
        int rc = hr_flow_line(file, &text, &end);

        if (rc <= 0) {
            return rc;
        }
        rc = hr_text_parse_request(text, end, request, &why);
        if (rc == 0) {
            return 1;
        }
        if (rc < 0) {
            return hr_fail(EINVAL, "%s:%llu: %s", file->name, (unsigned long long)file->line, why);
        }
    }
}

/* ---- the binary form ---- */

static int start_bin(struct hr_flow_file *file)
{
    int rc = hr_flow_need(file, HR_FLOW_HEADER_BYTES);

    if (rc < 0) {
        return rc;
    }
    if (rc == 0 || memcmp(file->bytes.at, header_magic, sizeof(header_magic)) != 0) {
        return hr_fail(
            EINVAL,
            "%s: byte 0: a binary flow starts with \"HRFLOW1\" and a newline, then a count of "
            "8 bytes: this is another format, or cut short",
            file->name);
    }
    for (int i = 7; i >= 0; i--) {
        file->left = file->left << 8 | file->bytes.at[8 + i];
    }
    file->counted = file->left != 0;
    file->bytes.at += HR_FLOW_HEADER_BYTES;
    return 0;
}

static int next_bin(struct hr_flow_file *file, struct eut_request *request)
{
    int rc = hr_flow_need(file, sizeof(*request));
    size_t seen = (size_t)(file->bytes.end - file->bytes.at);
    unsigned long long offset = hr_bytes_offset(&file->bytes);

    if (rc < 0) {
        return rc;
    }
    if (file->counted && file->left == 0) {
        return seen == 0
                   ? 0
                   : hr_fail(
                         EINVAL,
                         "%s: byte %llu: more follows than the header's count says: the header or "
                         "the file is wrong",
                         file->name, offset);
    }
    if (seen == 0 && !file->counted) {
        return 0;
    }
    if (seen < sizeof(*request)) {
        return file->counted
                   ? hr_fail(EINVAL,
                             "%s: byte %llu: cut short: the header promises %llu more requests of "
                             "32 bytes",
                             file->name, offset, (unsigned long long)file->left)
                   : hr_fail(EINVAL,
                             "%s: byte %llu: cut short: a request has 32 bytes, here are %zu",
                             file->name, offset, seen);
    }
    memcpy(request, file->bytes.at,
           sizeof(*request)); /* little-endian, as tape.c asserts of the host */
    request->reserved = 0;
    file->bytes.at += sizeof(*request);
    file->left -= file->counted;
    return 1;
}

/* ---- any form ---- */

static const struct hr_flow_reader csv_reader = {HR_FORMAT_CSV, "csv", start_csv, next_csv};
static const struct hr_flow_reader bin_reader = {HR_FORMAT_BIN, "bin", start_bin, next_bin};
static const struct hr_flow_reader *const readers[] = {&csv_reader, &bin_reader, &hr_itch50_reader,
                                                       &hr_lobster_reader};
#define READERS (sizeof(readers) / sizeof(readers[0]))

const char *hr_format_name(enum hr_format format)
{
    for (size_t i = 0; i < READERS; i++) {
        if (readers[i]->format == format) {
            return readers[i]->name;
        }
    }
    return "auto";
}

int hr_format_parse(const char *name, enum hr_format *format)
{
    *format = HR_FORMAT_AUTO;
    for (size_t i = 0; i < READERS; i++) {
        if (strcmp(readers[i]->name, name) == 0) {
            *format = readers[i]->format;
            return 0;
        }
    }
    return strcmp(name, "auto") == 0
               ? 0
               : hr_fail(EINVAL, "no flow format '%s': csv, bin, itch50, lobster or auto", name);
}

/* ITCH starts with the high byte of a length, which is 0; LOBSTER with a time; text with a letter.
 */
static enum hr_format guess(const uint8_t *at, size_t seen)
{
    if (seen >= sizeof(header_magic) && memcmp(at, header_magic, sizeof(header_magic)) == 0) {
        return HR_FORMAT_BIN;
    }
    if (seen > 0 && at[0] == 0) {
        return HR_FORMAT_ITCH50;
    }
    return seen > 0 && at[0] >= '0' && at[0] <= '9' ? HR_FORMAT_LOBSTER : HR_FORMAT_CSV;
}

static struct hr_flow_file *named(const char *name)
{
    struct hr_flow_file *file = calloc(1, sizeof(*file));

    if (!file || !(file->name = strdup(name))) {
        free(file);
        (void)hr_fail(ENOMEM, "%s: no memory to read it", name);
        return NULL;
    }
    return file;
}

/* The bytes are open: which format, and its beginning. */
static int begin(struct hr_flow_file *file, enum hr_format format)
{
    int rc = hr_flow_need(file, HR_FLOW_HEADER_BYTES);

    if (rc < 0) {
        return rc;
    }
    if (format == HR_FORMAT_AUTO) {
        format = guess(file->bytes.at, (size_t)(file->bytes.end - file->bytes.at));
    }
    for (size_t i = 0; i < READERS; i++) {
        if (readers[i]->format == format) {
            file->reader = readers[i];
        }
    }
    return file->reader->start(file);
}

static int opened(struct hr_flow_file **out, struct hr_flow_file *file, int rc,
                  enum hr_format format)
{
    rc = rc ? rc : begin(file, format);
    if (rc) {
        hr_flow_file_close(file);
        file = NULL;
    }
    *out = file;
    return rc;
}

int hr_flow_file_open(struct hr_flow_file **out, const char *name, enum hr_format format)
{
    struct hr_flow_file *file = *out = named(strcmp(name, "-") == 0 ? "standard input" : name);

    return file ? opened(out, file, hr_bytes_open(&file->bytes, name), format) : -ENOMEM;
}

int hr_flow_file_open_memory(struct hr_flow_file **out, const void *data, size_t size, size_t piece,
                             enum hr_format format)
{
    struct hr_flow_file *file = *out = named("memory");

    return file ? opened(out, file, hr_bytes_open_memory(&file->bytes, data, size, piece), format)
                : -ENOMEM;
}

int hr_flow_file_read(struct hr_flow_file *file, struct eut_request *requests, uint32_t count)
{
    uint32_t made = 0;

    if (file->recorded && count > HR_RECORDED_READ_MAX) {
        count = HR_RECORDED_READ_MAX;
    }
    while (!file->failed && made < count) {
        int rc = file->reader->next(file, &requests[made]);

        if (rc == 0) {
            break;
        }
        if (rc < 0) {
            file->failed = rc;
            file->failure = strdup(hr_error());
            break;
        }
        if (file->recorded) {
            file->recorded->expected[made] = file->recorded->expected_next;
        }
        made++;
    }
    if (made == 0 && file->failed) {
        return hr_fail(-file->failed, "%s", file->failure ? file->failure : file->name);
    }
    return (int)made;
}

uint64_t hr_flow_file_bytes(const struct hr_flow_file *file)
{
    return hr_bytes_offset(&file->bytes);
}

enum hr_format hr_flow_file_format(const struct hr_flow_file *file)
{
    return file->reader->format;
}

const struct hr_recorded_counts *hr_flow_file_recorded(const struct hr_flow_file *file)
{
    return file->recorded ? &file->recorded->counts : NULL;
}

uint64_t hr_flow_file_expected(const struct hr_flow_file *file, uint32_t index)
{
    return file->recorded && index < HR_RECORDED_READ_MAX ? file->recorded->expected[index] : 0;
}

void hr_flow_file_close(struct hr_flow_file *file)
{
    if (!file) {
        return;
    }
    hr_bytes_close(&file->bytes);
    hr_recorded_free(file->recorded);
    free(file->failure);
    free(file->name);
    free(file);
}

/* ---- how large ---- */

/* Text, without parsing all of it: letters and markets of lines that may yet turn out to be bad. */
static int csv_extent(struct hr_flow_file *file, struct hr_flow_extent *extent)
{
    const char *text, *end;
    int rc;

    while ((rc = hr_flow_line(file, &text, &end)) > 0) {
        uint64_t market = 0;

        if (text == end || *text == '#' || *text == '\r') {
            continue;
        }
        extent->requests++;
        extent->news += *text == EUT_NEW;
        extent->quotes += *text == EUT_QUOTE;
        for (text += 2; text < end && *text >= '0' && *text <= '9' && market <= UINT32_MAX;
             text++) {
            market = market * 10 + (uint64_t)(*text - '0');
        }
        if (market > extent->market_max && market <= UINT32_MAX) {
            extent->market_max = (uint32_t)market;
        }
    }
    return rc;
}

static int any_extent(struct hr_flow_file *file, struct hr_flow_extent *extent)
{
    struct eut_request requests[256];
    int count;

    while ((count = hr_flow_file_read(file, requests, 256)) > 0) {
        extent->requests += (uint64_t)count;
        for (int i = 0; i < count; i++) {
            extent->news += requests[i].op == EUT_NEW;
            extent->quotes += requests[i].op == EUT_QUOTE;
            if (requests[i].market > extent->market_max) {
                extent->market_max = requests[i].market;
            }
        }
    }
    return count;
}

int hr_flow_file_extent(const char *name, enum hr_format format, struct hr_flow_extent *extent)
{
    off_t from = strcmp(name, "-") == 0 ? lseek(STDIN_FILENO, 0, SEEK_CUR) : -1;
    struct hr_flow_file *file;
    int rc = hr_flow_file_open(&file, name, format);

    *extent = (struct hr_flow_extent){0};
    if (rc) {
        return rc;
    }
    rc = file->reader == &csv_reader ? csv_extent(file, extent) : any_extent(file, extent);
    hr_flow_file_close(file);
    if (rc < 0) {
        hr_error_clear();
    }
    if (from >= 0 && lseek(STDIN_FILENO, from, SEEK_SET) < 0) {
        return hr_fail(errno, "standard input cannot be read twice: %s", strerror(errno));
    }
    return 0;
}
