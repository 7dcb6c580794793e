/*
 * plot_latency.c - latency against offered load, with the bracket in which capacity lies, and the
 * percentile curve. Cases that cannot be trusted are not drawn.
 */
#include "reports/figure_text.h"
#include "reports/plot.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const tails[] = {"p50", "p99", "p99.9"};
#define TAILS 3
#define PATHS_MAX 3

/* ---- load ---------------------------------------------------------------------------- */

static void add_at_rate(struct hr_series_set *set, const char *who, double rate,
                        const json_t *values)
{
    int t;

    for (t = 0; t < TAILS; t++) {
        double value = hr_view_number(values, tails[t]);
        char label[140];

        snprintf(label, sizeof(label), "%.100s %s", who, tails[t]);
        if (rate > 0 && value > 0) {
            hr_series_add(hr_series_of(set, label), rate, value, (double)NAN, (double)NAN);
        }
    }
}

/* The curve of a capacity search, where it has one; else the open-loop cases. */
static void collect_load(const json_t *record, struct hr_series_set *set)
{
    char done[PATHS_MAX][120];
    struct hr_view_walk walk = {0};
    int paths = 0, i;

    while (hr_view_next(record, &walk)) {
        const json_t *curve = json_object_get(walk.item, "curve"), *step;
        size_t k;

        if (json_array_size(curve) < 3 || paths == PATHS_MAX || !hr_view_counts(walk.item)) {
            continue;
        }
        snprintf(done[paths], sizeof(done[0]), "%s", hr_view_short(record, walk.item).text);
        json_array_foreach (curve, k, step) {
            add_at_rate(set, done[paths], hr_view_number(step, "rate"), step);
        }
        paths++;
    }
    walk = (struct hr_view_walk){0};
    while (hr_view_next(record, &walk)) {
        struct hr_view_label who = hr_view_short(record, walk.item);
        const json_t *latency = hr_view_histogram(walk.item, "latency");
        bool known = false;

        for (i = 0; i < paths; i++) {
            known |= strcmp(done[i], who.text) == 0;
        }
        if (!known && hr_view_counts(walk.item)) {
            add_at_rate(set, who.text, hr_view_param(walk.item, "rate"),
                        json_object_get(latency, "percentiles"));
        }
    }
    hr_series_finish(set, 2);
}

/* Which path a series belongs to: the label without its percentile. */
static int path_of(const struct hr_series_set *set, int i, const char **tail)
{
    char *space = strrchr(set->series[i].label, ' ');
    size_t length = space ? (size_t)(space - set->series[i].label) : 0;
    int k, path = 0;

    *tail = space ? space + 1 : "";
    for (k = 0; k < i; k++) {
        const char *other = strrchr(set->series[k].label, ' ');
        size_t other_length = other ? (size_t)(other - set->series[k].label) : 0;

        if (other_length == length &&
            strncmp(set->series[k].label, set->series[i].label, length) == 0) {
            const char *ignored;

            return path_of(set, k, &ignored);
        }
        path +=
            k == 0 || strncmp(set->series[k].label, set->series[k - 1].label, other_length) != 0;
    }
    return path;
}

static void put_brackets(const json_t *record, const struct hr_series_set *set, FILE *gp)
{
    struct hr_view_walk walk = {0};
    double drawn = 0;
    int object = 1, i;

    while (hr_view_next(record, &walk)) {
        double capacity = hr_view_estimate(walk.item, "capacity");
        double failed = hr_view_estimate(walk.item, "lowest_failed");
        double bound = hr_view_param(walk.item, "bound_ns");
        struct hr_view_label who = hr_view_short(record, walk.item);
        int color = -1;

        for (i = 0; i < set->count; i++) {
            const char *tail;

            if (strncmp(set->series[i].label, who.text, strlen(who.text)) == 0) {
                color = path_of(set, i, &tail);
                break;
            }
        }
        if (!(capacity > 0) || color < 0 || object > 6) {
            continue;
        }
        fprintf(gp,
                "set object %d rect from first %.9g, graph 0 to first %.9g, graph 1 fc rgb '%s' "
                "fs transparent solid 0.18 noborder behind\n",
                object++, capacity, failed > capacity ? failed : capacity * 1.004,
                hr_script_color(color));
        if (bound > 0 && bound != drawn) {
            drawn = bound;
            fprintf(
                gp,
                "set arrow %d from graph 0, first %.9g to graph 1, first %.9g nohead dt (6,5) lw 1 "
                "lc rgb '" HR_INK "'\n",
                1 + object, bound, bound);
            fprintf(gp, "set label %d ", 60 + object);
            hr_script_quote(gp, hr_bound_text(walk.item).text);
            fprintf(
                gp,
                " at graph 0.01, first %.9g left offset 0,0.6 font 'sans-serif,12' tc rgb '" HR_INK
                "' front\n",
                bound);
        }
    }
}

