/*
 * plan_plots.c - a buyer's pictures: what a machine carries against what it costs, draws and holds,
 * and how far each is from what is required. Full marks were measured, diamonds are made up, hollow
 * marks are projections.
 */
#include "reports/figure_text.h"
#include "reports/markup.h"
#include "reports/plan.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GIB 1073741824.0

const struct hr_plot_ops hr_plan_plots[] = {
    {"plan_cost",
     "Up is more, left is cheaper. Full: measured; diamond: made up; hollow: projection, an upper "
     "bound. The line is the front: none of that sort carries as much for less.",
     hr_plot_plan_cost},
    {"plan_power",
     "Full: measured; diamond: made up; hollow: projection, an upper bound. Watts as metered or as "
     "the "
     "catalog says.",
     hr_plot_plan_power},
    {"plan_headroom",
     "How many times the requirement: left of the line is short. Full: measured; pale: made up; "
     "hollow: projection, an upper bound.",
     hr_plot_plan_headroom},
    {"plan_markets",
     "Markets at the measured bytes a market, in the share of memory that books may take. Hollow: "
     "the "
     "catalog's memory.",
     hr_plot_plan_markets},
    {"plan_ceilings", "Each bar against the best of the results; the figure stands beside it.",
     hr_plot_plan_ceilings},
    {"plan_percentiles",
     "Service time of the first closed-loop case of each result. Each step to the right is ten "
     "times "
     "rarer.",
     hr_plot_plan_percentiles},
    {NULL, NULL, NULL},
};

/* ---- points ---------------------------------------------------------------------------------- */

static const char *const bases[] = {"measured", "constructed", "projection"};
#define BASES 3
#define POINTS_MAX 60

struct point {
    double x, y;
    const json_t *machine;
    bool front;
};

struct points {
    int count, of[BASES]; /* how many of each basis, in this order */
    struct point point[POINTS_MAX];
};

static void add_point(struct points *points, const json_t *machine, int basis, double x, double y)
{
    if (x > 0 && y > 0 && x < 1e15 && y < 1e15 && points->count < POINTS_MAX) {
        points->point[points->count++] =
            (struct point){x, y, machine, json_is_true(json_object_get(machine, "front"))};
        points->of[basis]++;
    }
}

static double month_of(const json_t *machine)
{
    return hr_view_number(json_object_get(machine, "cost"), "month");
}

static double watts_of(const json_t *machine)
{
    return hr_view_number(machine, "watts");
}

static double memory_of(const json_t *machine)
{
    return hr_view_number(machine, "memory") / GIB;
}

static void collect(const json_t *plan, double (*x)(const json_t *), const char *y,
                    struct points *points)
{
    *points = (struct points){0};
    for (int b = 0; b < BASES; b++) {
        const json_t *machine;
        size_t i;

        json_array_foreach (json_object_get(plan, "machines"), i, machine) {
            if (hr_view_is(machine, "basis", bases[b])) {
                add_point(points, machine, b, x(machine), hr_view_number(machine, y));
            }
        }
    }
}

static struct hr_view_label label_of(const json_t *machine, size_t columns)
{
    struct hr_view_label label = {""};
    char whole[300], *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    snprintf(whole, sizeof(whole), "%s %.200s", hr_view_text(machine, "label"),
             hr_view_text(machine, "name"));
    if (out) {
        hr_put_cut(out, whole, columns);
        fclose(out);
        snprintf(label.text, sizeof(label.text), "%s", text);
        free(text);
    }
    return label;
}

/* The value of the first requirement of this name, or NaN. */
static double required(const json_t *plan, const char *what)
{
    const json_t *ask;
    size_t i;

    json_array_foreach (json_object_get(plan, "require"), i, ask) {
        if (hr_view_is(ask, "what", what)) {
            return hr_view_number(ask, "value");
        }
    }
    return (double)NAN;
}

