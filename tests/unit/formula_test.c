/* formula_test.c - the arithmetic of claims: values, units, bounds, and where a mistake is told to
 * be. */
#include "harness/error.h"
#include "reports/formula.h"
#include "tests/test.h"

#include <errno.h>

static int find(void *context, const char *name, struct hr_quantity *value)
{
    (void)context;
    if (strcmp(name, "port") == 0) {
        CHECK(hr_unit_parse("Gb/s", 4, value));
        value->value *= 10;
        return 0;
    }
    return hr_fail(EINVAL, "unknown name %s", name);
}

static const struct hr_formula_names names = {find, NULL};

static struct hr_formula_result evaluate(const char *text)
{
    struct hr_formula_result result;

    hr_error_clear();
    if (hr_formula_evaluate(text, &names, &result)) {
        FAIL("%s: byte %d: %s", text, result.at, hr_error());
    }
    return result;
}

static const char *value_of(const char *text)
{
    static struct hr_quantity_text shown;
    struct hr_formula_result result = evaluate(text);

    CHECK_EQ(result.comparisons, 0);
    shown = hr_quantity_text(&result.value, result.value.bytes);
    return shown.text;
}

static int holds(const char *text)
{
    struct hr_formula_result result = evaluate(text);
    int all = 1;

    CHECK(result.comparisons > 0);
    for (int i = 0; i < result.comparisons; i++) {
        all = all && result.comparison[i].holds;
    }
    return all;
}

TEST(formula, arithmetic_and_precedence)
{
    CHECK_STR(value_of("1 + 2 * 3"), "7");
    CHECK_STR(value_of("(1 + 2) * 3"), "9");
    CHECK_STR(value_of("10 - 3 - 2"), "5");
    CHECK_STR(value_of("2 * -3"), "-6");
    CHECK_STR(value_of("-2^2"), "-4");
    CHECK_STR(value_of("12 / 3 / 2"), "2");
    CHECK_STR(value_of("5_000_000 / 5M"), "1");
    CHECK_STR(value_of("26e6 * 60 * 8"), "12480000000");
    CHECK(holds("26e6 * 60 * 8 > 10e9"));
}

TEST(formula, units_carry_through)
{
    CHECK_STR(value_of("26e6 orders/s * 60 B/order"), "1.56 GB/s");
    CHECK_STR(value_of("370 W * 730 h * 0.15 USD/kWh"), "40.515 USD");
    CHECK_STR(value_of("150e6 orders/s / (370 W)"), "405.4 k orders/J");
    CHECK_STR(value_of("200 GB / 7.4 GB/s"), "27.03 s");
    CHECK_STR(value_of("2048 * 2 MiB"), "4.295 GB");
    CHECK_STR(value_of("1.2 us + 800 ns"), "2 µs");
    CHECK_STR(value_of("8 b/B * 1"), "1"); /* a byte is eight bits */
    CHECK_STR(value_of("5 %"), "0.05");
    CHECK_STR(value_of("100 m/s^2 * 2 s"), "200 m/s");
    CHECK_STR(value_of("3 \u00b5s"), "3 µs");
    CHECK_STR(value_of("3 \u03bcs"), "3 µs");
    CHECK_STR(value_of("1 order"), "1 order");
    CHECK_STR(value_of("20 years"), "20 years");
}

TEST(formula, bits_and_bytes_compare)
{
    CHECK(!holds("26e6 orders/s * 60 B/order <= port"));
    CHECK(holds("1.25 GB/s == port"));
    CHECK(holds("20e6 orders/s * 60 B/order <= port and 1 s == 1000 ms"));
    CHECK(holds("1 W == 1 J/s"));
    CHECK(holds("819 GB/s * 0.99 ~ 819 GB/s"));
    CHECK(!holds("800 GB/s ~ 819 GB/s"));
    CHECK(holds("0.1 + 0.2 == 0.3 and 0.1 + 0.2 <= 0.3"));
    CHECK(!holds("1 == 1.00001"));
}

TEST(formula, comparisons_keep_their_text_and_names)
{
    struct hr_formula_result r = evaluate("1 <= 2 and port * 2 > port");

    CHECK_EQ(r.comparisons, 2);
    CHECK_EQ(r.comparison[0].name_first, 0);
    CHECK_EQ(r.comparison[1].first, 11);
    CHECK_EQ(r.names, 2);
    CHECK_STR(r.name[0].name, "port");
}

