/*
 * plot_script.c - what the gnuplot scripts have in common: fonts, axes with tics that carry their
 * unit, labels at line ends. Texts of a result reach a script only through hr_script_quote(), since
 * gnuplot runs what stands between backquotes.
 */
#include "reports/figure_text.h"
#include "reports/markup.h"
#include "reports/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Blue, orange, green, purple, ochre: told apart by the colour-blind too, and by their labels. */
static const char *const colors[] = {"#2f81c7", "#d9761a", "#1a9a88", "#b35da4", "#a98a1c"};
#define COLORS (int)(sizeof(colors) / sizeof(colors[0]))

const char *hr_script_color(int i)
{
    return i < 0 ? HR_INK : colors[i % COLORS];
}

void hr_script_quote(FILE *gp, const char *text)
{
    fputc('\'', gp);
    for (; *text; text++) {
        if (*text == '\'' || *text == '`' || *text == '"' || *text == '\\') {
            fputs("’", gp);
        } else if ((unsigned char)*text >= 0x20 && *text != 0x7f) {
            fputc(*text, gp);
        }
    }
    fputc('\'', gp);
}

void hr_script_begin(FILE *gp, const char *name, const char *title, int height)
{
    fprintf(
        gp,
        "# Draws %s.svg from %s.dat:  gnuplot %s.gp\n"
        "set encoding utf8\n"
        "set terminal svg size 640,%d dynamic rounded noenhanced font 'sans-serif,14' name '%s'\n"
        "set output '%s.svg'\n"
        "set border 1 lc rgb '" HR_FAINT "' lw 1\n"
        "set tics nomirror out scale 0.5,0 textcolor rgb '" HR_INK "'\n"
        "set grid ytics lc rgb '" HR_GRID "' lw 0.5 lt 1\n"
        "set key off\n"
        "set lmargin 9\nset rmargin 3\nset tmargin 3.6\nset bmargin 3.4\n",
        name, name, name, height, name, name);
    fputs("set label 100 ", gp);
    hr_script_quote(gp, title);
    fputs(" at screen 0, screen 1 left offset 0,-0.9 font 'sans-serif,16' tc rgb '" HR_INK
          "' front\n",
          gp);
}

void hr_script_axis_title(FILE *gp, char name, const char *text)
{
    if (name == 'x') {
        fputs("set xlabel ", gp);
        hr_script_quote(gp, text);
        fputs(" tc rgb '" HR_INK "' offset 0,0.3\n", gp);
    } else {
        fputs("set label 101 ", gp);
        hr_script_quote(gp, text);
        fputs(" at graph 0, graph 1.055 left font 'sans-serif,13' tc rgb '" HR_INK "' front\n", gp);
    }
}

/* Units of axes hold no per cent sign: gnuplot would take it for a format. */
static void put_tic(FILE *gp, char axis, double at, const char *unit)
{
    fprintf(gp, "set %ctics add (", axis);
    hr_script_quote(gp, hr_figure_set(at, unit).text);
    fprintf(gp, " %.12g)\n", at);
}

/* 1, 2, 5 × 10^k at or below, at or above. */
static double round_to_125(double value, bool up)
{
    static const double steps[] = {1, 2, 5, 10};
    double decade = pow(10, floor(log10(value)));
    int i;

    if (up) {
        for (i = 0; i < 3 && steps[i] * decade < value * 0.999999; i++) {
        }
        return steps[i] * decade;
    }
    for (i = 3; i > 0 && steps[i] * decade > value * 1.000001; i--) {
    }
    return steps[i] * decade;
}

static void put_log_tics(FILE *gp, const struct hr_axis *axis, const char *unit)
{
    static const double steps[] = {1, 2, 5};
    double decades = log10(axis->high / axis->low), decade;
    int i, every = decades > 6.5 ? 2 : 1, n = 0;

    for (decade = pow(10, floor(log10(axis->low))); decade <= axis->high * 1.000001;
         decade *= 10, n++) {
        for (i = 0; i < 3; i++) {
            double at = decade * steps[i];
            bool wanted = i == 0 ? n % every == 0 : decades < 2.2;

            if (wanted && at >= axis->low * 0.999999 && at <= axis->high * 1.000001) {
                put_tic(gp, axis->name, at, unit);
            }
        }
    }
}

