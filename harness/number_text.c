/* number_text.c - which whole number did a person write? Counts (5e6, 64Ki, 1_000) and times with
 * their unit (1.5 ms), read in exact integer arithmetic: what is not whole in the end (2.5, 0.1ns)
 * or does not fit 64 bits is refused, never rounded. Signs are refused: no quantity here is
 * negative. */
#include "harness/command.h"
#include "harness/error.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t times;
};

static const struct unit count_units[] = {
    {"", 1},
    {"k", 1000},
    {"K", 1000},
    {"M", 1000000},
    {"G", 1000000000},
    {"T", 1000000000000},
    {"Ki", UINT64_C(1) << 10},
    {"Mi", UINT64_C(1) << 20},
    {"Gi", UINT64_C(1) << 30},
    {"Ti", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit time_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, /* micro sign */
    {"\xCE\xBCs", 1000}, /* Greek mu */
    {"ms", 1000000},
    {"s", 1000000000},
    {"min", UINT64_C(60) * 1000000000},
    {"h", UINT64_C(3600) * 1000000000},
    {NULL, 0},
};

/* A decimal as digits * 10^power. Returns where the text goes on, NULL if it is no number. */
static const char *decimal(const char *text, uint64_t *digits, int *power)
{
    const char *at = text;
    bool point = false, any = false;

    *digits = 0;
    *power = 0;
    for (;; at++) {
        if (isdigit((unsigned char)*at)) {
            uint64_t digit = (uint64_t)(*at - '0');

            if (*digits > (UINT64_MAX - digit) / 10) {
                return NULL;
            }
            *digits = *digits * 10 + digit;
            *power -= point;
            any = true;
        } else if (*at == '.' && !point) {
            point = true;
        } else if (*at == '_' && any && isdigit((unsigned char)at[-1]) &&
                   isdigit((unsigned char)at[1])) {
            continue;
        } else {
            break;
        }
    }
    if (!any || at[-1] == '.') {
        return NULL;
    }
    if ((*at == 'e' || *at == 'E') &&
        (isdigit((unsigned char)at[1]) || (at[1] == '+' && isdigit((unsigned char)at[2])))) {
        int exponent = 0;

        for (at += at[1] == '+' ? 2 : 1; isdigit((unsigned char)*at); at++) {
            exponent = exponent < 1000 ? exponent * 10 + (*at - '0') : exponent;
        }
        *power += exponent;
    }
    return at;
}

static int scale(uint64_t digits, int power, uint64_t times, uint64_t *value)
{
    unsigned __int128 v = (unsigned __int128)digits * times;

    for (; power < 0 && v; power++) {
        if (v % 10) {
            return -EDOM;
        }
        v /= 10;
    }
    for (; power > 0 && v; power--) {
        v *= 10;
        if (v > UINT64_MAX) {
            return -ERANGE;
        }
    }
    if (v > UINT64_MAX) {
        return -ERANGE;
    }
    *value = (uint64_t)v;
    return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (const struct unit *u = units; u->name; u++) {
        if (strcmp(u->name, name) == 0) {
            return u;
        }
    }
    return NULL;
}

int hr_parse_count(const char *text, uint64_t *value)
{
    uint64_t digits;
    int power, rc;
    const char *rest = decimal(text, &digits, &power);
    const struct unit *unit = rest ? find_unit(count_units, rest) : NULL;

    if (!unit) {
        return hr_fail(EINVAL, "'%.40s' is no whole number; write it like 1000, 5e6, 64Ki or 10k",
                       text);
    }
    rc = scale(digits, power, unit->times, value);
    if (rc == -EDOM) {
        return hr_fail(EINVAL, "'%.40s' is not a whole number", text);
    }
    return rc ? hr_fail(EINVAL, "'%.40s' does not fit 64 bits", text) : 0;
}

int hr_parse_time(const char *text, uint64_t *value_ns)
{
    uint64_t digits;
    int power, rc;
    const char *rest = decimal(text, &digits, &power);
    const struct unit *unit;

    if (!rest) {
        return hr_fail(EINVAL, "'%.40s' is no time; write it like 10us, 1.5ms, 2s or 5min", text);
    }
    if (!*rest) {
        return hr_fail(EINVAL, "'%.40s' has no unit; write %.20sns, us, ms, s, min or h", text,
                       text);
    }
    rest += *rest == ' ';
    unit = find_unit(time_units, rest);
    if (!unit) {
        return hr_fail(EINVAL, "'%.40s': unknown unit '%.20s'; one of ns, us, ms, s, min, h", text,
                       rest);
    }
    rc = scale(digits, power, unit->times, value_ns);
    if (rc == -EDOM) {
        return hr_fail(EINVAL, "'%.40s' is not a whole number of nanoseconds", text);
    }
    return rc ? hr_fail(EINVAL, "'%.40s' is longer than 584 years", text) : 0;
}
