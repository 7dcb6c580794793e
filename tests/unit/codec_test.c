/* codec_test.c - flow files of every form, read in pieces of every size: all of it arrives, bad
 * input is refused where it is bad and after what came before it. */
#include "harness/codec.h"
#include "harness/error.h"
#include "tests/test.h"

#include <stdlib.h>
#include <zstd.h>

#define ALL_MAX 4096

struct all {
    struct eut_request r[ALL_MAX];
    uint32_t count;
    int rc;
    enum hr_format format;
};
static struct all got;

static const struct all *read_all(const void *data, size_t size, size_t piece,
                                  enum hr_format format)
{
    struct hr_flow_file *file;

    hr_error_clear();
    got.count = 0;
    got.rc = hr_flow_file_open_memory(&file, data, size, piece, format);
    if (got.rc) {
        return &got;
    }
    got.format = hr_flow_file_format(file);
    for (uint32_t room = 1; got.count < ALL_MAX; room = room % 7 + 1) {
        uint32_t left = ALL_MAX - got.count;
        int n = hr_flow_file_read(file, got.r + got.count, room < left ? room : left);

        if (n <= 0) {
            got.rc = n;
            break;
        }
        got.count += (uint32_t)n;
    }
    if (got.rc < 0) { /* and it stays so */
        CHECK(hr_flow_file_read(file, got.r, 1) == got.rc);
    }
    hr_flow_file_close(file);
    return &got;
}

static const size_t pieces[] = {1, 3, 64, 1000, 1u << 20};
#define EACH_PIECE(i) for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)

TEST(codec, text_with_comments_and_without_a_last_newline)
{
    static const char text[] = "# a flow\n\nN,1,2,3,B,L,D,4,5\r\n#\nC,1,2,3\n\r\nQ,9,S,7,8";

    EACH_PIECE(i)
    {
        const struct all *a = read_all(text, sizeof(text) - 1, pieces[i], HR_FORMAT_AUTO);

        CHECK_EQ(a->rc, 0);
        CHECK_EQ(a->format, HR_FORMAT_CSV);
        CHECK_EQ(a->count, 3);
        CHECK_EQ(a->r[2].price, 7);
    }
    CHECK_EQ(read_all("", 0, 1, HR_FORMAT_AUTO)->count, 0);
    CHECK_EQ(read_all("\n\n#x", 4, 1, HR_FORMAT_AUTO)->rc, 0);
}

TEST(codec, a_bad_line_has_its_number)
{
    static const char text[] = "# a flow\nN,1,2,3,B,L,D,4,5\n\nC,1,2,x\nC,1,2,3\n";

    EACH_PIECE(i)
    {
        const struct all *a = read_all(text, sizeof(text) - 1, pieces[i], HR_FORMAT_CSV);

        CHECK(a->rc < 0);
        CHECK_EQ(a->count, 1);
        CHECK(strncmp(hr_error(), "memory:4: order is not", 22) == 0);
    }
}

TEST(codec, a_line_without_end_is_refused)
{
    size_t size = (1u << 20) + 10;
    char *text = malloc(size);

    CHECK(text != NULL);
    memset(text, '7', size);
    memcpy(text, "C,1,1,1\nC,", 10);
    const struct all *a = read_all(text, size, 5000, HR_FORMAT_CSV);
    CHECK(a->rc < 0 && a->count == 1 && strstr(hr_error(), ":2: the line is longer"));
    free(text);
}

/* A flow of n requests in the binary form. */
static size_t binary(uint8_t *at, uint64_t count, uint32_t n)
{
    hr_flow_header_put(at, count);
    for (uint32_t i = 0; i < n; i++) {
        struct eut_request r = {i + 1, i, 7, 10, 5, 'N', 'B', 'L', 'D', 0xFFFF};

        memcpy(at + HR_FLOW_HEADER_BYTES + i * sizeof(r), &r, sizeof(r));
    }
    return HR_FLOW_HEADER_BYTES + n * sizeof(struct eut_request);
}

