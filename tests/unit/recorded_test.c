/* recorded_test.c - ITCH 5.0 and LOBSTER, written here byte by byte: do their messages become the
 * requests that recorded.h promises, with the expected makers, and is the rest counted? */
#include "harness/codec.h"
#include "harness/error.h"
#include "harness/recorded.h"
#include "tests/test.h"

#include <stdarg.h>

/* ---- writing ITCH ---- */

static uint8_t itch[1 << 16];
static size_t itch_size;
static bool real_lengths;

/* A message as a list of widths and values, ended by width 0. */
static void message(char type, unsigned locate, ...)
{
    uint8_t *start = itch + itch_size + 2, *at = start;
    va_list args;

    memset(start, 0, 64);
    *at++ = (uint8_t)type;
    *at++ = (uint8_t)(locate >> 8);
    *at++ = (uint8_t)locate;
    at += 8; /* tracking number, time */
    va_start(args, locate);
    for (int width; (width = va_arg(args, int)) != 0;) {
        uint64_t value = va_arg(args, uint64_t);

        for (int i = width - 1; i >= 0; i--) {
            *at++ = (uint8_t)(i < 8 ? value >> (8 * i) : 0);
        }
    }
    va_end(args);
    size_t bytes = (size_t)(at - start);
    start[-2] = real_lengths ? (uint8_t)(bytes >> 8) : 0;
    start[-1] = real_lengths ? (uint8_t)bytes : 0;
    itch_size += bytes + 2;
}

#define U(x) ((uint64_t)(x))
static void add(uint64_t id, char side, uint32_t qty, uint32_t price, unsigned locate)
{
    message('A', locate, 8, id, 1, U(side), 4, U(qty), 8, U(0), 4, U(price), 0);
}

static void write_day(void)
{
    itch_size = 0;
    message('S', 0, 1, U('O'), 0);
    add(11, 'B', 100, 5000, 3);
    add(12, 'S', 70, 5100, 3);
    message('F', 2, 8, U(13), 1, U('B'), 4, U(40), 8, U(0), 4, U(900), 4, U(0), 0);
    message('E', 3, 8, U(11), 4, U(30), 8, U(1), 0);                        /* 11: 70 left */
    message('C', 3, 8, U(12), 4, U(20), 8, U(2), 1, U('N'), 4, U(5090), 0); /* 12: 50 left */
    message('X', 3, 8, U(11), 4, U(50), 0);                                 /* 11: 20 left */
    message('U', 2, 8, U(13), 8, U(14), 4, U(60), 4, U(890), 0);
    message('E', 3, 8, U(12), 4, U(50), 8, U(3), 0); /* 12 gone */
    message('D', 3, 8, U(11), 0);
    message('D', 3, 8, U(11), 0);                   /* no longer there */
    message('E', 3, 8, U(99), 4, U(5), 8, U(4), 0); /* never seen */
    message('U', 3, 8, U(98), 8, U(97), 4, U(5), 4, U(5), 0);
    message('P', 3, 8, U(0), 1, U('B'), 4, U(9), 8, U(0), 4, U(5050), 8, U(5), 0);
    message('Q', 3, 8, U(9), 8, U(0), 4, U(1), 8, U(6), 1, U('O'), 0);
    message('B', 3, 8, U(1), 0);
    message('H', 3, 8, U(0), 1, U('T'), 5, U(0), 0);
    add(14, 'S', 5, 6000, 2); /* an id that is live */
    message('X', 2, 8, U(14), 4, U(5), 0);
}

struct expected {
    struct eut_request r;
    uint64_t maker;
};