bool hr_plot_load(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    static const char *const dashes[] = {"dt (2,3) lw 1.6", "dt (8,4) lw 1.6", "lw 2.4"};
    struct hr_series_set *set = calloc(1, sizeof(*set));
    struct hr_series_point low, high;
    struct hr_end_label labels[HR_SERIES_MAX];
    struct hr_axis x, y;
    int i;

    if (set) {
        collect_load(record, set);
    }
    if (!set || !hr_series_extent(set, &low, &high)) {
        snprintf(why, HR_WHY_MAX, "it needs latency at two rates or more, open loop");
        free(set);
        return false;
    }
    hr_series_write(set, dat, "rate_orders_per_s latency_ns");
    hr_script_begin(gp, "load", "Latency against load", 400);
    x = hr_script_axis(gp, 'x', false, 0, high.x, "");
    y = hr_script_axis(gp, 'y', true, low.y, high.y, "ns");
    hr_script_axis_title(gp, 'x', "offered, orders/s");
    hr_script_axis_title(gp, 'y', "latency from the intended time");
    put_brackets(record, set, gp);
    for (i = 0; i < set->count; i++) {
        struct hr_series *series = &set->series[i];

        labels[i].x = series->points[series->count - 1].x;
        labels[i].y = series->points[series->count - 1].y;
        labels[i].color = path_of(set, i, &(const char *){NULL});
        snprintf(labels[i].text, sizeof(labels[i].text), "%s", series->label);
    }
    hr_script_end_labels(gp, labels, set->count, &x, &y);
    fputs("plot \\\n", gp);
    for (i = 0; i < set->count; i++) {
        const char *tail, *dash = dashes[0];
        int path = path_of(set, i, &tail), t;

        for (t = 0; t < TAILS; t++) {
            dash = strcmp(tail, tails[t]) == 0 ? dashes[t] : dash;
        }
        fprintf(gp,
                "  'load.dat' index %d using 1:2 with linespoints pt 7 ps 0.35 %s lc rgb '%s'%s\n",
                i, dash, hr_script_color(path), i + 1 < set->count ? ", \\" : "");
    }
    free(set);
    return true;
}

/* ---- percentiles ----------------------------------------------------------------------- */

void hr_series_add_percentiles(struct hr_series_set *set, const char *label,
                               const json_t *histogram)
{
    const json_t *point;
    double count = hr_view_number(histogram, "count");
    size_t i;

    json_array_foreach (json_object_get(histogram, "points"), i, point) {
        double percentile = json_number_value(json_array_get(point, 0));
        double value = json_number_value(json_array_get(point, 1));
        double x = percentile >= 100 || 1 - percentile / 100 < 1 / count
                       ? count
                       : 1 / (1 - percentile / 100);

        if (value > 0 && x >= 1.1) {
            hr_series_add(hr_series_of(set, label), x, value, (double)NAN, (double)NAN);
        }
    }
}

static void sort_by_rate(const json_t **cases, int count)
{
    int i, k;

    for (i = 1; i < count; i++) {
        const json_t *item = cases[i];

        for (k = i; k > 0 && hr_view_param(cases[k - 1], "rate") > hr_view_param(item, "rate");
             k--) {
            cases[k] = cases[k - 1];
        }
        cases[k] = item;
    }
}

/* Closed loop (one curve a number of markets), and of the open-loop rates of the first path the
 * lowest, the middle and the highest that count. */
