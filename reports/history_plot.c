/*
 * history_plot.c - a history as a picture: each result a point, each level a line, all as a share
 * of the first level, so that figures of different units stand in one frame.
 */
#include "harness/error.h"
#include "reports/history.h"
#include "reports/plot.h"
#include "reports/record_view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX 5

static double first_level(const json_t *series)
{
    return hr_view_number(json_array_get(json_object_get(series, "levels"), 0), "level");
}

static bool wanted(const json_t *series)
{
    return json_array_size(json_object_get(series, "points")) >= 2 && first_level(series) > 0;
}

/* One block a level, broken by an empty line, so that no line joins two levels. */
static void write_series(const json_t *series, FILE *dat, double *low, double *high)
{
    const json_t *points = json_object_get(series, "points"), *level;
    double first = first_level(series);
    size_t i;

    json_array_foreach (json_object_get(series, "levels"), i, level) {
        int to = (int)hr_view_number(level, "to");

        fputs(i ? "\n" : "", dat);
        for (int k = (int)hr_view_number(level, "from"); k < to; k++) {
            const json_t *point = json_array_get(points, (size_t)k);
            double value = hr_view_number(point, "median") / first;

            fprintf(dat, "%d %.9g %.9g # %.20s %.12s\n", k + 1, value,
                    hr_view_number(level, "level") / first, hr_view_text(point, "started"),
                    hr_view_text(point, "git_sha"));
            *low = fmin(*low, value);
            *high = fmax(*high, value);
        }
    }
    fputs("\n\n", dat);
}

/* What tells the cases of one picture apart: the id behind suite and path. */
static const char *short_name(const json_t *series)
{
    const char *name = hr_view_text(series, "case");

    for (int i = 0; i < 2 && strchr(name, '/'); i++) {
        name = strchr(name, '/') + 1;
    }
    return name;
}

static double last_level(const json_t *series)
{
    const json_t *levels = json_object_get(series, "levels");

    return hr_view_number(json_array_get(levels, json_array_size(levels) - 1), "level");
}

/* Shares around 100 %, not from 0: it is the change that is looked at. */
static struct hr_axis share_axis(FILE *gp, double low, double high)
{
    double room = fmax(high - low, 0.02);
    double step = room > 0.5 ? 0.2 : room > 0.2 ? 0.1 : room > 0.08 ? 0.05 : 0.01;
    struct hr_axis axis = {.name = 'y', .low = low - 0.1 * room, .high = high + 0.1 * room};

    fprintf(gp, "set yrange [%.9g:%.9g]\nset ytics ()\n", axis.low, axis.high);
    for (int i = (int)ceil(axis.low / step); i * step <= axis.high; i++) {
        fprintf(gp, "set ytics add ('%.0f %%%%' %.9g)\n", 100 * i * step, i * step);
    }
    return axis;
}

static bool changed(const json_t *series)
{
    return json_array_size(json_object_get(series, "levels")) > 1;
}

/* Those that changed come first, as many as can be told apart. How many could be drawn. */
static int choose(const json_t *history, const json_t *shown[SERIES_MAX])
{
    const json_t *series;
    int count = 0;
    size_t i;

    for (int pass = 0; pass < 2; pass++) {
        json_array_foreach (json_object_get(history, "series"), i, series) {
            if (wanted(series) && changed(series) == (pass == 0) && count++ < SERIES_MAX) {
                shown[count - 1] = series;
            }
        }
    }
    return count;
}

static bool write_plot(const json_t *history, FILE *dat, FILE *gp, char *why)
{
    struct hr_end_label labels[SERIES_MAX];
    double low = INFINITY, high = -INFINITY;
    const json_t *shown[SERIES_MAX] = {NULL};
    int could = choose(history, shown), count = could < SERIES_MAX ? could : SERIES_MAX;
    size_t longest = 0;

    fputs("# result median/first-level level/first-level\n", dat);
    for (int k = 0; k < count; k++) {
        size_t n = json_array_size(json_object_get(shown[k], "points"));

        longest = n > longest ? n : longest;
        write_series(shown[k], dat, &low, &high);
    }
    if (!count) {
        snprintf(why, HR_WHY_MAX, "no figure has two results");
        return false;
    }
    hr_script_begin(gp, "history", "History", 360);
    struct hr_axis x = hr_script_axis(gp, 'x', false, 0, (double)longest, "");
    struct hr_axis y = share_axis(gp, low, high);

    hr_script_axis_title(gp, 'x', "results, oldest first");
    hr_script_axis_title(gp, 'y', "of the first level");
    for (int k = 0; k < count; k++) {
        size_t n = json_array_size(json_object_get(shown[k], "points"));

        labels[k] = (struct hr_end_label){
            .x = (double)n, .y = last_level(shown[k]) / first_level(shown[k]), .color = k};
        snprintf(labels[k].text, sizeof(labels[k].text), "%.60s %.20s%s", short_name(shown[k]),
                 hr_view_text(shown[k], "metric"),
                 hr_view_is(shown[k], "better", "lower") ? " (less is better)" : "");
    }
    hr_script_end_labels(gp, labels, count, &x, &y);
    fputs("plot \\\n", gp);
    for (int k = 0; k < count; k++) {
        fprintf(gp,
                "  'history.dat' index %d using 1:3 with lines lw 1.6 lc rgb '%s', \\\n"
                "  'history.dat' index %d using 1:2 with points pt 7 ps 0.5 lc rgb '%s'%s\n",
                k, hr_script_color(k), k, hr_script_color(k), k + 1 < count ? ", \\" : "");
    }
    return true;
}

int hr_history_plot(const json_t *history, const char *dir, bool *drawn, int *left_out)
{
    static const struct hr_plot_ops plots[] = {
        {"history", "Points are results, lines the levels between changes.", write_plot},
        {NULL, NULL, NULL},
    };
    const json_t *shown[SERIES_MAX];
    char why[HR_WHY_MAX];
    int pictures = 0, could = choose(history, shown), rc;

    *left_out = could > SERIES_MAX ? could - SERIES_MAX : 0;
    hr_plot_why(plots, history, why);
    if (*why) {
        return hr_fail(EINVAL, "nothing to draw: %s", why);
    }
    rc = hr_plots_draw(plots, history, dir, &pictures);
    *drawn = pictures > 0;
    return rc;
}
