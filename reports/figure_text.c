/*
 * figure_text.c - how is a figure written? Picks the scale by size and unit, rounds to three
 * digits, and keeps times in ns … min, sizes in powers of 1000 (1024 where it comes out whole) and
 * links' rates in kb/s … Gb/s.
 */
#include "reports/figure_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct scale {
    double factor;
    char name[16];
};

static bool is_time(const char *unit)
{
    return strcmp(unit, "ns") == 0 || strcmp(unit, "s") == 0;
}

static bool is_size(const char *unit)
{
    return strncmp(unit, "bytes", 5) == 0 && (unit[5] == '\0' || unit[5] == '/');
}

static bool is_bits(const char *unit)
{
    return strcmp(unit, "bits/s") == 0;
}

static struct scale time_scale(double ns)
{
    static const struct scale scales[] = {
        {1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}, {60e9, "min"}, {3600e9, "h"},
    };
    size_t i = 0;

    /* 999.6 would round to four digits. */
    while (i + 1 < sizeof(scales) / sizeof(scales[0]) &&
           fabs(ns) >= scales[i + 1].factor * 0.9995) {
        i++;
    }
    return i == 3 && fabs(ns) >= 600e9  ? scales[4]
           : i == 4 && fabs(ns) < 600e9 ? scales[3]
                                        : scales[i];
}

static struct scale thousands_scale(double value)
{
    static const struct scale scales[] = {
        {1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"},
    };
    size_t i = 0;

    while (i + 1 < sizeof(scales) / sizeof(scales[0]) &&
           fabs(value) >= scales[i + 1].factor * 0.9995) {
        i++;
    }
    return scales[i];
}

static struct scale scale_of(double value, const char *unit)
{
    struct scale scale;

    if (is_time(unit)) {
        double ns = unit[0] == 's' ? 1e9 : 1;

        scale = time_scale(value * ns);
        scale.factor /= ns;
        return scale;
    }
    scale = thousands_scale(value);
    if (is_size(unit)) {
        strncat(scale.name, scale.factor > 1 ? "B" : "bytes", sizeof(scale.name) - 6);
        strncat(scale.name, unit[5] ? "/s" : "", 3);
    } else if (is_bits(unit)) {
        strncat(scale.name, scale.factor > 1 ? "b/s" : "bits/s", sizeof(scale.name) - 6);
    }
    return scale;
}

/* Three significant digits, never an exponent below 1e15. */
static void put_digits(char *text, size_t bytes, double value)
{
    double size = fabs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;

    if (value == 0) {
        snprintf(text, bytes, "0");
    } else if (size >= 1e6) {
        snprintf(text, bytes, "%.3g", value);
    } else if (size < 0.9995) {
        snprintf(text, bytes, "%.3g", value);
    } else {
        snprintf(text, bytes, "%.*f", decimals, value);
    }
}

static void trim_zeros(char *text)
{
    char *end = text + strlen(text);

    if (!strchr(text, '.') || strchr(text, 'e')) {
        return;
    }
    while (end[-1] == '0') {
        *--end = '\0';
    }
    if (end[-1] == '.') {
        end[-1] = '\0';
    }
}

static struct hr_figure join(const char *digits, const char *scale, const char *unit)
{
    struct hr_figure f;

    snprintf(f.text, sizeof(f.text), "%.80s%s%.16s%s%.40s", digits, *scale ? HR_NARROW_SPACE : "",
             scale, *unit ? HR_NARROW_SPACE : "", unit);
    return f;
}

static bool carries_unit(const char *unit)
{
    return is_time(unit) || is_size(unit) || is_bits(unit);
}

static struct hr_figure write_figure(double value, const char *unit, bool with_unit, bool exact)
{
    struct scale scale;
    char digits[40];

    if (strcmp(unit, "count") == 0 || strcmp(unit, "share") == 0) {
        unit = ""; /* plain numbers */
    }
    if (!isfinite(value)) {
        return join(HR_DASH, "", "");
    }
    if (value == 0) {
        return join("0", "", with_unit || carries_unit(unit) ? unit : "");
    }
    if (strcmp(unit, "ratio") == 0) {
        put_digits(digits, sizeof(digits), value);
        return join(digits, "×", "");
    }
    if (is_size(unit) && !unit[5] && value >= 1024 && fmod(value, 1024) == 0 && exact) {
        static const char *const names[] = {"KiB", "MiB", "GiB", "TiB"};
        int i = 0;

        for (value /= 1024; i < 3 && value >= 1024 && fmod(value, 1024) == 0; i++) {
            value /= 1024;
        }
        snprintf(digits, sizeof(digits), "%.0f", value);
        return join(digits, names[i], "");
    }
    scale = scale_of(value, unit);
    /* What is counted one by one below 1000 is shown as it is. */
    if (scale.factor == 1 && floor(value) == value) {
        snprintf(digits, sizeof(digits), "%.0f", value);
    } else if (exact) {
        snprintf(digits, sizeof(digits), "%.6g", value / scale.factor);
    } else {
        put_digits(digits, sizeof(digits), value / scale.factor);
    }
    if (exact) {
        trim_zeros(digits);
    }
    return join(digits, scale.name, with_unit && !carries_unit(unit) ? unit : "");
}

struct hr_figure hr_figure(double value, const char *unit)
{
    return write_figure(value, unit, true, false);
}

struct hr_figure hr_figure_bare(double value, const char *unit)
{
    return write_figure(value, unit, false, false);
}

struct hr_figure hr_figure_set(double value, const char *unit)
{
    return write_figure(value, unit, true, true);
}

struct hr_figure hr_figure_range(double low, double high, const char *unit)
{
    struct scale scale;
    char from[40], to[40], both[88];

    if (!isfinite(low) || !isfinite(high)) {
        return join(HR_DASH, "", "");
    }
    scale = scale_of(fmax(fabs(low), fabs(high)), unit);
    put_digits(from, sizeof(from), low / scale.factor);
    put_digits(to, sizeof(to), high / scale.factor);
    snprintf(both, sizeof(both), "%s" HR_DASH "%s", from, to);
    return join(both, scale.name, "");
}

struct hr_figure hr_figure_count(double value)
{
    struct hr_figure f = {""};
    char digits[40];
    size_t length, i, at = 0;

    if (!isfinite(value) || fabs(value) >= 1e18) {
        return hr_figure(value, "");
    }
    snprintf(digits, sizeof(digits), "%.0f", value);
    length = strlen(digits);
    for (i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-') {
            memcpy(f.text + at, HR_NARROW_SPACE, 3);
            at += 3;
        }
        f.text[at++] = digits[i];
    }
    f.text[at] = '\0';
    return f;
}

struct hr_figure hr_figure_share(double share)
{
    char digits[40];

    if (!isfinite(share)) {
        return join(HR_DASH, "", "");
    }
    snprintf(digits, sizeof(digits), fabs(share) < 0.1 ? "%.1f" : "%.0f", share * 100);
    return join(digits, "%", "");
}
