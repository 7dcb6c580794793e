/*
 * plan_bars.c - a buyer's bars: headroom against each requirement, and the ceilings of all results
 * side by side. One group a question, one bar a machine.
 */
#include "reports/figure_text.h"
#include "reports/plan.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BARS_MAX 48

struct bar {
    double value;  /* as drawn */
    int row, look; /* 0 measured, 1 made up, 2 projection */
    char name[80], figure[120];
    bool good;
};

struct bars {
    int count, rows;
    struct bar bar[BARS_MAX];
    int titles;
    struct {
        int row;
        char text[160];
    } title[16];
};

static int look_of(const json_t *machine)
{
    return hr_view_is(machine, "basis", "measured")      ? 0
           : hr_view_is(machine, "basis", "constructed") ? 1
                                                         : 2;
}

static void add_title(struct bars *bars, const char *text)
{
    if (bars->titles < 16) {
        bars->title[bars->titles].row = bars->rows;
        snprintf(bars->title[bars->titles].text, sizeof(bars->title[0].text), "%.150s", text);
        bars->titles++;
        bars->rows++;
    }
}

static void add_bar(struct bars *bars, const json_t *machine, double value, const char *figure,
                    bool good)
{
    struct bar *bar = &bars->bar[bars->count];

    if (bars->count == BARS_MAX || !isfinite(value)) {
        return;
    }
    *bar =
        (struct bar){.value = value, .row = bars->rows++, .look = look_of(machine), .good = good};
    snprintf(bar->name, sizeof(bar->name), "%.8s", hr_view_text(machine, "label"));
    snprintf(bar->figure, sizeof(bar->figure), "%.60s%s", figure,
             bar->look == 1   ? ", made up"
             : bar->look == 2 ? ", at most"
                              : "");
    bars->count++;
}

/* A group without bars is taken back. */
static void end_group(struct bars *bars, int before)
{
    if (bars->count == before) {
        bars->titles--;
        bars->rows--;
    }
}

static void put_texts(FILE *gp, const struct bars *bars, double low)
{
    int label = 200;

    for (int i = 0; i < bars->titles; i++) {
        fprintf(gp, "set label %d ", label++);
        hr_script_quote(gp, bars->title[i].text);
        fprintf(gp,
                " at graph -0.04, first %d.1 left font 'sans-serif,13' tc rgb '" HR_INK "' front\n",
                bars->title[i].row);
    }
    for (int i = 0; i < bars->count; i++) {
        const struct bar *bar = &bars->bar[i];

        fprintf(gp, "set label %d ", label++);
        hr_script_quote(gp, bar->name);
        fprintf(gp,
                " at graph -0.015, first %d right font 'sans-serif,12' tc rgb '" HR_INK "' front\n",
                bar->row);
        fprintf(gp, "set label %d ", label++);
        hr_script_quote(gp, bar->figure);
        fprintf(gp,
                " at first %.9g, first %d left offset 0.6,0 font 'sans-serif,12' tc rgb '" HR_INK
                "' front\n",
                fmax(bar->value, low), bar->row);
    }
}

/* Each look is a block of the data: x from, x to, row. */
static void put_bars(FILE *dat, FILE *gp, const struct bars *bars, const char *name, double low)
{
    static const char *const styles[] = {"fs solid 1 noborder", "fs solid 0.3 border",
                                         "fs empty border"};
    int index = 0;

    fputs(
        "# from to row; blocks: measured, made up, projections, each that meets and then that does "
        "not\n",
        dat);
    fputs("plot \\\n", gp);
    for (int look = 0; look < 6; look++) {
        bool any = false;

        for (int i = 0; i < bars->count; i++) {
            const struct bar *bar = &bars->bar[i];

            if (bar->look == look / 2 && bar->good == (look % 2 == 0)) {
                fprintf(dat, "%.9g %.9g %d\n", low, fmax(bar->value, low), bar->row);
                any = true;
            }
        }
        if (any) {
            fprintf(
                gp,
                "%s  '%s.dat' index %d using 2:3:1:2:($3-0.3):($3+0.3) with boxxyerror %s lw 1.4 "
                "lc rgb '%s'",
                index ? ", \\\n" : "", name, index, styles[look / 2],
                hr_script_color(look % 2 ? 1 : 2));
            fputs("\n\n", dat);
            index++;
        }
    }
    fputs("\n", gp);
}

static void begin(FILE *gp, const char *name, const char *title, const struct bars *bars)
{
    hr_script_begin(gp, name, title, 76 + 21 * bars->rows);
    fprintf(
        gp,
        "set lmargin 5\nset rmargin 2\nset tmargin 2.4\nunset ytics\nset grid noytics xtics lc rgb "
        "'" HR_GRID "' lw 0.5 lt 1\nset yrange [%g:-0.7]\n",
        bars->rows - 0.3);
}

/* ---- headroom -----------------------------------------------------------------------------------
 */

