/* histogram_test.c - layout, percentiles of known distributions, and the log other tools read. */
#include "harness/histogram.h"
#include "harness/histogram_counts.h"
#include "harness/random.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

TEST(histogram, small_values_are_exact_and_large_ones_within_a_thousandth)
{
    struct hr_histogram *h = hr_histogram_new();
    uint64_t value = 1;

    for (uint64_t v = 0; v < 2048; v += 7) {
        hr_histogram_reset(h);
        hr_histogram_record(h, v);
        hr_histogram_record(h, HR_HISTOGRAM_MAX); /* so that the maximum does not cap the answer */
        CHECK_EQ(hr_histogram_percentile(h, 50), v);
    }
    for (; value < HR_HISTOGRAM_MAX; value = value * 3 / 2 + 1) {
        uint64_t seen;

        hr_histogram_reset(h);
        hr_histogram_record(h, value);
        hr_histogram_record(h, HR_HISTOGRAM_MAX);
        seen = hr_histogram_percentile(h, 50);
        CHECK(seen >= value && (double)(seen - value) <= (double)value / 1000);
    }
    hr_histogram_free(h);
}

TEST(histogram, percentiles_of_a_known_distribution)
{
    static const struct {
        double percentile;
        uint64_t value;
    } known[] = {{0, 1},    {0.1, 1},    {50, 500},     {90, 900},
                 {99, 990}, {99.9, 999}, {99.91, 1000}, {100, 1000}};
    struct hr_histogram *h = hr_histogram_new();

    CHECK_EQ(hr_histogram_percentile(h, 99), 0);
    CHECK_EQ(hr_histogram_min(h), 0);
    for (uint64_t v = 1000; v >= 1; v--) {
        hr_histogram_record(h, v);
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        CHECK_EQ(hr_histogram_percentile(h, known[i].percentile), known[i].value);
    }
    CHECK_EQ(hr_histogram_count(h), 1000);
    CHECK_EQ(hr_histogram_min(h), 1);
    CHECK_EQ(hr_histogram_max(h), 1000);
    CHECK_NEAR(hr_histogram_mean(h), 500.5, 1e-9);
    CHECK_EQ(hr_histogram_count_above(h, 990), 10);
    CHECK_EQ(hr_histogram_count_above(h, 0), 1000);
    CHECK_EQ(hr_histogram_count_above(h, 1000), 0);
    CHECK_EQ(hr_histogram_count_above(h, UINT64_MAX), 0);
    hr_histogram_free(h);
}

TEST(histogram, an_exponential_distribution_keeps_its_quantiles)
{
    struct hr_histogram *h = hr_histogram_new();
    struct hr_random random;
    double last = 0;

    hr_random_init(&random, 1, 1);
    for (int i = 0; i < 200000; i++) {
        hr_histogram_record(h, (uint64_t)(-log(1 - hr_random_unit(&random)) * 1e6));
    }
    CHECK_NEAR((double)hr_histogram_percentile(h, 50) / (log(2) * 1e6), 1, 0.02);
    CHECK_NEAR((double)hr_histogram_percentile(h, 99) / (log(100) * 1e6), 1, 0.03);
    CHECK_NEAR(hr_histogram_mean(h) / 1e6, 1, 0.02);
    for (double p = 0; p <= 100; p += 0.25) {
        CHECK((double)hr_histogram_percentile(h, p) >= last);
        last = (double)hr_histogram_percentile(h, p);
    }
    hr_histogram_free(h);
}

TEST(histogram, what_is_too_large_is_clamped_and_counted)
{
    struct hr_histogram *h = hr_histogram_new(), *sum = hr_histogram_new();

    hr_histogram_record(h, HR_HISTOGRAM_MAX);
    hr_histogram_record(h, HR_HISTOGRAM_MAX + 1);
    hr_histogram_record_n(h, UINT64_MAX, 5);
    hr_histogram_record_n(h, 7, UINT64_MAX); /* saturates, does not wrap */
    hr_histogram_record_n(h, 7, 2);
    hr_histogram_record_n(h, 9, 0);
    CHECK_EQ(hr_histogram_clamped(h), 6);
    CHECK_EQ(hr_histogram_max(h), HR_HISTOGRAM_MAX);
    CHECK(hr_histogram_count(h) == UINT64_MAX);
    CHECK_EQ(hr_histogram_percentile(h, 50), 7);
    hr_histogram_add(sum, h);
    hr_histogram_add(sum, h);
    CHECK_EQ(hr_histogram_clamped(sum), 12);
    CHECK_EQ(hr_histogram_min(sum), 7);
    hr_histogram_free(h);
    hr_histogram_free(sum);
}

