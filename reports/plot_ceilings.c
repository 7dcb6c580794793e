/*
 * plot_ceilings.c - what was achieved as a share of the hardware's ceiling that bounds it, one bar
 * a figure, the largest share first.
 */
#include "reports/figure_text.h"
#include "reports/markup.h"
#include "reports/plot.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BARS_MAX 12

struct bar {
    const json_t *item, *metric;
    double share;
};

static int compare_bars(const void *a, const void *b)
{
    double x = ((const struct bar *)a)->share, y = ((const struct bar *)b)->share;

    return x > y ? -1 : x < y;
}

static int collect(const json_t *record, struct bar *bars, int max)
{
    struct hr_view_walk walk = {0};
    int count = 0;

    while (hr_view_next(record, &walk)) {
        const json_t *metric;
        size_t i;

        json_array_foreach (json_object_get(walk.item, "metrics"), i, metric) {
            double share = hr_view_number(metric, "of_ceiling");

            if (hr_view_counts(walk.item) && share >= 0 && share < 1e6 && count < max &&
                hr_view_is_ceiling(record, hr_view_text(metric, "ceiling"))) {
                bars[count++] = (struct bar){walk.item, metric, share};
            }
        }
    }
    qsort(bars, (size_t)count, sizeof(*bars), compare_bars);
    return count < BARS_MAX ? count : BARS_MAX;
}

/* Suite, parameters and, unless it is the throughput, which figure: the id without path and engine,
 * which the captions of one suite share; with them if engines differ. Long ones are cut. */
static struct hr_view_label short_id(const json_t *record, const struct bar *bar)
{
    const char *id = hr_view_text(bar->item, "id"), *path = hr_view_text(bar->item, "path");
    const char *engine = hr_view_text(bar->item, "engine"), *rest = strchr(id, '/');
    const char *metric = hr_view_text(bar->metric, "name");
    bool one_engine = strcmp(hr_view_short(record, bar->item).text, path) == 0;
    size_t skip = strlen(path) + 1 + (one_engine ? strlen(engine) + 1 : 0);
    struct hr_view_label label = {""};
    char *text = NULL;
    size_t bytes;
    FILE *out;

    rest = rest ? rest + 1 : "";
    if (*path && *engine && strlen(rest) > skip && strncmp(rest, path, strlen(path)) == 0) {
        rest += skip;
    }
    out = open_memstream(&text, &bytes);
    if (out) {
        char whole[400];

        snprintf(whole, sizeof(whole), "%.*s: %.200s%s%.60s", (int)strcspn(id, "/"), id, rest,
                 strcmp(metric, "throughput") == 0 ? "" : " ",
                 strcmp(metric, "throughput") == 0 ? "" : metric);
        hr_put_cut(out, whole, 48);
        fclose(out);
        snprintf(label.text, sizeof(label.text), "%s", text);
        free(text);
    }
    return label;
}

static void put_bar(const json_t *record, FILE *dat, FILE *gp, const struct bar *bar, int row)
{
    const char *unit = hr_view_text(bar->metric, "unit");
    char text[600];

    fprintf(dat, "%d %.6g %.9g %.9g\n", row, bar->share, hr_view_number(bar->metric, "estimate"),
            hr_view_number(bar->metric, "ceiling_value"));
    fprintf(gp, "set label %d ", 10 + 2 * row);
    hr_script_quote(gp, short_id(record, bar).text);
    fprintf(gp, " at first 0, first %g left font 'sans-serif,13' tc rgb '" HR_INK "' front\n",
            row - 0.40);
    snprintf(text, sizeof(text), "%s: %s of %s", hr_figure_share(bar->share).text,
             hr_figure_bare(hr_view_number(bar->metric, "estimate"), unit).text,
             hr_figure(hr_view_number(bar->metric, "ceiling_value"), unit).text);
    fprintf(gp, "set label %d ", 11 + 2 * row);
    hr_script_quote(gp, text);
    fprintf(gp, " at graph 1, first %g right font 'sans-serif,13' tc rgb '" HR_INK "' front\n",
            row - 0.40);
}

bool hr_plot_ceilings(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    enum { ALL_MAX = 1024 };
    struct bar *bars = calloc(ALL_MAX, sizeof(*bars));
    int count = bars ? collect(record, bars, ALL_MAX) : 0, row;

    if (count == 0) {
        snprintf(why, HR_WHY_MAX, "no figure that counts is bounded by a ceiling of the hardware");
        free(bars);
        return false;
    }
    fputs("# row share estimate ceiling\n", dat);
    hr_script_begin(gp, "ceilings", "Ceilings and what was achieved of them", 70 + 42 * count);
    fprintf(gp,
            "set lmargin 2\nset bmargin 2\nset tmargin 2.6\nunset border\nunset tics\nunset grid\n"
            "set xrange [0:%g]\nset yrange [%g:%g]\n",
            fmax(1, bars[0].share), count - 1 + 0.5, -0.8);
    for (row = 0; row < count; row++) {
        put_bar(record, dat, gp, &bars[row], row);
    }
    fputs("plot \\\n"
          "  'ceilings.dat' using (0.5):1:(0):(1):($1-0.10):($1+0.22) with boxxyerror fs solid "
          "0.25 noborder "
          "lc rgb '" HR_GRID "', \\\n",
          gp);
    fprintf(gp,
            "  'ceilings.dat' using 2:1:(0):2:($1-0.10):($1+0.22) with boxxyerror fs solid 1 "
            "noborder lc rgb '%s'\n",
            hr_script_color(0));
    free(bars);
    return true;
}