static void write_data(const struct points *points, FILE *dat)
{
    int at = 0;

    fputs("# x y, machine; blocks: measured, made up, projection, the front\n", dat);
    for (int b = 0; b < BASES; b++) {
        for (int i = 0; i < points->of[b]; i++, at++) {
            fprintf(dat, "%.9g %.9g # %s\n", points->point[at].x, points->point[at].y,
                    hr_view_text(points->point[at].machine, "label"));
        }
        fputs(points->of[b] ? "\n\n" : "", dat);
    }
}

static int compare_x(const void *a, const void *b)
{
    double x = ((const struct point *)a)->x, y = ((const struct point *)b)->x;

    return (x > y) - (x < y);
}

/* The front as its own block, by cost; how many points it has. */
static int write_front(const struct points *points, FILE *dat)
{
    struct point front[POINTS_MAX];
    int count = 0;

    for (int i = 0; i < points->count; i++) {
        if (points->point[i].front) {
            front[count++] = points->point[i];
        }
    }
    qsort(front, (size_t)count, sizeof(front[0]), compare_x);
    for (int i = 0; i < count; i++) {
        fprintf(dat, "%.9g %.9g\n", front[i].x, front[i].y);
    }
    return count;
}

static void put_need(FILE *gp, double need, const char *unit)
{
    char text[120];

    snprintf(text, sizeof(text), "required: %.100s", hr_figure_set(need, unit).text);
    fprintf(
        gp,
        "set arrow 1 from graph 0, first %.9g to graph 1, first %.9g nohead dt (6,5) lw 1 lc rgb "
        "'" HR_INK "'\nset label 90 ",
        need, need);
    hr_script_quote(gp, text);
    fprintf(gp,
            " at graph 0.01, first %.9g left offset 0,-0.6 font 'sans-serif,12' tc rgb '" HR_INK
            "' front\n",
            need);
}

/* Names that the line of what is required would strike through go above it. `span` is the axis's,
 * as a logarithm. */
static void off_the_line(struct hr_end_label *labels, int count, double need, double span)
{
    for (int i = 0; i < count; i++) {
        if (fabs(log(labels[i].y / need)) < 0.03 * span) {
            labels[i].y = need * exp(0.05 * span);
        }
    }
}

static void put_points(FILE *gp, const char *name, const struct points *points, int front)
{
    static const struct {
        int mark, color;
        double size;
    } looks[BASES] = {{7, 0, 0.8}, {12, 1, 0.9}, {6, 3, 0.8}};
    int index = 0;

    fputs("plot \\\n", gp);
    for (int b = 0; b < BASES; b++) {
        if (points->of[b]) {
            fprintf(gp,
                    "%s  '%s.dat' index %d using 1:2 with points pt %d ps %g lw 1.8 lc rgb '%s'",
                    index ? ", \\\n" : "", name, index, looks[b].mark, looks[b].size,
                    hr_script_color(looks[b].color));
            index++;
        }
    }
    if (front > 1) {
        fprintf(gp, ", \\\n  '%s.dat' index %d using 1:2 with steps lw 1.2 lc rgb '" HR_INK "'",
                name, index);
    }
    fputs("\n", gp);
}

struct scatter {
    const char *name, *title, *x_title, *y_title, *member, *ask, *unit;
    double (*x)(const json_t *machine);
    bool front;
};

