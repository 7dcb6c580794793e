/* command_test.c - counts, times, nearest names, errors and option tables. */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/nearest.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

TEST(command, counts_are_read_as_people_write_them)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"1000", 1000},
                {"1_000", 1000},
                {"5e6", 5000000},
                {"2.5e3", 2500},
                {"64Ki", 65536},
                {"4Mi", 4194304},
                {"1Gi", 1073741824},
                {"10k", 10000},
                {"5M", 5000000},
                {"1.5Ki", 1536},
                {"1e+3", 1000},
                {"0.5k", 500},
                {"1T", 1000000000000},
                {"18446744073709551615", UINT64_MAX},
                {"0e999", 0},
                {"16384Ti", UINT64_C(1) << 54},
                {"7.000", 7}};
    static const char *const bad[] = {
        "",     " 1", "1 ",    "-1",         "+1",  "1.5", "1e",       "e6",
        "1__0", "_1", "1_",    "0x10",       "nan", "inf", "1e99",     "18446744073709551616",
        "1.",   ".",  "1.2.3", "16777216Ti", "1kk", "1 k", "\xC2\xB5", "1e-3",
        "2.50"};
    uint64_t value;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_EQ(hr_parse_count(good[i].text, &value), 0);
        CHECK_EQ(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (hr_parse_count(bad[i], &value) != -EINVAL) {
            FAIL("count '%s' was taken", bad[i]);
        }
        CHECK(hr_error()[0]);
    }
}

TEST(command, times_need_their_unit)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {{"10us", 10000},        {"1.5 ms", 1500000},   {"2s", 2000000000},
                {"5min", 300000000000}, {"1h", 3600000000000}, {"0ns", 0},
                {"10\xC2\xB5s", 10000}, {"0.5us", 500},        {"1e3ns", 1000}};
    static const char *const bad[] = {"10",  "",     "us",  "1.5ns", "1m",
                                      "-1s", "1  s", "1s ", "1e30h", "10 us us"};
    uint64_t ns;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_EQ(hr_parse_time(good[i].text, &ns), 0);
        CHECK_EQ(ns, good[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (hr_parse_time(bad[i], &ns) != -EINVAL) {
            FAIL("time '%s' was taken", bad[i]);
        }
    }
    hr_parse_time("10", &ns);
    CHECK(strstr(hr_error(), "unit"));
}

TEST(command, the_nearest_name_is_found)
{
    static const char *const names[] = {"markets", "levels", "run", "replay", "report"};
    static const struct {
        const char *word, *name;
    } known[] = {{"markest", "markets"}, {"levle", "levels"}, {"rn", "run"},   {"repot", "report"},
                 {"MARKETS", "markets"}, {"mark", "markets"}, {"xyzzy", NULL}, {"", NULL}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct hr_nearest near = {.word = known[i].word};

        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            hr_nearest_offer(&near, names[k]);
        }
        if (known[i].name) {
            CHECK_STR(hr_nearest_name(&near), known[i].name);
        } else {
            CHECK(hr_nearest_name(&near) == NULL);
        }
    }
}

