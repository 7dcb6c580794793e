/*
 * quantity.c - how much is meant? A number and one of the units that fit; nothing is assumed where
 * no unit is written, and money of no currency is refused.
 */
#include "reports/quantity.h"
#include "harness/error.h"
#include "reports/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct word {
    const char *name;
    double factor;
};

/* Where the number ends; NULL if there is none. */
static const char *number(const char *text, double *value)
{
    char *end;

    if (!isdigit((unsigned char)text[0]) ||
        (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))) {
        return NULL;
    }
    *value = strtod(text, &end);
    return isfinite(*value) && *value < 1e18 ? end : NULL;
}

static int refuse(const char *text, const char *what, const char *example)
{
    return hr_fail(EINVAL, "'%.60s' is no %s; write it like %s", text, what, example);
}

/* In multiples of `of`, whatever prefix it is written with. */
static int with_unit(const char *text, const char *of, const char *what, const char *example,
                     double *value)
{
    const char *end = number(text, value);
    struct hr_quantity unit, one;

    if (end) {
        end += strspn(end, " ");
        if (*end && hr_unit_parse(end, strlen(end), &unit) && hr_unit_parse(of, strlen(of), &one) &&
            hr_quantity_same_kind(&unit, &one)) {
            *value *= unit.value / one.value;
            return 0;
        }
    }
    return refuse(text, what, example);
}

/* With one of a few words of its own behind it. */
static int with_word(const char *text, const struct word *words, const char *what,
                     const char *example, double *value)
{
    const char *end = number(text, value);

    for (; end && words->name; words++) {
        if (strcmp(end + strspn(end, " "), words->name) == 0) {
            *value *= words->factor;
            return 0;
        }
    }
    return refuse(text, what, example);
}

int hr_parse_amount(const char *text, double *value)
{
    static const struct word amounts[] = {{"", 1},    {"k", 1e3},  {"M", 1e6},
                                          {"G", 1e9}, {"T", 1e12}, {NULL, 0}};

    return with_word(text, amounts, "number", "5e6 or 5M", value);
}

int hr_parse_size(const char *text, double *bytes)
{
    return with_unit(text, "B", "size", "48GiB or 24 GB", bytes);
}

int hr_parse_bandwidth(const char *text, double *value)
{
    return with_unit(text, "B/s", "bandwidth", "273 GB/s", value);
}

int hr_parse_power(const char *text, double *watts)
{
    return with_unit(text, "W", "power", "370 W", watts);
}

int hr_parse_months(const char *text, double *value)
{
    static const struct word spans[] = {{"mo", 1}, {"y", 12}, {NULL, 0}};
    int rc = with_word(text, spans, "horizon", "36mo or 3y", value);

    return rc == 0 && *value <= 0 ? hr_fail(EINVAL, "a horizon of 0 months spreads nothing") : rc;
}

static int bad_money(const char *text, const char *per)
{
    return hr_fail(EINVAL, "'%.60s' is no %s; write currency and amount like AUD %s%s%s", text,
                   *per ? "price" : "sum of money", *per ? "0.15" : "8343", *per ? "/" : "", per);
}

/* rest: what must follow the amount. */
static int money_then(const char *text, int bare, const char *rest, struct hr_money *money)
{
    const char *at = text, *end;
    int letters = 0;

    while (letters < 4 && isupper((unsigned char)text[letters])) {
        letters++;
    }
    memset(money->currency, 0, sizeof(money->currency));
    if (letters == 3) {
        memcpy(money->currency, text, 3);
        at = text + 3 + strspn(text + 3, " ");
    } else if (letters || !bare) {
        return bad_money(text, *rest ? rest + 1 : "");
    }
    end = number(at, &money->amount);
    return end && strcmp(end, rest) == 0 ? 0 : bad_money(text, *rest ? rest + 1 : "");
}

int hr_parse_money(const char *text, int bare, struct hr_money *money)
{
    return money_then(text, bare, "", money);
}

int hr_parse_money_per(const char *text, const char *per, struct hr_money *money)
{
    char rest[16] = "/";

    strncat(rest, per, sizeof(rest) - 2);
    return money_then(text, 1, rest, money);
}