static void put_linear_tics(FILE *gp, const struct hr_axis *axis, const char *unit)
{
    double step = round_to_125(axis->high / 5, true), at;

    /* Along x stand rates and numbers of shards: whole ones. */
    step = axis->name == 'x' ? fmax(step, 1) : step;

    for (at = 0; at <= axis->high * 1.000001; at += step) {
        put_tic(gp, axis->name, at, at == 0 ? "" : unit);
    }
}

struct hr_axis hr_script_axis(FILE *gp, char name, bool log, double low, double high,
                              const char *unit)
{
    struct hr_axis axis = {.name = name, .log = log};

    if (log) {
        /* Keeps a plot of one value, or of hostile ones, drawable. */
        low = low > 1e-9 ? low : 1e-9;
        high = high < 1e18 ? high : 1e18;
        /* A hair more on both sides, or gnuplot drops a tic that stands at the end. */
        axis.low = name == 'x' ? low * 0.995 : round_to_125(low, false);
        axis.high = name == 'x' ? high * 1.005 : round_to_125(high, true);
        if (axis.high <= axis.low * 1.5) {
            axis.low /= 2;
            axis.high = axis.low * 4;
        }
        fprintf(gp, "set logscale %c\n", name);
    } else {
        axis.high = high > 1e-9 ? high < 1e18 ? high * 1.08 : 1e18 : 1;
    }
    fprintf(gp, "set %crange [%.12g:%.12g]\nset %ctics ()\n", name, axis.low, axis.high, name);
    if (log) {
        put_log_tics(gp, &axis, unit);
    } else {
        put_linear_tics(gp, &axis, unit);
    }
    return axis;
}

static double place_on(const struct hr_axis *axis, double value)
{
    return axis->log ? log(value / axis->low) / log(axis->high / axis->low)
                     : (value - axis->low) / (axis->high - axis->low);
}

static int compare_labels(const void *a, const void *b)
{
    double x = ((const struct hr_end_label *)a)->y, y = ((const struct hr_end_label *)b)->y;

    return x < y ? -1 : x > y;
}

/* Characters that the labels need to the right of the axes; a text is about 0.9 of a character of
 * the margin's each, and the axes take about 60. */
static double room_for(const struct hr_end_label *labels, int count, const struct hr_axis *x)
{
    double room = 3;
    int i;

    for (i = 0; i < count; i++) {
        double width = 0.84 * (double)hr_columns(labels[i].text) + 1.5;

        room = fmax(room, width - 52 * (1 - fmin(place_on(x, labels[i].x), 1)));
    }
    return fmin(room, 34);
}

void hr_script_end_labels(FILE *gp, struct hr_end_label *labels, int count, const struct hr_axis *x,
                          const struct hr_axis *y)
{
    enum { LABELS_MAX = 64 };
    double place[LABELS_MAX];
    int i, k, round;

    count = count < LABELS_MAX ? count : LABELS_MAX;
    qsort(labels, (size_t)count, sizeof(*labels), compare_labels);
    for (i = 0; i < count; i++) {
        place[i] = fmin(fmax(place_on(y, labels[i].y), 0), 1);
    }
    /* Pushes neighbours apart, a little in each round. */
    for (round = 0; round < 200; round++) {
        for (i = 0; i < count; i++) {
            for (k = i + 1; k < count; k++) {
                double apart = place[k] - place[i];

                if (apart < 0.062 &&
                    fabs(place_on(x, labels[i].x) - place_on(x, labels[k].x)) < 0.25) {
                    place[i] -= (0.062 - apart) / 4;
                    place[k] += (0.062 - apart) / 4;
                }
            }
        }
    }
    fprintf(gp, "set rmargin %.1f\n", room_for(labels, count, x));
    for (i = 0; i < count; i++) {
        double at = fmin(fmax(place_on(x, labels[i].x), 0), 1);

        fprintf(gp, "set label %d ", 10 + i);
        hr_script_quote(gp, labels[i].text);
        fprintf(
            gp,
            " at graph %.4f, graph %.4f left offset 0.8,0 font 'sans-serif,13' tc rgb '%s' front\n",
            at, place[i], hr_script_color(labels[i].color));
    }
}
