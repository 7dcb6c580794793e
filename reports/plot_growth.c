/*
 * plot_growth.c - throughput against markets, depth and cores, and memory by depth. Bars at the
 * points are the intervals of their estimates; a point without a bar has none.
 */
#include "harness/statistics.h"
#include "reports/figure_text.h"
#include "reports/plot.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything of a case but x, as the name of its series. */
static void label_of(const json_t *record, const json_t *item, const char *x, char *label,
                     size_t bytes)
{
    double markets = hr_view_param(item, "markets"), depth = hr_view_depth(item);
    double zipf = hr_view_param(item, "zipf");
    const char *flow = hr_view_text(json_object_get(item, "params"), "flow");
    size_t at = (size_t)snprintf(label, bytes, "%.40s", hr_view_short(record, item).text);

    if (*flow) {
        snprintf(label + at, bytes - at, ", %.40s", flow);
        return; /* the name says the rest */
    }
    if (strcmp(x, "markets") != 0 && isfinite(markets) && strcmp(x, "shards") != 0) {
        at += (size_t)snprintf(label + at, bytes - at, ", %.20s markets",
                               hr_figure_set(markets, "").text);
    }
    if (strcmp(x, "depth") != 0 && isfinite(depth) && strcmp(x, "shards") != 0) {
        at += (size_t)snprintf(label + at, bytes - at, ", depth %.20s",
                               hr_figure_set(depth, "").text);
    }
    if (isfinite(zipf) && zipf > 0) {
        snprintf(label + at, bytes - at, ", Zipf %.3g", zipf);
    }
}

static double x_of(const json_t *item, const char *x)
{
    return strcmp(x, "depth") == 0 ? hr_view_depth(item) : hr_view_param(item, x);
}

static void collect(const json_t *record, const char *suite, const char *x, const char *metric,
                    struct hr_series_set *set)
{
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(hr_view_suite(record, suite), "cases"), i, item) {
        double at = x_of(item, x);
        char label[160];

        if (hr_view_counts(item) && at > 0 &&
            isfinite(hr_view_number(hr_view_metric(item, metric), "estimate"))) {
            label_of(record, item, x, label, sizeof(label));
            hr_series_add_metric(hr_series_of(set, label), at, hr_view_metric(item, metric));
        }
    }
    hr_series_finish(set, 2);
    set->count = set->count < 5 ? set->count : 5;
}

static void put_series(FILE *gp, const char *name, const struct hr_series_set *set)
{
    int i;

    fputs("plot \\\n", gp);
    for (i = 0; i < set->count; i++) {
        fprintf(gp,
                "  '%s.dat' index %d using 1:3:(0):($4-$3) with vectors nohead lw 1.4 lc rgb "
                "'%s', \\\n"
                "  '%s.dat' index %d using 1:2 with linespoints pt 7 ps 0.6 lw 2 lc rgb '%s'%s\n",
                name, i, hr_script_color(i), name, i, hr_script_color(i),
                i + 1 < set->count ? ", \\" : "");
    }
}

static void put_labels(FILE *gp, const struct hr_series_set *set, const struct hr_axis *x,
                       const struct hr_axis *y)
{
    struct hr_end_label labels[HR_SERIES_MAX];
    int i;

    for (i = 0; i < set->count; i++) {
        const struct hr_series *series = &set->series[i];

        labels[i].x = series->points[series->count - 1].x;
        labels[i].y = series->points[series->count - 1].y;
        labels[i].color = i;
        snprintf(labels[i].text, sizeof(labels[i].text), "%s", series->label);
    }
    hr_script_end_labels(gp, labels, set->count, x, y);
}

struct growth {
    const char *name, *title, *x, *x_title, *metric, *y_title, *unit;
    bool y_log;
};

static bool plot_growth(const json_t *record, const struct growth *g, FILE *dat, FILE *gp,
                        char *why)
{
    struct hr_series_set *set = calloc(1, sizeof(*set));
    struct hr_series_point low, high;
    struct hr_axis x, y;

    if (set) {
        collect(record, "markets", g->x, g->metric, set);
    }
    if (!set || !hr_series_extent(set, &low, &high)) {
        snprintf(why, HR_WHY_MAX, "it needs two cases or more that differ only in %s", g->x);
        free(set);
        return false;
    }
    hr_series_write(set, dat, "x estimate low high");
    hr_script_begin(gp, g->name, g->title, 360);
    x = hr_script_axis(gp, 'x', true, low.x, high.x, "");
    y = hr_script_axis(gp, 'y', g->y_log, low.y, high.y, g->unit);
    hr_script_axis_title(gp, 'x', g->x_title);
    hr_script_axis_title(gp, 'y', g->y_title);
    put_labels(gp, set, &x, &y);
    put_series(gp, g->name, set);
    free(set);
    return true;
}