TEST(formula, mistakes_are_told_with_their_place)
{
    static const struct {
        const char *text;
        int at;
        const char *message;
    } mistakes[] = {
        {"", 0, "it ends where"},
        {"1 +", 3, "it ends where"},
        {"(1 + 2", 6, "a closing )"},
        {"1 + * 2", 4, "expected a number"},
        {"1 furlong", 2, "unknown unit 'furlong'"},
        {"10 Gb/furlong", 3, "unknown unit 'Gb/furlong'"},
        {"1 B + 1 s", 4, "B and s are of different kinds"},
        {"1 order <= 1 message", 8, "orders and messages are of different kinds"},
        {"2 * nothing", 4, "unknown name nothing"},
        {"1 / 0", 2, "division by zero"},
        {"200 GB/port", 4, "* or / with blanks around it"},
        {"1e999", 5, "no finite number"},
        {"1e300 * 1e300", 6, "no finite number"},
        {"1000000000000000000000000000000000000000000000000000000000000", 0,
         "a number of more than"},
        {"2 ^ x", 2, "a power is one digit"},
        {"1 m^9 * 1 m", 6, "power above 9"},
        {"1 <= 2 <= 3", 7, "expected an operator"},
        {"1 2", 2, "expected an operator"},
        {"1 <= 2 and 3", 12, "expected a comparison"},
        {"1 and 2 < 3", 2, "expected an operator"},
        {"1 < 2 and", 9, "it ends where"},
        {"system(1)", 0, "unknown name system"},
        {"$HOME", 0, "expected a number"},
        {"`ls`", 0, "expected a number"},
        {"0x10", 1, "unknown unit 'x'"},
        {"inf", 0, "unknown name inf"},
    };

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct hr_formula_result result;

        hr_error_clear();
        CHECK_EQ(hr_formula_evaluate(mistakes[i].text, &names, &result), -EINVAL);
        if (result.at != mistakes[i].at || !strstr(hr_error(), mistakes[i].message)) {
            FAIL("%s: byte %d: %s", mistakes[i].text, result.at, hr_error());
        }
    }
}

TEST(formula, length_and_depth_are_bounded)
{
    struct hr_formula_result result;
    char text[HR_FORMULA_BYTES_MAX + 2];

    memset(text, '(', sizeof(text));
    text[HR_FORMULA_BYTES_MAX] = '\0';
    CHECK_EQ(hr_formula_evaluate(text, &names, &result), -EINVAL);
    CHECK(strstr(hr_error(), "inside each other"));
    text[HR_FORMULA_BYTES_MAX] = '1';
    text[HR_FORMULA_BYTES_MAX + 1] = '\0';
    CHECK_EQ(hr_formula_evaluate(text, &names, &result), -EINVAL);
    CHECK(strstr(hr_error(), "more than 512 bytes"));
    CHECK_EQ(hr_formula_evaluate("port+port+port+port+port+port+port+port+port+port+port+port+port",
                                 &names, &result),
             -EINVAL);
    CHECK(strstr(hr_error(), "more than 12 names"));
    CHECK_EQ(hr_formula_evaluate("1<2 and 1<2 and 1<2 and 1<2 and 1<2", &names, &result), -EINVAL);
    CHECK(strstr(hr_error(), "more than 4 comparisons"));
}

TEST(formula, units_of_a_result_are_known)
{
    static const char *const units[] = {"ns",       "orders/s", "bytes",      "bytes/s", "times",
                                        "events/s", "lines/s",  "compares/s", "count",   "share"};
    struct hr_quantity unit;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!hr_unit_parse(units[i], strlen(units[i]), &unit)) {
            FAIL("%s", units[i]);
        }
    }
    CHECK(!hr_unit_parse("", 0, &unit));
    CHECK(!hr_unit_parse("B/", 2, &unit));
    CHECK(!hr_unit_parse("/s", 2, &unit));
    CHECK(!hr_unit_parse("korders", 7, &unit));
    CHECK(!hr_unit_parse("Kis", 3, &unit));
}