TEST(codec, binary_forms)
{
    static const struct {
        uint64_t count; /* in the header */
        uint32_t n, cut;
        uint32_t expected;
        const char *why; /* NULL: fine */
    } cases[] = {
        {100, 100, 0, 100, NULL},
        {0, 100, 0, 100, NULL},
        {0, 0, 0, 0, NULL},
        {0, 10, 5, 9, "byte 304: cut short"},
        {10, 10, 5, 9, "promises 1 more"},
        {11, 10, 0, 10, "promises 1 more"},
        {9, 10, 0, 9, "more follows"},
        {UINT64_MAX, 10, 0, 10, "promises"},
    };
    static uint8_t bytes[HR_FLOW_HEADER_BYTES + 100 * 32];

    EACH_PIECE(k)
    {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            size_t size = binary(bytes, cases[i].count, cases[i].n) - cases[i].cut;
            const struct all *a = read_all(bytes, size, pieces[k], HR_FORMAT_AUTO);

            CHECK_EQ(a->count, cases[i].expected);
            CHECK_EQ(a->rc < 0, cases[i].why != NULL);
            CHECK(!cases[i].why || strstr(hr_error(), cases[i].why));
            for (uint32_t j = 0; j < a->count; j++) {
                CHECK(a->r[j].order == j + 1 && a->r[j].reserved == 0 && a->r[j].qty == 5);
            }
        }
    }
    CHECK(read_all(bytes, 12, 5, HR_FORMAT_BIN)->rc < 0 && strstr(hr_error(), "byte 0"));
    CHECK(read_all("", 0, 5, HR_FORMAT_BIN)->rc < 0);
    CHECK(read_all("N,1,2,3,B,L,D,4,5\n", 18, 5, HR_FORMAT_BIN)->rc < 0);
}

TEST(codec, zstd_is_read_through)
{
    static uint8_t bytes[HR_FLOW_HEADER_BYTES + 100 * 32], packed[16384];
    size_t half = HR_FLOW_HEADER_BYTES + 50 * 32, size = binary(bytes, 100, 100);
    size_t n =
        ZSTD_compress(packed, sizeof(packed), bytes, half, 1); /* two frames, one after the other */

    n += ZSTD_compress(packed + n, sizeof(packed) - n, bytes + half, size - half, 1);
    EACH_PIECE(i)
    {
        const struct all *a = read_all(packed, n, pieces[i], HR_FORMAT_AUTO);

        CHECK_EQ(a->rc, 0);
        CHECK_EQ(a->format, HR_FORMAT_BIN);
        CHECK_EQ(a->count, 100);
        CHECK_EQ(a->r[99].order, 100);
        CHECK(read_all(packed, n - 3, pieces[i], HR_FORMAT_AUTO)->rc < 0 &&
              strstr(hr_error(), "cut short"));
    }
    packed[n / 2] ^= 0x55;
    packed[n / 2 + 1] ^= 0x55;
    CHECK(read_all(packed, n, 100, HR_FORMAT_AUTO)->rc < 0 || got.count != 100 ||
          got.r[99].order != 100);
    CHECK(read_all("\x1f\x8b\x08gz", 5, 100, HR_FORMAT_AUTO)->rc < 0 && strstr(hr_error(), "gzip"));
}

TEST(codec, files_that_are_none)
{
    struct hr_flow_file *file;
    enum hr_format format;

    CHECK(hr_flow_file_open(&file, "tests/no-such-flow.csv", HR_FORMAT_AUTO) < 0 && !file);
    CHECK(strstr(hr_error(), "tests/no-such-flow.csv: No such file") != NULL);
    CHECK(hr_flow_file_open(&file, "tests", HR_FORMAT_AUTO) < 0 &&
          strstr(hr_error(), "is a directory"));
    CHECK(hr_format_parse("xml", &format) < 0 && strstr(hr_error(), "csv, bin, itch50"));
    CHECK(hr_format_parse("lobster", &format) == 0 && format == HR_FORMAT_LOBSTER);
    CHECK_STR(hr_format_name(format), "lobster");
}