#define TAKER(n) (HR_RECORDED_TAKER + (n))
static const struct expected day[] = {
    {{11, 3, 0, 5000, 100, 'N', 'B', 'L', 'D', 0}, 0},
    {{12, 3, 0, 5100, 70, 'N', 'S', 'L', 'D', 0}, 0},
    {{13, 2, 0, 900, 40, 'N', 'B', 'L', 'D', 0}, 0},
    {{TAKER(1), 3, 0, 5000, 30, 'N', 'S', 'L', 'I', 0}, 11},
    {{TAKER(2), 3, 0, 5100, 20, 'N', 'B', 'L', 'I', 0}, 12},
    {{11, 3, 0, 5000, 20, 'R', 0, 0, 0, 0}, 0},
    {{13, 2, 0, 0, 0, 'C', 0, 0, 0, 0}, 0},
    {{14, 2, 0, 890, 60, 'N', 'B', 'L', 'D', 0}, 0},
    {{TAKER(3), 3, 0, 5100, 50, 'N', 'B', 'L', 'I', 0}, 12},
    {{11, 3, 0, 0, 0, 'C', 0, 0, 0, 0}, 0},
    {{14, 2, 0, 0, 0, 'C', 0, 0, 0, 0}, 0},
    {{14, 2, 0, 6000, 5, 'N', 'S', 'L', 'D', 0}, 0},
    {{14, 2, 0, 0, 0, 'C', 0, 0, 0, 0}, 0},
};
#define DAY (sizeof(day) / sizeof(day[0]))

static struct hr_recorded_counts counts;

/* Reads it all and compares; returns the reader's last word. */
static int read_and_compare(const void *data, size_t size, size_t piece, uint32_t room,
                            enum hr_format format, const struct expected *expected,
                            size_t expected_count)
{
    struct eut_request r[16];
    struct hr_flow_file *file;
    size_t seen = 0;
    int n;

    hr_error_clear();
    CHECK_EQ(hr_flow_file_open_memory(&file, data, size, piece, format), 0);
    while ((n = hr_flow_file_read(file, r, room)) > 0) {
        for (int i = 0; i < n; i++, seen++) {
            CHECK(seen < expected_count);
            if (memcmp(&r[i], &expected[seen].r, sizeof(r[i])) != 0) {
                char is[HR_TEXT_LINE_MAX], should[HR_TEXT_LINE_MAX];

                *hr_text_put_request(is, &r[i]) = *hr_text_put_request(should, &expected[seen].r) =
                    '\0';
                FAIL("request %zu is %s, expected %s", seen, is, should);
            }
            CHECK_EQ(hr_flow_file_expected(file, (uint32_t)i), expected[seen].maker);
        }
    }
    CHECK_EQ(seen, expected_count);
    counts = *hr_flow_file_recorded(file);
    hr_flow_file_close(file);
    return n;
}

TEST(recorded, an_itch_day)
{
    for (unsigned variant = 0; variant < 12; variant++) {
        real_lengths = variant & 1;
        write_day();
        if (real_lengths && variant & 2) {
            itch[itch_size++] = 0; /* a length of 0 ends the session */
            itch[itch_size++] = 0;
        }
        CHECK_EQ(read_and_compare(itch, itch_size, variant < 6 ? 1 : 4096, variant % 3 + 1,
                                  variant & 4 ? HR_FORMAT_AUTO : HR_FORMAT_ITCH50, day, DAY),
                 0);
        CHECK_EQ(counts.messages, 19);
        CHECK_EQ(counts.executions, 3);
        CHECK_EQ(counts.unknown_orders, 3);
        CHECK_EQ(counts.not_displayed, 1);
        CHECK_EQ(counts.crosses, 1);
        CHECK_EQ(counts.broken, 1);
        CHECK_EQ(counts.halts, 1);
        CHECK_EQ(counts.other, 1);
        CHECK_EQ(counts.reused_ids, 1);
        CHECK_EQ(counts.cut_short, 0);
    }
}

TEST(recorded, itch_cut_short_unknown_and_damaged)
{
    real_lengths = true;
    write_day();
    for (size_t cut = 1; cut < 23; cut++) { /* the last message has 25 bytes with its length */
        CHECK_EQ(read_and_compare(itch, itch_size - cut, 7, 4, HR_FORMAT_ITCH50, day, DAY - 1), 0);
        CHECK_EQ(counts.cut_short, 1);
    }
    itch_size = 0;
    message('z', 1, 4, U(7), 0);
    add(11, 'B', 100, 5000, 3);
    CHECK_EQ(read_and_compare(itch, itch_size, 7, 4, HR_FORMAT_ITCH50, day, 1), 0);
    CHECK_EQ(counts.unknown_types, 1);
    real_lengths = false; /* without a length there is no way past it */
    itch_size = 0;
    add(11, 'B', 100, 5000, 3);
    message('z', 1, 4, U(7), 0);
    CHECK(read_and_compare(itch, itch_size, 7, 4, HR_FORMAT_ITCH50, day, 1) < 0);
    CHECK(strstr(hr_error(), "byte 38") != NULL);
    itch[1] = 20; /* shorter than an 'A' is */
    CHECK(read_and_compare(itch, itch_size, 7, 4, HR_FORMAT_ITCH50, day, 0) < 0);
    CHECK(strstr(hr_error(), "'A' of 20 bytes") != NULL);
}