TEST(histogram, how_many_samples_a_percentile_needs)
{
    CHECK_EQ(hr_histogram_samples_needed(99), 299);
    CHECK_EQ(hr_histogram_samples_needed(99.9), 2995);
    CHECK_EQ(hr_histogram_samples_needed(99.99), 29956);
    CHECK_EQ(hr_histogram_samples_needed(50), 5);
    CHECK_EQ(hr_histogram_samples_needed(0), 1);
    CHECK(hr_histogram_samples_needed(100) == UINT64_MAX);
}

TEST(histogram, points_rise_and_end_at_the_maximum)
{
    struct hr_histogram *h = hr_histogram_new();
    struct hr_histogram_point points[50];
    int n;

    CHECK_EQ(hr_histogram_points(h, points, 50), 0);
    for (uint64_t v = 1; v <= 100000; v++) {
        hr_histogram_record(h, v * 10);
    }
    for (int max = 1; max <= 50; max += 7) {
        n = hr_histogram_points(h, points, max);
        CHECK(n >= 1 && n <= max);
        for (int i = 1; i < n; i++) {
            CHECK(points[i].value > points[i - 1].value &&
                  points[i].percentile > points[i - 1].percentile);
        }
        CHECK_EQ(points[n - 1].value, 1000000);
        CHECK_NEAR(points[n - 1].percentile, 100, 0);
    }
    CHECK(n > 20);
    hr_histogram_free(h);
}

/* ---- reading a log line back: base64, stored blocks, the V2 encoding ---- */