static void collect_headroom(const json_t *plan, struct bars *bars)
{
    const json_t *ask, *machine;
    size_t i, k;

    json_array_foreach (json_object_get(plan, "require"), i, ask) {
        int before = bars->count;

        add_title(bars, hr_view_text(ask, "text"));
        json_array_foreach (json_object_get(plan, "machines"), k, machine) {
            const json_t *answer = json_array_get(json_object_get(machine, "answers"), i);
            double headroom = hr_view_number(answer, "headroom");
            char figure[80];

            snprintf(figure, sizeof(figure), headroom < 99.5 ? "%.3g×" : "%.0f×", headroom);
            if (isnan(headroom) && hr_view_is(answer, "status", "short")) {
                headroom = hr_view_number(answer, "below") / hr_view_number(ask, "value");
                snprintf(figure, sizeof(figure), "below %.2g×", headroom);
            }
            add_bar(bars, machine, headroom, figure, headroom >= 1);
        }
        end_group(bars, before);
    }
}

bool hr_plot_plan_headroom(const json_t *plan, FILE *dat, FILE *gp, char *why)
{
    struct bars *bars = calloc(1, sizeof(*bars));
    double low = 0.5, high = 2;

    if (bars) {
        collect_headroom(plan, bars);
    }
    if (!bars || bars->count == 0) {
        snprintf(why, HR_WHY_MAX, "nothing was required that a machine answers (--require)");
        free(bars);
        return false;
    }
    for (int i = 0; i < bars->count; i++) {
        low = fmin(low, fmax(bars->bar[i].value, 1e-4));
        high = fmax(high, fmin(bars->bar[i].value, 1e6));
    }
    begin(gp, "plan_headroom", "Headroom against what is required", bars);
    low = pow(10, floor(log10(low)));
    fprintf(gp, "set logscale x\nset xrange [%.9g:%.9g]\nset xtics (", low,
            high * pow(high / low, 0.3));
    for (double at = low; at <= high * 1.0001; at *= 10) {
        fprintf(gp, "%s'%g×' %g", at > low ? ", " : "", at, at);
    }
    fputs(")\nset arrow 1 from first 1, graph 0 to first 1, graph 1 nohead lw 1.6 lc rgb '" HR_INK
          "' front\n",
          gp);
    put_texts(gp, bars, low);
    put_bars(dat, gp, bars, "plan_headroom", low);
    free(bars);
    return true;
}

/* ---- ceilings -----------------------------------------------------------------------------------
 */

static const json_t *ceiling_of(const json_t *machine, const char *name)
{
    const json_t *ceiling;
    size_t i;

    json_array_foreach (json_object_get(machine, "ceilings"), i, ceiling) {
        if (hr_view_is(ceiling, "name", name)) {
            return ceiling;
        }
    }
    return NULL;
}

/* How good against the best, in 0 … 1, whichever way is better. */
static double share_of(const json_t *machines, const json_t *ceiling)
{
    bool lower = hr_view_is(ceiling, "better", "lower");
    double best = (double)NAN, here = hr_view_number(ceiling, "estimate");
    const json_t *machine;
    size_t i;

    json_array_foreach (machines, i, machine) {
        double there =
            hr_view_number(ceiling_of(machine, hr_view_text(ceiling, "name")), "estimate");

        best = lower ? fmin(best, there) : fmax(best, there);
    }
    return lower ? best / here : here / best;
}

static bool is_titled(const struct bars *bars, const char *title)
{
    for (int i = 0; i < bars->titles; i++) {
        if (strcmp(bars->title[i].text, title) == 0) {
            return true;
        }
    }
    return false;
}

static void collect_ceilings(const json_t *plan, struct bars *bars)
{
    const json_t *machines = json_object_get(plan, "machines"), *first, *ceiling, *machine;
    size_t i, k, m;

    json_array_foreach (machines, i, first) {
        json_array_foreach (json_object_get(first, "ceilings"), k, ceiling) {
            const char *name = hr_view_text(ceiling, "name");

            if (is_titled(bars, name)) {
                continue;
            }
            add_title(bars, name);
            json_array_foreach (machines, m, machine) {
                const json_t *here = ceiling_of(machine, name);

                if (here) {
                    add_bar(bars, machine, share_of(machines, here),
                            hr_figure(hr_view_number(here, "estimate"), hr_view_text(here, "unit"))
                                .text,
                            true);
                }
            }
        }
    }
}

bool hr_plot_plan_ceilings(const json_t *plan, FILE *dat, FILE *gp, char *why)
{
    struct bars *bars = calloc(1, sizeof(*bars));

    if (bars) {
        collect_ceilings(plan, bars);
    }
    if (!bars || bars->count == 0) {
        snprintf(why, HR_WHY_MAX, "no result has ceilings");
        free(bars);
        return false;
    }
    begin(gp, "plan_ceilings", "Ceilings of the results, against the best", bars);
    fputs("unset xtics\nset xrange [0:1.45]\nunset border\n", gp);
    put_texts(gp, bars, 0);
    put_bars(dat, gp, bars, "plan_ceilings", 0);
    free(bars);
    return true;
}