bool hr_plot_markets(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    static const struct growth g = {
        "markets",    "Throughput against markets", "markets", "markets",
        "throughput", "orders/s, one thread",       "",        false};

    return plot_growth(record, &g, dat, gp, why);
}

bool hr_plot_depth(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    static const struct growth g = {
        "depth",      "Throughput against depth", "depth", "levels a side",
        "throughput", "orders/s, one thread",     "",      false};

    return plot_growth(record, &g, dat, gp, why);
}

bool hr_plot_memory(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    static const struct growth g = {"memory",
                                    "Memory a market",
                                    "depth",
                                    "levels a side",
                                    "bytes_per_market",
                                    "resident bytes a market, after touching",
                                    "bytes",
                                    true};
    struct growth by_markets = g;

    if (plot_growth(record, &g, dat, gp, why)) {
        return true;
    }
    by_markets.x = by_markets.x_title = "markets";
    return plot_growth(record, &by_markets, dat, gp, why);
}

/* ---- cores ----------------------------------------------------------------------------- */

static int fit_of(const struct hr_series *series, struct hr_usl *fit)
{
    double x[HR_POINTS_MAX], y[HR_POINTS_MAX];
    int i;

    for (i = 0; i < series->count; i++) {
        x[i] = series->points[i].x;
        y[i] = series->points[i].y;
    }
    return hr_fit_usl(x, y, series->count, fit);
}

bool hr_plot_scaling(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    struct hr_series_set *set = calloc(1, sizeof(*set));
    struct hr_series_point low, high;
    struct hr_end_label labels[HR_SERIES_MAX + 1];
    struct hr_axis x, y;
    struct hr_usl fit;
    double alone;
    int i, last;

    if (set) {
        collect(record, "scaling", "shards", "throughput", set);
    }
    if (!set || !hr_series_extent(set, &low, &high)) {
        snprintf(why, HR_WHY_MAX, "it needs throughput at two numbers of shards or more");
        free(set);
        return false;
    }
    hr_series_write(set, dat, "shards estimate low high");
    hr_script_begin(gp, "scaling", "Core scaling", 360);
    alone = set->series[0].points[0].y / set->series[0].points[0].x;
    x = hr_script_axis(gp, 'x', false, 0, high.x, "");
    y = hr_script_axis(gp, 'y', false, 0, fmax(high.y, alone * high.x), "");
    hr_script_axis_title(gp, 'x', "shards, one core each");
    hr_script_axis_title(gp, 'y', "orders/s");
    for (i = 0; i < set->count; i++) {
        last = set->series[i].count - 1;
        labels[i] = (struct hr_end_label){
            .x = set->series[i].points[last].x, .y = set->series[i].points[last].y, .color = i};
        snprintf(labels[i].text, sizeof(labels[i].text), "%s", set->series[i].label);
    }
    labels[i] = (struct hr_end_label){.x = high.x, .y = alone * high.x, .color = -1};
    snprintf(labels[i].text, sizeof(labels[i].text), "linear");
    hr_script_end_labels(gp, labels, set->count + 1, &x, &y);
    fprintf(gp,
            "plot (x <= %.9g ? %.9g * x : NaN) with lines lw 1.2 dt (4,4) lc rgb '" HR_INK
            "', \\\n",
            high.x, alone);
    for (i = 0; i < set->count; i++) {
        if (fit_of(&set->series[i], &fit) == 0) {
            fprintf(gp,
                    "  (x <= %.9g ? %.9g * x / (1 + %.9g * (x - 1) + %.9g * x * (x - 1)) : NaN) "
                    "with lines lw 2.2 "
                    "lc rgb '%s', \\\n",
                    set->series[i].points[set->series[i].count - 1].x, fit.lambda, fit.sigma,
                    fit.kappa, hr_script_color(i));
        }
        fprintf(gp,
                "  'scaling.dat' index %d using 1:3:(0):($4-$3) with vectors nohead lw 1.6 lc rgb "
                "'%s', \\\n"
                "  'scaling.dat' index %d using 1:2 with points pt 7 ps 0.7 lc rgb '%s'%s\n",
                i, hr_script_color(i), i, hr_script_color(i), i + 1 < set->count ? ", \\" : "");
    }
    free(set);
    return true;
}
