/*
 * figure_text.h - how a figure is written everywhere: three significant digits, SI prefixes, the
 * unit behind a narrow no-break space (U+202F; writers that cannot show it replace it).
 *
 *   27.4 M orders/s   597 ns   1.21 µs   8.40 ms   2.31 GB/s   1.54 kB   64 KiB (whole multiples)
 */
#ifndef HR_FIGURE_TEXT_H
#define HR_FIGURE_TEXT_H

#define HR_FIGURE_MAX 160
#define HR_NARROW_SPACE "\xe2\x80\xaf" /* U+202F */
#define HR_DASH "\xe2\x80\x93"         /* an en dash stands for what is not there */

struct hr_figure {
    char text[HR_FIGURE_MAX];
};

/* A measured value with its unit. NaN is a dash. Units are cut to 40 bytes. */
struct hr_figure hr_figure(double value, const char *unit);
/* The same without "orders/s" and the like where a column's head says it: "27.4 M"; times and
 * sizes keep their unit, because their scale is in it. */
struct hr_figure hr_figure_bare(double value, const char *unit);
/* A set value: exact, so no trailing zeros: "1 M orders/s", "10 µs", "4 GiB". */
struct hr_figure hr_figure_set(double value, const char *unit);
/* Both ends in the scale of the estimate: "26.9–27.8 M". */
struct hr_figure hr_figure_range(double low, double high, const char *unit);
/* A whole number with narrow spaces between thousands: "1 000 000". */
struct hr_figure hr_figure_count(double value);
/* "42 %" from 0.42. */
struct hr_figure hr_figure_share(double share);

#endif