static bool plot_scatter(const json_t *plan, const struct scatter *s, FILE *dat, FILE *gp)
{
    static const int colors[BASES] = {0, 1, 3};
    struct hr_end_label labels[POINTS_MAX];
    struct points points;
    struct hr_axis x, y;
    double need = required(plan, s->ask), low = (double)NAN, high = (double)NAN;
    double left = (double)NAN, right = (double)NAN;
    int at = 0, front;

    collect(plan, s->x, s->member, &points);
    if (points.count == 0) {
        return false;
    }
    for (int b = 0; b < BASES; b++) {
        for (int i = 0; i < points.of[b]; i++, at++) {
            const struct point *p = &points.point[at];

            low = fmin(low, p->y);
            high = fmax(high, p->y);
            left = fmin(left, p->x);
            right = fmax(right, p->x);
            labels[at] = (struct hr_end_label){.x = p->x, .y = p->y, .color = colors[b]};
            snprintf(labels[at].text, sizeof(labels[at].text), "%.110s",
                     label_of(p->machine, 26).text);
        }
    }
    write_data(&points, dat);
    front = s->front ? write_front(&points, dat) : 0;
    hr_script_begin(gp, s->name, s->title, 400);
    x = hr_script_axis(gp, 'x', true, left / 1.25, right * 1.25, "");
    y = hr_script_axis(gp, 'y', true, fmin(low, need) / 1.2, fmax(high, need) * 1.2, "");
    hr_script_axis_title(gp, 'x', s->x_title);
    hr_script_axis_title(gp, 'y', s->y_title);
    if (need > 0) {
        put_need(gp, need, s->unit);
        off_the_line(labels, points.count, need, log(fmax(high, need) / fmin(low, need)));
    }
    hr_script_end_labels(gp, labels, points.count, &x, &y);
    put_points(gp, s->name, &points, front);
    return true;
}

bool hr_plot_plan_cost(const json_t *plan, FILE *dat, FILE *gp, char *why)
{
    char title[80];
    struct scatter s = {"plan_cost", "Capacity against cost",
                        title,       "orders/s",
                        "rate",      "rate",
                        "orders/s",  month_of,
                        true};

    snprintf(title, sizeof(title), "%.3s a month",
             hr_view_text(json_object_get(plan, "terms"), "currency"));
    if (!plot_scatter(plan, &s, dat, gp)) {
        snprintf(why, HR_WHY_MAX,
                 "it needs a machine with a price that answers a required rate (--require rate=…)");
        return false;
    }
    return true;
}

bool hr_plot_plan_power(const json_t *plan, FILE *dat, FILE *gp, char *why)
{
    static const struct scatter s = {"plan_power", "Capacity against power",
                                     "watts",      "orders/s",
                                     "rate",       "rate",
                                     "orders/s",   watts_of,
                                     false};

    if (!plot_scatter(plan, &s, dat, gp)) {
        snprintf(why, HR_WHY_MAX,
                 "it needs a machine with known watts that answers a required rate");
        return false;
    }
    return true;
}

bool hr_plot_plan_markets(const json_t *plan, FILE *dat, FILE *gp, char *why)
{
    static const struct scatter s = {"plan_markets", "Markets that fit", "memory, GiB",
                                     "markets",      "markets",          "markets",
                                     "markets",      memory_of,          false};

    if (!plot_scatter(plan, &s, dat, gp)) {
        snprintf(why, HR_WHY_MAX, "no result has the bytes of a market");
        return false;
    }
    return true;
}

/* ---- percentiles
 * --------------------------------------------------------------------------------- */

bool hr_plot_plan_percentiles(const json_t *plan, FILE *dat, FILE *gp, char *why)
{
    struct hr_series_set *set = calloc(1, sizeof(*set));
    const json_t *machine;
    size_t i;

    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        const json_t *curve = json_object_get(machine, "curve");

        if (set && json_is_object(curve)) {
            char label[150];

            snprintf(label, sizeof(label), "%.110s%s", label_of(machine, 22).text,
                     hr_view_is(machine, "basis", "constructed") ? ", made up" : "");
            hr_series_add_percentiles(set, label, curve);
        }
    }
    if (set) {
        hr_series_finish(set, 2);
    }
    if (!set || set->count == 0) {
        snprintf(why, HR_WHY_MAX, "no result has a closed-loop latency histogram that counts");
        free(set);
        return false;
    }
    hr_script_percentiles(dat, gp, set, "plan_percentiles", "Latency by percentile",
                          "service time, closed loop");
    free(set);
    return true;
}
