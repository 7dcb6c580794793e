/*
 * plots.c - all plots of a report: writes data and scripts, lets gnuplot draw them where it is
 * there, and gives the pictures their palettes. Without gnuplot nothing is lost but the pictures.
 */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/plan.h"
#include "reports/plot.h"
#include "reports/report.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SVG_BYTES_MAX (8 << 20)

extern char **environ;

const struct hr_plot_ops hr_plots[] = {
    {"load",
     "Latency counts from when an order was due, so waiting is in it. The band lies between the "
     "highest "
     "rate that was confirmed at the tail bound (dashed line) and the lowest that failed.",
     hr_plot_load},
    {"percentiles",
     "Each step to the right is ten times rarer. Curves end at the largest value seen.",
     hr_plot_percentiles},
    {"markets",
     "More markets mean a larger working set: the fall shows where it leaves the caches. Bars are "
     "the intervals (min to max below six runs).",
     hr_plot_markets},
    {"depth",
     "Levels a side of each book, with the same number of markets. Bars are the intervals (min to "
     "max below six runs).",
     hr_plot_depth},
    {"memory", "Resident memory a market, measured after every book was filled and touched.",
     hr_plot_memory},
    {"scaling",
     "Points are measured, with their intervals; the dashed line is linear from the first. The "
     "curve is "
     "the universal scalability law fitted to three points or more.",
     hr_plot_scaling},
    {"cluster",
     "Full points are measured. Hollow ones are projections, upper bounds that nobody measured: one "
     "node's rate times nodes, and what one router like the measured one would pass on.",
     hr_plot_cluster},
    {"ceilings", "A full bar would mean that the hardware's measured ceiling is the limit.",
     hr_plot_ceilings},
    {NULL, NULL, NULL},
};

const struct hr_plot_ops *hr_plot_find(const char *name)
{
    const struct hr_plot_ops *const tables[] = {hr_plots, hr_plan_plots}, *plot;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (plot = tables[i]; plot->name; plot++) {
            if (strcmp(plot->name, name) == 0) {
                return plot;
            }
        }
    }
    return NULL;
}

void hr_plot_why(const struct hr_plot_ops *plot, const json_t *record, char *why)
{
    FILE *nowhere = fopen("/dev/null", "w");

    why[0] = '\0';
    if (nowhere) {
        plot->write(record, nowhere, nowhere, why);
        fclose(nowhere);
    }
}

static int write_text(const char *dir, const char *name, const char *end, const char *text,
                      size_t bytes)
{
    char file[4096];
    struct hr_sink sink;
    int rc;

    if (snprintf(file, sizeof(file), "%s/%s.%s", dir, name, end) >= (int)sizeof(file)) {
        return hr_fail(ENAMETOOLONG, "%.80s…: the name is too long", dir);
    }
    rc = hr_sink_open(&sink, file);
    if (rc == 0) {
        fwrite(text, 1, bytes, sink.out);
        rc = hr_sink_close(&sink, 0);
    }
    return rc;
}

/* 0, or -ENODATA: then why[] is set and nothing was written. */
static int write_plot(const struct hr_plot_ops *plot, const json_t *record, const char *dir,
                      char *why)
{
    char *text[2] = {NULL, NULL};
    size_t bytes[2] = {0, 0};
    FILE *dat = open_memstream(&text[0], &bytes[0]), *gp = open_memstream(&text[1], &bytes[1]);
    bool wrote = dat && gp && plot->write(record, dat, gp, why);
    int rc = wrote ? 0 : -ENODATA;

    if (dat) {
        fclose(dat);
    }
    if (gp) {
        fclose(gp);
    }
    if (rc == 0) {
        rc = write_text(dir, plot->name, "dat", text[0], bytes[0]);
    }
    if (rc == 0) {
        rc = write_text(dir, plot->name, "gp", text[1], bytes[1]);
    }
    free(text[0]);
    free(text[1]);
    return rc;
}

/* Runs gnuplot in the plots' folder, its chatter thrown away; true if it says it went well. */
static bool run_gnuplot(const char *dir, const char *script)
{
    const char *words[] = {"gnuplot", "-d" /* nobody's ~/.gnuplot */, script, NULL};
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t child;

    if (posix_spawn_file_actions_init(&actions)) {
        return false;
    }
    if (posix_spawn_file_actions_addchdir_np(&actions, dir) == 0 &&
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawnp(&child, words[0], &actions, NULL, (char **)(uintptr_t)words, environ) == 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    posix_spawn_file_actions_destroy(&actions);
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

char *hr_plot_read(const char *file)
{
    FILE *in = fopen(file, "r");
    char *text = in ? malloc(SVG_BYTES_MAX + 1) : NULL;
    size_t bytes;

    if (!text) {
        if (in) {
            fclose(in);
        }
        return NULL;
    }
    bytes = fread(text, 1, SVG_BYTES_MAX, in);
    fclose(in);
    text[bytes] = '\0';
    if (bytes == 0 || bytes == SVG_BYTES_MAX || strlen(text) != bytes) {
        free(text);
        return NULL;
    }
    return text;
}

static bool draw(const char *dir, const char *name)
{
    char script[80], file[4096], *svg, *themed;
    bool fine = false;

    snprintf(script, sizeof(script), "%s.gp", name);
    snprintf(file, sizeof(file), "%s/%s.svg", dir, name);
    if (!run_gnuplot(dir, script)) {
        unlink(file); /* what a failed gnuplot left */
        return false;
    }
    svg = hr_plot_read(file);
    themed = svg ? hr_plot_theme(svg, name, false) : NULL;
    fine = themed && write_text(dir, name, "svg", themed, strlen(themed)) == 0;
    free(themed);
    free(svg);
    return fine;
}

static void remove_plot(const char *dir, const char *name)
{
    static const char *const ends[] = {"dat", "gp", "svg"};
    char file[4096];
    size_t i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(file, sizeof(file), "%s/%s.%s", dir, name, ends[i]);
        unlink(file);
    }
}

int hr_plots_draw(const struct hr_plot_ops *table, const json_t *record, const char *dir,
                  int *drawn)
{
    const struct hr_plot_ops *plot;

    *drawn = 0;
    if (mkdir(dir, 0777) && errno != EEXIST) {
        return hr_fail(errno, "cannot make the folder %s: %s", dir, strerror(errno));
    }
    for (plot = table; plot->name; plot++) {
        char why[HR_WHY_MAX] = "";
        int rc = write_plot(plot, record, dir, why);

        if (rc == 0) {
            *drawn += draw(dir, plot->name);
        } else if (rc == -ENODATA) {
            remove_plot(dir, plot->name); /* of an earlier result */
        } else {
            return rc;
        }
    }
    return 0;
}

void hr_plots_remove(const struct hr_plot_ops *table, const char *dir)
{
    const struct hr_plot_ops *plot;

    for (plot = table; plot->name; plot++) {
        remove_plot(dir, plot->name);
    }
    rmdir(dir);
}

int hr_report_plots(const json_t *record, const char *dir, int *drawn)
{
    return hr_plots_draw(hr_plots, record, dir, drawn);
}

void hr_report_plots_remove(const char *dir)
{
    hr_plots_remove(hr_plots, dir);
}
