/*
 * plot_series.c - figures of a record as named series of points, and the data file of a plot.
 */
#include "reports/plot.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hr_series *hr_series_of(struct hr_series_set *set, const char *label)
{
    struct hr_series *series;
    int i;

    for (i = 0; i < set->count; i++) {
        if (strncmp(set->series[i].label, label, sizeof(set->series[i].label) - 1) == 0) {
            return &set->series[i];
        }
    }
    if (set->count == HR_SERIES_MAX) {
        return NULL;
    }
    series = &set->series[set->count++];
    snprintf(series->label, sizeof(series->label), "%s", label);
    series->count = 0;
    return series;
}

void hr_series_add(struct hr_series *series, double x, double y, double low, double high)
{
    bool usable = isfinite(x) && isfinite(y) && fabs(x) < 1e18 && fabs(y) < 1e18;

    if (series && usable && series->count < HR_POINTS_MAX) {
        bool interval = isfinite(low) && isfinite(high) && fabs(low) < 1e18 && fabs(high) < 1e18;

        series->points[series->count++] = (struct hr_series_point){
            x, y, interval ? low : (double)NAN, interval ? high : (double)NAN};
    }
}

void hr_series_add_metric(struct hr_series *series, double x, const json_t *metric)
{
    hr_series_add(series, x, hr_view_number(metric, "estimate"), hr_view_number(metric, "ci_low"),
                  hr_view_number(metric, "ci_high"));
}

static int compare_points(const void *a, const void *b)
{
    double x = ((const struct hr_series_point *)a)->x, y = ((const struct hr_series_point *)b)->x;

    return x < y ? -1 : x > y;
}

void hr_series_finish(struct hr_series_set *set, int min)
{
    int i, kept = 0;

    for (i = 0; i < set->count; i++) {
        struct hr_series *series = &set->series[i];

        qsort(series->points, (size_t)series->count, sizeof(series->points[0]), compare_points);
        if (series->count >= min) {
            if (kept != i) {
                set->series[kept] = *series;
            }
            kept++;
        }
    }
    set->count = kept;
}

static void put_number(FILE *dat, double value)
{
    if (isfinite(value)) {
        fprintf(dat, " %.9g", value);
    } else {
        fputs(" NaN", dat);
    }
}

void hr_series_write(const struct hr_series_set *set, FILE *dat, const char *columns)
{
    int i, k;
    const char *c;

    for (i = 0; i < set->count; i++) {
        const struct hr_series *series = &set->series[i];

        fprintf(dat, "%s# ", i ? "\n\n" : "");
        for (c = series->label; *c; c++) {
            fputc((unsigned char)*c < 0x20 ? '?' : *c, dat);
        }
        fprintf(dat, "\n# %s\n", columns);
        for (k = 0; k < series->count; k++) {
            fprintf(dat, "%.9g", series->points[k].x);
            put_number(dat, series->points[k].y);
            put_number(dat, series->points[k].low);
            put_number(dat, series->points[k].high);
            fputc('\n', dat);
        }
    }
}

bool hr_series_extent(const struct hr_series_set *set, struct hr_series_point *low,
                      struct hr_series_point *high)
{
    bool any = false;
    int i, k;

    for (i = 0; i < set->count; i++) {
        for (k = 0; k < set->series[i].count; k++) {
            struct hr_series_point p = set->series[i].points[k];
            double top = isfinite(p.high) ? fmax(p.y, p.high) : p.y;

            low->x = any ? fmin(low->x, p.x) : p.x;
            low->y = any ? fmin(low->y, p.y) : p.y;
            high->x = any ? fmax(high->x, p.x) : p.x;
            high->y = any ? fmax(high->y, top) : top;
            any = true;
        }
    }
    return any;
}
