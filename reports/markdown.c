/*
 * markdown.c - the sheet as GitHub-flavoured Markdown. Figures and words are the HTML report's;
 * plots are linked where they were drawn.
 */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/markup.h"
#include "reports/record_view.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void put_cell(FILE *out, const json_t *cell)
{
    const char *status = hr_view_text(cell, "s"), *note = hr_view_text(cell, "n");

    if (*status) {
        bool quiet = strcmp(status, "pass") == 0 || strcmp(status, "ok") == 0;

        fputs(quiet ? "" : "**", out);
        hr_put_markdown(out, status);
        fputs(quiet ? "" : "**", out);
    } else {
        hr_put_markdown(out, hr_view_text(cell, "t"));
    }
    if (*note) {
        fputc(' ', out);
        hr_put_markdown(out, note);
    }
}

static void put_table(FILE *out, const json_t *table)
{
    const json_t *columns = json_object_get(table, "columns"), *column, *row, *cell;
    const char *title = hr_view_text(table, "title"), *fold = hr_view_text(table, "fold");
    bool first = true;
    size_t i, r;

    if (*fold) {
        fputs("<details><summary>", out);
        hr_put_xml(out, fold);
        fputs("</summary>\n\n", out);
    } else if (*title) {
        fputs("### ", out);
        hr_put_markdown(out, title);
        fputs("\n\n", out);
    }
    json_array_foreach (columns, i, column) {
        fputs("| ", out);
        hr_put_markdown(out, hr_view_text(column, "t"));
        fputc(' ', out);
    }
    fputs("|\n", out);
    json_array_foreach (columns, i, column) {
        fputs(json_is_true(json_object_get(column, "right")) ? "|---:" : "|:---", out);
    }
    fputs("|\n", out);
    json_array_foreach (json_object_get(table, "rows"), r, row) {
        json_array_foreach (json_object_get(row, "cells"), i, cell) {
            fputs("| ", out);
            put_cell(out, cell);
            fputc(' ', out);
        }
        fputs("|\n", out);
    }
    json_array_foreach (json_object_get(table, "rows"), r, row) {
        if (*hr_view_text(row, "why")) {
            fputs(first ? "\n- **" : "- **", out);
            hr_put_markdown(out, hr_view_text(row, "status"));
            fputs("** ", out);
            hr_put_markdown(out, hr_view_text(row, "id"));
            fputs(": ", out);
            hr_put_markdown(out, hr_view_text(row, "why"));
            fputc('\n', out);
            first = false;
        }
    }
    fputs(*fold ? "\n</details>\n\n" : "\n", out);
}

static void put_verdict(FILE *out, const json_t *block)
{
    const json_t *chip;
    size_t i;

    if (*hr_view_text(block, "headline")) {
        fputs("**", out);
        hr_put_markdown(out, hr_view_text(block, "headline"));
        fputs("**\n\n", out);
    }
    fputs("Verdict: **", out);
    hr_put_markdown(out, hr_view_text(block, "status"));
    fputs("**. ", out);
    hr_put_markdown(out, hr_view_text(block, "line"));
    fputs("\n\n", out);
    json_array_foreach (json_object_get(block, "chips"), i, chip) {
        fputs(i ? " · " : "", out);
        hr_put_markdown(out, hr_view_text(chip, "t"));
        fputc(' ', out);
        hr_put_markdown(out, hr_view_text(chip, "s"));
    }
    fputs("\n\n", out);
}

static void put_tiles(FILE *out, const json_t *block)
{
    const json_t *tile;
    size_t i;

    fputs("| | | |\n|:---|---:|:---|\n", out);
    json_array_foreach (json_object_get(block, "tiles"), i, tile) {
        fputs("| ", out);
        hr_put_markdown(out, hr_view_text(tile, "label"));
        fputs(" | **", out);
        hr_put_markdown(out, hr_view_text(tile, "t"));
        fputs("** | ", out);
        hr_put_markdown(out, hr_view_text(tile, "n"));
        fputs(" |\n", out);
    }
    fputc('\n', out);
}

static void put_plot(FILE *out, const char *name, const char *plots, const char *plots_dir)
{
    char file[4096];

    if (!plots || !plots_dir) {
        return;
    }
    snprintf(file, sizeof(file), "%s/%s.svg", plots_dir, name);
    if (access(file, R_OK) == 0) {
        fprintf(out, "![%s](%s/%s.svg)\n\n", name, plots, name);
    }
}

/* A fence longer than any run of backticks inside. */
static void put_code(FILE *out, const char *text)
{
    size_t longest = 2, run = 0, i;
    const char *c;

    for (c = text; *c; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    for (i = 0; i <= longest; i++) {
        fputc('`', out);
    }
    fputs("text\n", out);
    hr_put_plain(out, text, 1);
    fputs(*text && text[strlen(text) - 1] == '\n' ? "" : "\n", out);
    for (i = 0; i <= longest; i++) {
        fputc('`', out);
    }
    fputs("\n\n", out);
}

static void put_block(FILE *out, const json_t *block, const char *plots, const char *plots_dir)
{
    const char *kind = hr_view_text(block, "kind"), *text = hr_view_text(block, "t");
    const json_t *item;
    size_t i;

    if (strcmp(kind, "verdict") == 0) {
        put_verdict(out, block);
    } else if (strcmp(kind, "tiles") == 0) {
        put_tiles(out, block);
    } else if (strcmp(kind, "heading") == 0) {
        fputs("## ", out);
        hr_put_markdown(out, text);
        fputs("\n\n", out);
    } else if (strcmp(kind, "table") == 0) {
        put_table(out, block);
    } else if (strcmp(kind, "plot") == 0) {
        put_plot(out, hr_view_text(block, "name"), plots, plots_dir);
    } else if (strcmp(kind, "code") == 0) {
        put_code(out, text);
    } else if (strcmp(kind, "list") == 0) {
        json_array_foreach (json_object_get(block, "items"), i, item) {
            fputs("- ", out);
            hr_put_markdown(out, json_string_value(item));
            fputc('\n', out);
        }
        fputc('\n', out);
    } else {
        hr_put_markdown(out, text);
        fputs("\n\n", out);
    }
}

int hr_write_markdown(const json_t *sheet, FILE *out, const char *title, const char *plots,
                      const char *plots_dir)
{
    const json_t *block;
    size_t i;

    fputs("# ", out);
    hr_put_markdown(out, title);
    fputs("\n\n", out);
    json_array_foreach (sheet, i, block) {
        put_block(out, block, plots, plots_dir);
    }
    return ferror(out) ? hr_fail(EIO, "cannot write the Markdown report") : 0;
}

int hr_report_markdown(const json_t *record, const char *file)
{
    const char *slash = strrchr(file, '/');
    char plots_dir[4096];
    struct hr_sink sink;
    json_t *sheet;
    int rc = hr_sink_open(&sink, file);

    if (rc) {
        return rc;
    }
    snprintf(plots_dir, sizeof(plots_dir), "%.*splots", slash ? (int)(slash + 1 - file) : 0, file);
    sheet = hr_sheet_of_record(record);
    rc = hr_write_markdown(sheet, sink.out, "Headroom capacity report", "plots",
                           strcmp(file, "-") ? plots_dir : NULL);
    json_decref(sheet);
    return hr_sink_close(&sink, rc);
}