static size_t read_base64(const char *text, uint8_t *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *at = out;
    uint32_t bits = 0;
    int have = 0;

    for (; *text && *text != '\n' && *text != '='; text++) {
        const char *letter = strchr(letters, *text);

        CHECK(letter);
        bits = bits << 6 | (uint32_t)(letter - letters);
        have += 6;
        if (have >= 8) {
            have -= 8;
            *at++ = (uint8_t)(bits >> have);
        }
    }
    return (size_t)(at - out);
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static size_t inflate_stored(const uint8_t *in, size_t bytes, uint8_t *out)
{
    const uint8_t *at = in + 2, *end = in + bytes;
    uint32_t a = 1, b = 0;
    size_t length = 0;

    CHECK(in[0] == 0x78 && (in[0] * 256 + in[1]) % 31 == 0);
    for (int last = 0; !last;) {
        size_t part = (size_t)at[1] | (size_t)at[2] << 8;

        CHECK(at + 5 + part <= end && at[0] <= 1);
        CHECK_EQ((at[1] ^ at[3]) & (at[2] ^ at[4]), 255);
        last = at[0];
        memcpy(out + length, at + 5, part);
        length += part;
        at += 5 + part;
    }
    for (size_t i = 0; i < length; i++) {
        a = (a + out[i]) % 65521;
        b = (b + a) % 65521;
    }
    CHECK(at + 4 == end && read_u32(at) == (b << 16 | a));
    return length;
}

static int64_t read_zigzag(const uint8_t **at)
{
    uint64_t v = 0;

    for (int i = 0; i < 9; i++) {
        uint8_t byte = *(*at)++;

        v |= (uint64_t)(i < 8 ? byte & 0x7F : byte) << (7 * i);
        if (i == 8 || !(byte & 0x80)) {
            break;
        }
    }
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static void check_line(const char *line, const struct hr_histogram *h)
{
    static uint8_t packed[1 << 20], raw[1 << 20];
    const char *text = strrchr(line, ',') + 1;
    const uint8_t *at = raw + 40;
    size_t bytes = read_base64(text, packed), length, i = 0;

    CHECK_EQ(read_u32(packed), 0x1c849304 | 0x10);
    CHECK_EQ(read_u32(packed + 4), bytes - 8);
    length = inflate_stored(packed + 8, bytes - 8, raw);
    CHECK_EQ(read_u32(raw), 0x1c849303 | 0x10);
    CHECK_EQ(read_u32(raw + 4), length - 40);
    CHECK_EQ(read_u32(raw + 12), 3);
    CHECK_EQ(read_u32(raw + 20), 1);
    while (at < raw + length) {
        int64_t value = read_zigzag(&at);

        if (value < 0) {
            for (int64_t z = 0; z < -value; z++) {
                CHECK_EQ(h->counts[i++], 0);
            }
        } else {
            CHECK_EQ(h->counts[i++], value);
        }
    }
    CHECK(at == raw + length);
    for (; i < HR_HISTOGRAM_COUNTS; i++) {
        CHECK_EQ(h->counts[i], 0);
    }
}

TEST(histogram, a_log_line_reads_back)
{
    struct hr_histogram *h = hr_histogram_new();
    struct hr_random random;
    char *text = NULL;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);

    CHECK_EQ(hr_hlog_begin(file, 1795852800.0), 0);
    CHECK_EQ(hr_hlog_write(file, "empty, really", h, 0, 1), 0);
    fflush(file);
    CHECK(strstr(text, "Tag=empty__really,0.000,1.000,0.000,"));
    check_line(strstr(text, "Tag="), h);

    hr_random_init(&random, 7, 1);
    for (int i = 0; i < 30000; i++) { /* wide enough for more than one stored block */
        hr_histogram_record_n(h, hr_random_u64(&random) >> (22 + hr_random_below(&random, 42)),
                              hr_random_u64(&random) >> (20 + hr_random_below(&random, 44)));
    }
    hr_histogram_record_n(h, 5, (uint64_t)INT64_MAX - h->counts[5]);
    rewind(file);
    CHECK_EQ(hr_hlog_write(file, NULL, h, 0, 1), 0);
    fclose(file);
    check_line(text, h);
    free(text);
    hr_histogram_free(h);
}

/* The same line through a real inflater, where there is one. */
TEST(histogram, zlib_reads_a_log_line)
{
    static const char script[] =
        "import sys,base64,zlib,struct\n"
        "b=base64.b64decode(sys.stdin.readlines()[-1].strip().split(',')[-1])\n"
        "assert struct.unpack('>II',b[:8])==(0x1c849314,len(b)-8)\n"
        "r=zlib.decompress(b[8:])\n"
        "assert struct.unpack('>IIIIQQd',r[:40])[3:]==(3,1,3600000000000,1.0)\n"
        "i=40;n=0;t=0\n"
        "while i<len(r):\n"
        "  v=0;s=0\n"
        "  while True:\n"
        "    c=r[i];i+=1;v|=(c if s==56 else c&127)<<s\n"
        "    if s==56 or c<128: break\n"
        "    s+=7\n"
        "  v=(v>>1)^-(v&1)\n"
        "  n+=-v if v<0 else 1;t+=max(v,0)\n"
        "print(n,t)\n";
    struct hr_histogram *h = hr_histogram_new();
    char name[] = "/tmp/headroom-hlog-XXXXXX", command[4096];
    unsigned long long indices, total;
    FILE *file;

    if (system("python3 -c 'import zlib' >/dev/null 2>&1") != 0) {
        hr_histogram_free(h);
        SKIP("no python3 with zlib");
    }
    for (uint64_t v = 0; v < 100000; v++) {
        hr_histogram_record(h, v * v);
    }
    file = fdopen(mkstemp(name), "w");
    CHECK(file && hr_hlog_begin(file, 0) == 0 && hr_hlog_write(file, "x", h, 0, 1) == 0);
    CHECK_EQ(fclose(file), 0);
    snprintf(command, sizeof(command), "python3 -c \"%s\" <%s", script, name);
    file = popen(command, "r");
    CHECK(file && fscanf(file, "%llu %llu", &indices, &total) == 2);
    CHECK_EQ(pclose(file), 0);
    remove(name);
    CHECK_EQ(total, 100000);
    CHECK(indices > 20000 && indices <= HR_HISTOGRAM_COUNTS);
    hr_histogram_free(h);
}
