/* text_test.c - does the text form take what RULES.md lists, refuse the rest with the right reason,
 * and print events, requests and books byte for byte? */
#include "harness/codec.h"
#include "tests/test.h"

static int parse(const char *line, struct eut_request *r, const char **why)
{
    *why = "";
    return hr_text_parse_request(line, line + strlen(line), r, why);
}

TEST(text, good_lines)
{
    static const struct {
        const char *line;
        struct eut_request r;
    } cases[] = {
        {"N,1,2,3,B,L,D,4,5", {3, 1, 2, 4, 5, 'N', 'B', 'L', 'D', 0}},
        {"N,4294967295,4294967295,18446744073709551615,S,M,P,0,4294967295",
         {UINT64_MAX, UINT32_MAX, UINT32_MAX, 0, UINT32_MAX, 'N', 'S', 'M', 'P', 0}},
        {"N,0,0,0,S,L,F,4294967295,0", {0, 0, 0, UINT32_MAX, 0, 'N', 'S', 'L', 'F', 0}},
        {"C,7,8,9", {9, 7, 8, 0, 0, 'C', 0, 0, 0, 0}},
        {"R,7,8,9,10,11\r", {9, 7, 8, 10, 11, 'R', 0, 0, 0, 0}},
        {"Q,7,S,10,0", {0, 7, 0, 10, 0, 'Q', 'S', 0, 0, 0}},
        {"N,007,0,00000000000000000000000001,B,L,I,1,1", {1, 7, 0, 1, 1, 'N', 'B', 'L', 'I', 0}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eut_request r, again;
        const char *why;
        char text[HR_TEXT_LINE_MAX];

        CHECK_EQ(parse(cases[i].line, &r, &why), 0);
        CHECK(memcmp(&r, &cases[i].r, sizeof(r)) == 0);
        *hr_text_put_request(text, &r) = '\0';
        text[strlen(text) - 1] = '\0';
        CHECK_EQ(parse(text, &again, &why), 0);
        CHECK(memcmp(&r, &again, sizeof(r)) == 0);
        if (i < 4) {
            CHECK_STR(text, cases[i].line);
        }
    }
}

TEST(text, skipped_and_refused_lines)
{
    static const struct {
        const char *line, *why; /* why NULL: skipped; else a part of the reason */
    } cases[] = {
        {"", NULL},
        {"\r", NULL},
        {"# N,1", NULL},
        {"#", NULL},
        {"n,1,2,3,B,L,D,4,5", "starts with N"},
        {" N,1,2,3,B,L,D,4,5", "starts with N"},
        {"N", "too few fields"},
        {"N,", "market is not"},
        {"NN,1,2,3,B,L,D,4,5", "expected a comma"},
        {"N,1,2,3,B,L,D,4", "too few fields"},
        {"N,1,2,3,B,L,D,4,", "qty is not"},
        {"N,1,2,3,B,L,D,4,5,", "too many fields"},
        {"N,1,2,3,B,L,D,4,5,6", "too many fields"},
        {"N,1,2,3,B,L,D,4,5 ", "something follows"},
        {"N,1,2,3,B,L,D,4, 5", "qty is not"},
        {"N,-1,2,3,B,L,D,4,5", "market is not"},
        {"N,+1,2,3,B,L,D,4,5", "market is not"},
        {"N,0x1,2,3,B,L,D,4,5", "expected a comma"},
        {"N,1.0,2,3,B,L,D,4,5", "expected a comma"},
        {"N,4294967296,2,3,B,L,D,4,5", "market does not fit 32"},
        {"N,1,4294967296,3,B,L,D,4,5", "account does not fit 32"},
        {"N,1,2,18446744073709551616,B,L,D,4,5", "order does not fit 64"},
        {"N,1,2,99999999999999999999,B,L,D,4,5", "order does not fit 64"},
        {"N,1,2,3,B,L,D,4294967296,5", "price does not fit 32"},
        {"N,1,2,3,B,L,D,4,99999999999999999999999", "qty does not fit 32"},
        {"N,1,2,3,X,L,D,4,5", "side must be"},
        {"N,1,2,3,b,L,D,4,5", "side must be"},
        {"N,1,2,3,,L,D,4,5", "side must be"},
        {"N,1,2,3,BS,L,D,4,5", "expected a comma"},
        {"N,1,2,3,B,Q,D,4,5", "type must be"},
        {"N,1,2,3,B,L,G,4,5", "tif must be"},
        {"C,1,2", "too few fields"},
        {"C,1,2,3,4", "too many fields"},
        {"R,1,2,3,4", "too few fields"},
        {"R,1,2,3,4,5,6", "too many fields"},
        {"Q,1,B,4", "too few fields"},
        {"Q,1,B,4,5,6", "too many fields"},
        {"Q,1,1,B,4,5", "side must be"},
        {"T,1,2,3", "starts with N"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eut_request r;
        const char *why;
        int rc = parse(cases[i].line, &r, &why);

        if (!cases[i].why) {
            CHECK_EQ(rc, 1);
        } else if (rc >= 0 || !strstr(why, cases[i].why)) {
            FAIL("\"%s\": %d, \"%s\", expected \"%s\"", cases[i].line, rc, why, cases[i].why);
        }
    }
    /* a zero byte is no letter */
    static const char zero[] = "Q,1,\0,4,5";
    struct eut_request r;
    const char *why = "";
    CHECK(hr_text_parse_request(zero, zero + sizeof(zero) - 1, &r, &why) < 0 &&
          strstr(why, "side"));
}

TEST(text, events_and_books)
{
    static const struct {
        uint64_t seq;
        struct eut_event e;
        const char *line;
    } cases[] = {
        {1, {11, 12, 13, 14, 0, 'T', 0, 0}, "1,T,5,11,12,13,14\n"},
        {10,
         {UINT64_MAX, 0, 2147483647, UINT32_MAX, 0, 'A', 0, 0},
         "10,A,5,18446744073709551615,2147483647,4294967295\n"},
        {99, {0, 0, 7, 0, 0, 'A', 0, 0}, "99,A,5,0,7,0\n"},
        {100, {8, 0, 0, 9, 0, 'X', EUT_USER, 0}, "100,X,5,8,9,user\n"},
        {100, {8, 0, 0, 9, 0, 'X', EUT_IOC_REST, 0}, "100,X,5,8,9,ioc\n"},
        {101, {8, 0, 0, 9, 0, 'X', EUT_FOK_KILL, 0}, "101,X,5,8,9,fok\n"},
        {999, {8, 0, 0, 9, 0, 'X', EUT_STP, 0}, "999,X,5,8,9,stp\n"},
        {1000000007, {8, 0, 0, 0, 0, 'J', EUT_WOULD_CROSS, 0}, "1000000007,J,5,8,would_cross\n"},
        {UINT64_MAX, {8, 0, 0, 0, 0, 'J', 99, 0}, "18446744073709551615,J,5,8,?\n"},
    };
    static const char *const reasons[] = {"bad_market",    "bad_order",   "bad_qty",
                                          "bad_price",     "bad_type",    "duplicate",
                                          "unknown_order", "would_cross", "capacity"};
    struct eut_resting resting = {UINT64_MAX, 3, 4, 5, 'S', {0}};
    char text[HR_TEXT_LINE_MAX];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        *hr_text_put_event(text, cases[i].seq, 5, &cases[i].e) = '\0';
        CHECK_STR(text, cases[i].line);
    }
    for (uint8_t i = 0; i < 9; i++) {
        CHECK_STR(hr_reason_name(EUT_BAD_MARKET + i), reasons[i]);
    }
    *hr_text_put_resting(text, 4294967295u, &resting) = '\0';
    CHECK_STR(text, "4294967295,S,4,18446744073709551615,3,5\n");
}

/* Every length of number, against the C library. */
TEST(text, numbers_of_every_length)
{
    uint64_t v = 1;

    for (int digits = 1; digits <= 20; digits++, v *= 10) {
        for (int off = -1; off <= 1; off++) {
            struct eut_event e = {v + (uint64_t)(int64_t)off, v * 3, 1, 1, 0, 'T', 0, 0};
            char text[HR_TEXT_LINE_MAX], expected[HR_TEXT_LINE_MAX];

            *hr_text_put_event(text, v * 7, 0, &e) = '\0';
            snprintf(expected, sizeof(expected), "%llu,T,0,%llu,%llu,1,1\n",
                     (unsigned long long)(v * 7), (unsigned long long)e.order,
                     (unsigned long long)e.maker);
            CHECK_STR(text, expected);
        }
    }
}