TEST(command, errors_grow_in_front_and_stay_one_line)
{
    char big[3000];

    hr_error_clear();
    CHECK_STR(hr_error(), "");
    CHECK_EQ(hr_fail(EINVAL, "bad\nvalue '%s'", "x\x1b[31m"), -EINVAL);
    CHECK_STR(hr_error(), "bad value 'x [31m'");
    CHECK_EQ(hr_context(-EINVAL, "file.yaml:%d", 3), -EINVAL);
    CHECK_STR(hr_error(), "file.yaml:3: bad value 'x [31m'");
    CHECK_EQ(hr_fail(ENOENT, "again: %s", hr_error()), -ENOENT);
    CHECK_STR(hr_error(), "again: file.yaml:3: bad value 'x [31m'");
    memset(big, 'a', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    hr_fail(EINVAL, "%s", big);
    CHECK_EQ(strlen(hr_error()), HR_ERROR_MAX - 1);
    hr_context(-EINVAL, "%s", big);
    CHECK_EQ(strlen(hr_error()), HR_ERROR_MAX - 1);
    CHECK_EQ(hr_exit_of(-ENODEV), HR_EXIT_MISSING);
    CHECK_EQ(hr_exit_of(-EINVAL), HR_EXIT_INPUT);
    CHECK_EQ(hr_exit_of(0), HR_EXIT_OK);
    hr_error_clear();
}

static const struct hr_option options[] = {
    {"engine", 'e', HR_OPT_TEXT, "NAME", "reference", "what matches"},
    {"count", 'c', HR_OPT_COUNT, "N", "1k", "how many"},
    {"dry-run", 'n', HR_OPT_FLAG, NULL, NULL, "only tell"},
    {"verbose", 'v', HR_OPT_FLAG, NULL, NULL, "tell more"},
    {"set", 'S', HR_OPT_LIST, "KEY=VALUE", NULL, "override"},
    {.name = NULL},
};
static const struct hr_command command = {.name = "try",
                                          .operands = "[FILE]",
                                          .operands_max = 1,
                                          .summary = "for tests",
                                          .options = options};

static struct hr_args *parse(int argc, const char *const *argv)
{
    static struct hr_args *args;
    const char *words[16] = {"try"};
    union {
        const char **in;
        char **out;
    } line = {words};

    hr_args_free(args);
    args = NULL;
    for (int i = 0; i < argc; i++) {
        words[i + 1] = argv[i];
    }
    return hr_args_parse(&args, &command, argc + 1, line.out) == 0 ? args : NULL;
}

#define PARSE(...)                                                            \
    parse((int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), \
          (const char *const[]){__VA_ARGS__})

TEST(command, every_way_to_write_an_option)
{
    const char *const *values;
    struct hr_args *args = PARSE("--engine", "oracle", "-nv", "-c5e3", "file");

    CHECK(args);
    CHECK_STR(hr_arg_text(args, "engine"), "oracle");
    CHECK(hr_arg_flag(args, "dry-run") && hr_arg_flag(args, "verbose"));
    CHECK_EQ(hr_arg_count(args, "count"), 5000);
    CHECK_EQ(hr_arg_operands(args, &values), 1);
    CHECK_STR(values[0], "file");

    args = PARSE("--engine=a=b", "-S", "x=1", "--set=y=2", "-vS", "z=3", "--", "--engine");
    CHECK(args);
    CHECK_STR(hr_arg_text(args, "engine"), "a=b");
    CHECK_EQ(hr_arg_list(args, "set", &values), 3);
    CHECK_STR(values[2], "z=3");
    CHECK_EQ(hr_arg_operands(args, &values), 1);
    CHECK_STR(values[0], "--engine");

    args = PARSE("-e", "-", "-");
    CHECK(args);
    CHECK_STR(hr_arg_text(args, "engine"), "-");
    CHECK_EQ(hr_arg_operands(args, &values), 1);
}

TEST(command, bad_usage_names_the_mend)
{
    static const struct {
        const char *words[3];
        const char *said;
    } bad[] = {{{"--engin", "x"}, "did you mean --engine?"},
               {{"--xyzzy"}, "--help"},
               {{"-q"}, "-q"},
               {{"--count", "many"}, "--count: 'many'"},
               {{"--count"}, "needs a value"},
               {{"--engine", "--verbose"}, "needs a value"},
               {{"--verbose=1"}, "takes no value"},
               {{"a", "b"}, "unexpected operand 'b'"},
               {{"--engine="}, "needs a value"}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int words = bad[i].words[1] ? 2 : 1;

        CHECK(parse(words, bad[i].words) == NULL);
        if (!strstr(hr_error(), bad[i].said)) {
            FAIL("'%s' lacks '%s'", hr_error(), bad[i].said);
        }
    }
}

TEST(command, a_flag_wins_over_the_environment_over_the_default)
{
    const char *const *values;
    struct hr_args *args = PARSE("x");

    CHECK_STR(hr_arg_origin(args, "count"), "default");
    CHECK_EQ(hr_arg_count(args, "count"), 1000);
    CHECK(!hr_arg_given(args, "count"));
    setenv("HEADROOM_COUNT", "7", 1);
    setenv("HEADROOM_DRY_RUN", "yes", 1);
    setenv("HEADROOM_SET", "a=1;b=2", 1);
    args = PARSE("x");
    CHECK_STR(hr_arg_origin(args, "count"), "environment");
    CHECK_EQ(hr_arg_count(args, "count"), 7);
    CHECK(hr_arg_flag(args, "dry-run"));
    CHECK_EQ(hr_arg_list(args, "set", &values), 2);
    CHECK_STR(values[1], "b=2");
    args = PARSE("-c", "8", "-S", "c=3");
    CHECK_EQ(hr_arg_count(args, "count"), 8);
    CHECK_STR(hr_arg_origin(args, "count"), "flag");
    CHECK_EQ(hr_arg_list(args, "set", &values), 1);
    setenv("HEADROOM_COUNT", "many", 1);
    CHECK(PARSE("x") == NULL);
    CHECK(strstr(hr_error(), "HEADROOM_COUNT"));
    unsetenv("HEADROOM_COUNT");
    unsetenv("HEADROOM_DRY_RUN");
    unsetenv("HEADROOM_SET");
}
