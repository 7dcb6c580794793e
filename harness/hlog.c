/* hlog.c - how do other tools read our histograms? One line an interval of an HdrHistogram V2 log:
 * text, and in it base64 of a zlib stream of the V2 encoding. The stream is made of stored
 * (uncompressed) blocks: a valid one needs no compressor, and zeros are already run-length coded.
 */
#include "harness/error.h"
#include "harness/histogram.h"
#include "harness/histogram_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COOKIE 0x1c849303u
#define COOKIE_COMPRESSED 0x1c849304u
#define COOKIE_WORD_SIZE 0x10u
#define HEADER_BYTES 40u
#define LEB_BYTES_MAX 9u
#define STORED_MAX 65535u
#define TAG_MAX 200u

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        *at++ = (uint8_t)(value >> shift);
    }
    return at;
}

static uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    return put_u32(put_u32(at, (uint32_t)(value >> 32)), (uint32_t)value);
}

/* ZigZag LEB128-64b9B: seven bits a byte, but the ninth byte holds eight. */
static uint8_t *put_zigzag(uint8_t *at, int64_t value)
{
    uint64_t v = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);

    for (unsigned i = 1; v >= 0x80 && i < LEB_BYTES_MAX; i++, v >>= 7) {
        *at++ = (uint8_t)(v | 0x80);
    }
    *at++ = (uint8_t)v;
    return at;
}

/* The counts up to the last that is not 0; a run of zeros is one negative number. */
static uint8_t *put_counts(uint8_t *at, const struct hr_histogram *h)
{
    uint32_t end = HR_HISTOGRAM_COUNTS;

    while (end && h->counts[end - 1] == 0) {
        end--;
    }
    if (end == 0) {
        return put_zigzag(at, 0); /* readers expect at least one count */
    }
    for (uint32_t i = 0; i < end;) {
        uint32_t zeros = 0;

        while (h->counts[i + zeros] == 0) {
            zeros++; /* ends before `end`: the last is not 0 */
        }
        if (zeros) {
            at = put_zigzag(at, -(int64_t)zeros);
            i += zeros;
        } else {
            uint64_t count = h->counts[i++];

            at = put_zigzag(at, count > INT64_MAX ? INT64_MAX : (int64_t)count);
        }
    }
    return at;
}

static size_t encode(uint8_t *out, const struct hr_histogram *h)
{
    const double one = 1;
    uint64_t ratio;
    uint8_t *at = out, *counts = out + HEADER_BYTES, *end = put_counts(counts, h);

    memcpy(&ratio, &one, sizeof(ratio));
    at = put_u32(at, COOKIE | COOKIE_WORD_SIZE);
    at = put_u32(at, (uint32_t)(end - counts));
    at = put_u32(at, 0); /* normalizing index offset */
    at = put_u32(at, HR_HISTOGRAM_DIGITS);
    at = put_u64(at, 1); /* lowest discernible value */
    at = put_u64(at, HR_HISTOGRAM_MAX);
    put_u64(at, ratio); /* integer to double */
    return (size_t)(end - out);
}

static uint32_t adler32(const uint8_t *data, size_t bytes)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < bytes; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* RFC 1950 around stored blocks of RFC 1951. */
static size_t store(uint8_t *out, const uint8_t *data, size_t bytes)
{
    uint8_t *at = out;
    size_t done = 0;

    *at++ = 0x78;
    *at++ = 0x01;
    do {
        size_t part = bytes - done < STORED_MAX ? bytes - done : STORED_MAX;

        *at++ = done + part == bytes; /* last block, type stored */
        *at++ = (uint8_t)part;
        *at++ = (uint8_t)(part >> 8);
        *at++ = (uint8_t)~part;
        *at++ = (uint8_t)(~part >> 8);
        memcpy(at, data + done, part);
        at += part;
        done += part;
    } while (done < bytes);
    return (size_t)(put_u32(at, adler32(data, bytes)) - out);
}

static void put_base64(FILE *file, const uint8_t *data, size_t bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t v = (uint32_t)data[i] << 16 | (i + 1 < bytes ? (uint32_t)data[i + 1] << 8 : 0) |
                     (i + 2 < bytes ? data[i + 2] : 0);

        putc(letters[v >> 18], file);
        putc(letters[v >> 12 & 63], file);
        putc(i + 1 < bytes ? letters[v >> 6 & 63] : '=', file);
        putc(i + 2 < bytes ? letters[v & 63] : '=', file);
    }
}

int hr_hlog_begin(FILE *file, double start_s)
{
    time_t start = (time_t)start_s;
    char date[40] = "";
    struct tm utc;

    if (gmtime_r(&start, &utc)) {
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    fprintf(file,
            "#[Histogram log format version 1.3]\n"
            "#[StartTime: %.3f (seconds since epoch), %s]\n"
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_"
            "Histogram\"\n",
            start_s, date);
    return ferror(file) ? hr_fail(EIO, "cannot write the histogram log") : 0;
}

/* A tag must hold no comma, blank or line end: they end it. */
static void put_tag(FILE *file, const char *tag)
{
    fputs("Tag=", file);
    for (size_t i = 0; tag[i] && i < TAG_MAX; i++) {
        unsigned char c = (unsigned char)tag[i];

        putc(c <= ' ' || c == ',' || c == 0x7F ? '_' : c, file);
    }
    putc(',', file);
}

int hr_hlog_write(FILE *file, const char *tag, const struct hr_histogram *h, double start_s,
                  double length_s)
{
    const size_t raw_max = HEADER_BYTES + (size_t)HR_HISTOGRAM_COUNTS * LEB_BYTES_MAX;
    const size_t out_max = 8 + raw_max + 5 * (raw_max / STORED_MAX + 1) + 6;
    uint8_t *raw = malloc(raw_max), *out = malloc(out_max);
    size_t bytes;

    if (!raw || !out) {
        free(raw);
        free(out);
        return hr_fail(ENOMEM, "out of memory");
    }
    bytes = store(out + 8, raw, encode(raw, h));
    put_u32(put_u32(out, COOKIE_COMPRESSED | COOKIE_WORD_SIZE), (uint32_t)bytes);
    if (tag && *tag) {
        put_tag(file, tag);
    }
    fprintf(file, "%.3f,%.3f,%.3f,", start_s, length_s, (double)hr_histogram_max(h) / 1e6);
    put_base64(file, out, bytes + 8);
    putc('\n', file);
    free(raw);
    free(out);
    return ferror(file) ? hr_fail(EIO, "cannot write the histogram log") : 0;
}