/* Many live orders: the table grows, and what is erased does not hide what came after it. */
TEST(recorded, many_orders)
{
    struct hr_recorded *r;
    struct eut_request request;
    enum { MANY = 50000 };

    CHECK_EQ(hr_recorded_new(&r), 0);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct hr_recorded_order order = {i * 4096, 10, (uint32_t)i, 1, EUT_BUY};

        CHECK_EQ(hr_recorded_enter(r, &order), 0);
        CHECK(hr_recorded_take(r, &request) && !hr_recorded_take(r, &request));
    }
    for (uint64_t i = 1; i <= MANY; i += 2) {
        hr_recorded_reduce(r, i * 4096, UINT32_MAX);
        CHECK(hr_recorded_take(r, &request) && request.op == EUT_CANCEL &&
              !hr_recorded_take(r, &request));
    }
    for (uint64_t i = 1; i <= MANY; i++) {
        hr_recorded_execute(r, i * 4096, UINT32_MAX);
        CHECK_EQ(hr_recorded_take(r, &request), i % 2 == 0);
        if (i % 2 == 0) {
            CHECK(request.qty == i && r->expected_next == i * 4096 &&
                  !hr_recorded_take(r, &request));
        }
    }
    CHECK_EQ(r->used, 0);
    CHECK_EQ(r->counts.unknown_orders, MANY / 2);
    hr_recorded_free(r);
}

TEST(recorded, a_lobster_file)
{
    static const char text[] = "34200.004241176,1,16113575,18,5853300,1\n"
                               "34200.025552,1,16120456,18,5859100,-1\r\n"
                               "34200.1,2,16113575,5,5853300,1\n"
                               "34200.2,4,16113575,3,5853300,1\n"
                               "34200.2,4,16120456,18,5859100,-1\n"
                               "34200.3,3,16113575,10,5853300,1\n"
                               "34200.3,3,16113575,10,5853300,1\n"
                               "34200.4,4,77,1,5853200,-1\n"
                               "34200.5,5,0,100,5853250,1\n"
                               "34201,6,-1,100,5853300,-1\n"
                               "34202,7,0,0,-1,-1";
    static const struct expected expected[] = {
        {{16113575, 0, 0, 5853300, 18, 'N', 'B', 'L', 'D', 0}, 0},
        {{16120456, 0, 0, 5859100, 18, 'N', 'S', 'L', 'D', 0}, 0},
        {{16113575, 0, 0, 5853300, 13, 'R', 0, 0, 0, 0}, 0},
        {{TAKER(1), 0, 0, 5853300, 3, 'N', 'S', 'L', 'I', 0}, 16113575},
        {{TAKER(2), 0, 0, 5859100, 18, 'N', 'B', 'L', 'I', 0}, 16120456},
        {{16113575, 0, 0, 0, 0, 'C', 0, 0, 0, 0}, 0},
    };

    CHECK_EQ(read_and_compare(text, sizeof(text) - 1, 5, 2, HR_FORMAT_AUTO, expected, 6), 0);
    CHECK_EQ(counts.messages, 11);
    CHECK_EQ(counts.unknown_orders, 2);
    CHECK_EQ(counts.executions, 2);
    CHECK(counts.not_displayed == 1 && counts.crosses == 1 && counts.halts == 1);
}

TEST(recorded, lobster_lines_that_are_none)
{
    static const char *const bad[] = {
        "34200,1,2,3,4",
        "34200,1,2,3,4,x",
        "x,1,2,3,4,1",
        "34200;1;2;3;4;1",
        "34200,1,2,-3,4,1",
        "34200,1,2,3,99999999999,1",
        "34200,1,2,3,99999999999999999999999,1",
        ",1,2,3,4,1",
        "34200,1,2,3,4,1,a,b",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(read_and_compare(bad[i], strlen(bad[i]), 3, 1, HR_FORMAT_LOBSTER, NULL, 0) < 0);
        CHECK(strncmp(hr_error(), "memory:1: ", 10) == 0);
    }
}