static void collect_percentiles(const json_t *record, struct hr_series_set *set)
{
    enum { CASES_MAX = 64, CLOSED_MAX = 2 };
    const json_t *open[CASES_MAX], *closed[CLOSED_MAX];
    struct hr_view_walk walk = {0};
    int opens = 0, closeds = 0, i;
    char label[240];

    while (hr_view_next(record, &walk)) {
        double rate = hr_view_param(walk.item, "rate");

        if (!hr_view_counts(walk.item) || isfinite(hr_view_param(walk.item, "bound_ns"))) {
            continue;
        }
        if (rate > 0 && hr_view_histogram(walk.item, "latency") && opens < CASES_MAX &&
            (opens == 0 ||
             strcmp(hr_view_text(walk.item, "path"), hr_view_text(open[0], "path")) == 0)) {
            open[opens++] = walk.item;
        } else if (isnan(rate) && hr_view_histogram(walk.item, "service") && closeds < CLOSED_MAX) {
            closed[closeds++] = walk.item;
        }
    }
    for (i = 0; i < closeds; i++) {
        double markets = hr_view_param(closed[i], "markets");

        snprintf(label, sizeof(label), closeds > 1 ? "closed, %s market%s" : "closed loop",
                 hr_figure_set(markets, "").text, markets == 1 ? "" : "s");
        hr_series_add_percentiles(set, label, hr_view_histogram(closed[i], "service"));
    }
    sort_by_rate(open, opens);
    for (i = 0; i < 3 && opens > 0; i++) {
        const json_t *item = open[i == 0 ? 0 : i == 1 ? opens / 2 : opens - 1];

        snprintf(label, sizeof(label), "%s/s", hr_figure_set(hr_view_param(item, "rate"), "").text);
        if (i == 0 || item != open[i == 1 ? 0 : opens / 2]) {
            hr_series_add_percentiles(set, label, hr_view_histogram(item, "latency"));
        }
    }
    hr_series_finish(set, 2);
}

void hr_script_percentiles(FILE *dat, FILE *gp, const struct hr_series_set *set, const char *name,
                           const char *title, const char *y_title)
{
    struct hr_series_point low, high;
    struct hr_end_label labels[HR_SERIES_MAX];
    struct hr_axis x, y;
    double at;
    int i, nines = 0;

    hr_series_extent(set, &low, &high);
    hr_series_write(set, dat, "1/(1-p) latency_ns");
    hr_script_begin(gp, name, title, 400);
    fprintf(gp,
            "set logscale x\nset xrange [1.1:%.9g]\n"
            "set xtics ('50' 2, '90' 10, '99' 100",
            fmax(high.x, 20));
    for (at = 1000; at <= high.x && nines < 3; at *= 10) {
        fprintf(gp, ", '99.%.*s' %g", ++nines, "999", at);
    }
    fputs(")\n", gp);
    x = (struct hr_axis){.name = 'x', .log = true, .low = 1.1, .high = fmax(high.x, 20)};
    y = hr_script_axis(gp, 'y', true, low.y, high.y, "ns");
    hr_script_axis_title(gp, 'x', "percentile, on a scale of 1/(1 − p)");
    hr_script_axis_title(gp, 'y', y_title);
    for (i = 0; i < set->count; i++) {
        const struct hr_series *series = &set->series[i];

        labels[i].x = x.high; /* curves end at different places, and cross */
        labels[i].y = series->points[series->count - 1].y;
        labels[i].color = i;
        snprintf(labels[i].text, sizeof(labels[i].text), "%s", series->label);
    }
    hr_script_end_labels(gp, labels, set->count, &x, &y);
    fputs("plot \\\n", gp);
    for (i = 0; i < set->count; i++) {
        fprintf(gp, "  '%s.dat' index %d using 1:2 with lines lw 2.2 lc rgb '%s'%s\n", name, i,
                hr_script_color(i), i + 1 < set->count ? ", \\" : "");
    }
}

bool hr_plot_percentiles(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    struct hr_series_set *set = calloc(1, sizeof(*set));
    struct hr_series_point low, high;

    if (set) {
        collect_percentiles(record, set);
    }
    if (!set || !hr_series_extent(set, &low, &high)) {
        snprintf(why, HR_WHY_MAX, "it needs a latency histogram of a case that counts");
        free(set);
        return false;
    }
    hr_script_percentiles(dat, gp, set, "percentiles", "Latency by percentile",
                          "latency at orders/s offered; closed loop: service time");
    free(set);
    return true;
}
