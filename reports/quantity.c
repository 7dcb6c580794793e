/*
 * quantity.c - how much is meant? A number and one of the units that fit; nothing is assumed where
 * no unit is written, and money of no currency is refused.
 */
#include "reports/quantity.h"
#include "harness/error.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit amounts[] = {{"", 1},    {"k", 1e3},  {"M", 1e6},
                                      {"G", 1e9}, {"T", 1e12}, {NULL, 0}};
static const struct unit sizes[] = {{"B", 1},         {"kB", 1e3},         {"MB", 1e6},
                                    {"GB", 1e9},      {"TB", 1e12},        {"KiB", 1024},
                                    {"MiB", 1048576}, {"GiB", 1073741824}, {"TiB", 1099511627776},
                                    {NULL, 0}};
static const struct unit bandwidths[] = {
    {"MB/s", 1e6}, {"GB/s", 1e9}, {"TB/s", 1e12}, {"GiB/s", 1073741824}, {NULL, 0}};
static const struct unit powers[] = {{"W", 1}, {"kW", 1e3}, {NULL, 0}};
static const struct unit months[] = {{"mo", 1}, {"y", 12}, {NULL, 0}};
static const struct unit times[] = {{"ns", 1},   {"us", 1e3}, {"µs", 1e3},
                                    {"ms", 1e6}, {"s", 1e9},  {NULL, 0}};

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

static int with_unit(const char *text, const struct unit *units, const char *what,
                     const char *example, double *value)
{
    const char *end = number(text, value);

    if (end) {
        end += strspn(end, " ");
        for (const struct unit *unit = units; unit->name; unit++) {
            if (strcmp(end, unit->name) == 0) {
                *value *= unit->factor;
                return 0;
            }
        }
    }
    return hr_fail(EINVAL, "'%.60s' is no %s; write it like %s", text, what, example);
}

int hr_parse_amount(const char *text, double *value)
{
    return with_unit(text, amounts, "number", "5e6 or 5M", value);
}

int hr_parse_size(const char *text, double *bytes)
{
    return with_unit(text, sizes, "size", "48GiB or 24 GB", bytes);
}

int hr_parse_bandwidth(const char *text, double *value)
{
    return with_unit(text, bandwidths, "bandwidth", "273 GB/s", value);
}

int hr_parse_power(const char *text, double *watts)
{
    return with_unit(text, powers, "power", "370 W", watts);
}

int hr_parse_months(const char *text, double *value)
{
    int rc = with_unit(text, months, "horizon", "36mo or 3y", value);

    return rc == 0 && *value <= 0 ? hr_fail(EINVAL, "a horizon of 0 months spreads nothing") : rc;
}

int hr_parse_duration(const char *text, double *ns)
{
    return with_unit(text, times, "time", "10us", ns);
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
