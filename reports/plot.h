/*
 * plot.h - a plot is a data file and a gnuplot script that draws it: `gnuplot NAME.gp` in their
 * folder makes NAME.svg, with or without this program.
 *
 * Colours in the scripts are middle tones that can be read on white and on black. When this program
 * draws, hr_plot_theme() gives the picture one palette for light and one for dark surroundings.
 */
#ifndef HR_PLOT_H
#define HR_PLOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define HR_WHY_MAX 200

struct hr_plot_ops {
    const char *name;    /* of its files */
    const char *caption; /* how to read it, one or two sentences */
    /* Writes data and script, or says in why[HR_WHY_MAX] why there is nothing to draw. */
    bool (*write)(const json_t *record, FILE *dat, FILE *gp, char *why);
};
extern const struct hr_plot_ops hr_plots[]; /* ended by name NULL */

/* In all tables of plots: of a record, and of a plan. */
const struct hr_plot_ops *hr_plot_find(const char *name);
/* Data and scripts of a table into a folder, which is made; pictures where gnuplot is there (*drawn
 * counts them). */
int hr_plots_draw(const struct hr_plot_ops *table, const json_t *record, const char *dir, int *drawn);
/* Takes those files and then the folder away again. */
void hr_plots_remove(const struct hr_plot_ops *table, const char *dir);
/* Why this record has no such plot: "" if it has the data. */
void hr_plot_why(const struct hr_plot_ops *plot, const json_t *record, char *why);
/* Rewrites an SVG that gnuplot made: palettes, no fixed size, no names that clash with those of
 * other pictures in the same page. NULL without memory; free() it. */
char *hr_plot_theme(const char *svg, const char *name, bool inlined);
/* The text of a picture, or NULL if there is none that can be used; free() it. */
char *hr_plot_read(const char *file);
/* The style rules of both palettes, for a page or a picture. */
extern const char hr_plot_style[];

/* ---- series ------------------------------------------------------------------------ */

#define HR_SERIES_MAX 12
#define HR_POINTS_MAX 512

struct hr_series {
    char label[120];
    int count;
    struct hr_series_point {
        double x, y, low, high; /* low, high: NaN without an interval */
    } points[HR_POINTS_MAX];
};

struct hr_series_set {
    int count;
    struct hr_series series[HR_SERIES_MAX];
};

/* The series with this label, made if there is room; NULL if not. */
struct hr_series *hr_series_of(struct hr_series_set *set, const char *label);
void hr_series_add(struct hr_series *series, double x, double y, double low, double high);
/* A metric's estimate and interval at x, if its case counts. */
void hr_series_add_metric(struct hr_series *series, double x, const json_t *metric);
/* A histogram's points against 1/(1-p); the largest of n values stands for 1 - 1/n. */
void hr_series_add_percentiles(struct hr_series_set *set, const char *label,
                               const json_t *histogram);
/* Sorts each by x and drops those with fewer than min points. */
void hr_series_finish(struct hr_series_set *set, int min);
/* One block a series: x y low high; two empty lines between (gnuplot's index). */
void hr_series_write(const struct hr_series_set *set, FILE *dat, const char *columns);
/* The extremes over all points; false if there are none. */
bool hr_series_extent(const struct hr_series_set *set, struct hr_series_point *low,
                      struct hr_series_point *high);

/* ---- script ------------------------------------------------------------------------ */

struct hr_axis {
    char name; /* 'x' or 'y' */
    bool log;
    double low, high; /* as drawn */
};

/* Terminal, output, fonts, borders; height in units of a picture 640 wide. */
void hr_script_begin(FILE *gp, const char *name, const char *title, int height);
/* Chooses rounded ends and writes range and labelled tics. */
struct hr_axis hr_script_axis(FILE *gp, char name, bool log, double low, double high,
                              const char *unit);
/* What the axis shows: x below it, y above its top. */
void hr_script_axis_title(FILE *gp, char name, const char *text);
void hr_script_quote(FILE *gp, const char *text);
/* "lc rgb '#…'" of series i; its plain value with hr_script_color(). */
const char *hr_script_color(int i);
#define HR_INK "#7a7a7a"
#define HR_FAINT "#8e8e8e"
#define HR_GRID "#a9a9a9"

/* Labels at the ends of lines, moved apart so that none covers another; makes room for them. */
struct hr_end_label {
    double x, y;
    char text[140];
    int color; /* of series; -1: ink */
};
void hr_script_end_labels(FILE *gp, struct hr_end_label *labels, int count, const struct hr_axis *x,
                          const struct hr_axis *y);

/* Data and script of a picture of percentile curves, latency above 1/(1-p). */
void hr_script_percentiles(FILE *dat, FILE *gp, const struct hr_series_set *set, const char *name,
                           const char *title, const char *y_title);

bool hr_plot_load(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_percentiles(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_markets(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_depth(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_memory(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_scaling(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_cluster(const json_t *record, FILE *dat, FILE *gp, char *why);
bool hr_plot_ceilings(const json_t *record, FILE *dat, FILE *gp, char *why);

#endif
