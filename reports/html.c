/*
 * html.c - the sheet as one HTML file: no network, no script, pictures inside. Every text of the
 * record passes through hr_put_xml(); status words become class names only if they are known.
 */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/html_style.h"
#include "reports/markup.h"
#include "reports/plot.h"
#include "reports/record_view.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct page {
    FILE *out;
    const json_t *record;
    const char *plots_dir;
    bool in_plots; /* figures stand side by side in one grid */
    bool titled;   /* h1 was written */
};

static void put_element(FILE *out, const char *open, const char *text, const char *close)
{
    fputs(open, out);
    hr_put_xml(out, text);
    fputs(close, out);
}

static void put_status(FILE *out, const char *status)
{
    static const struct {
        const char *status, *looks; /* a class of the style sheet */
    } known[] = {
        {"pass", "pass"},     {"fail", "fail"},        {"skip", "skip"},   {"invalid", "invalid"},
        {"ok", "ok"},         {"soft", "soft"},        {"hard", "hard"},   {"warning", "warning"},
        {"advice", "advice"}, {"meets", "pass"},       {"short", "fail"},  {"unknown", "skip"},
        {"may meet", "skip"}, {"cannot meet", "fail"}, {"measured", "ok"}, {"made up", "warning"},
    };
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(status, known[i].status) == 0) {
            fprintf(out, "<span class=\"s %s\">%s</span>", known[i].looks, status);
        }
    }
}

static void put_cell(FILE *out, const json_t *cell, bool right)
{
    const json_t *bar = json_object_get(cell, "bar");
    const char *note = hr_view_text(cell, "n");

    fputs(right ? "<td class=\"r\">" : bar ? "<td class=\"share\">" : "<td>", out);
    if (bar) {
        fprintf(out, "<span class=\"bar\"><i style=\"width:%.1f%%\"></i></span>",
                json_number_value(bar) * 100);
    }
    hr_put_xml(out, hr_view_text(cell, "t"));
    put_status(out, hr_view_text(cell, "s"));
    if (*note) {
        /* An interval is not broken over lines. */
        put_element(out, *note == '[' ? " <span class=\"n span\">" : " <span class=\"n\">", note,
                    "</span>");
    }
    fputs("</td>", out);
}

static void put_row(FILE *out, const json_t *row, const json_t *columns)
{
    const char *why = hr_view_text(row, "why");
    const json_t *cell;
    size_t i;

    fputs(*why ? "<tr class=\"out\">" : "<tr>", out);
    json_array_foreach (json_object_get(row, "cells"), i, cell) {
        put_cell(out, cell, json_is_true(json_object_get(json_array_get(columns, i), "right")));
    }
    fputs("</tr>\n", out);
    if (*why) {
        fprintf(out, "<tr class=\"why\"><td colspan=\"%zu\">", json_array_size(columns));
        put_element(out, "<div>", why, "</div></td></tr>\n");
    }
}

static void put_table(FILE *out, const json_t *table)
{
    const json_t *columns = json_object_get(table, "columns"), *column, *row;
    const char *title = hr_view_text(table, "title"), *fold = hr_view_text(table, "fold");
    size_t i;

    if (*fold) {
        put_element(out, "<details><summary>", fold, "</summary>\n");
    } else if (*title) {
        put_element(out, "<h3>", title, "</h3>\n");
    }
    fputs("<div class=\"wide\"><table><thead><tr>", out);
    json_array_foreach (columns, i, column) {
        fputs(json_is_true(json_object_get(column, "right")) ? "<th class=\"r\">" : "<th>", out);
        put_element(out, "", hr_view_text(column, "t"), "</th>");
    }
    fputs("</tr></thead><tbody>\n", out);
    json_array_foreach (json_object_get(table, "rows"), i, row) {
        put_row(out, row, columns);
    }
    fputs("</tbody></table></div>\n", out);
    fputs(*fold ? "</details>\n" : "", out);
}

static void put_verdict(struct page *page, const json_t *block)
{
    const char *headline = hr_view_text(block, "headline"), *line = hr_view_text(block, "line");
    const json_t *chip;
    size_t i;

    put_element(page->out, "<h1>", *headline ? headline : line, "</h1>\n<p class=\"verdict\">");
    put_status(page->out, hr_view_text(block, "status"));
    put_element(page->out, " ", *headline ? line : "", "</p>\n<ul class=\"chips\">");
    json_array_foreach (json_object_get(block, "chips"), i, chip) {
        put_element(page->out, "<li>", hr_view_text(chip, "t"), " ");
        put_status(page->out, hr_view_text(chip, "s"));
        fputs("</li>", page->out);
    }
    fputs("</ul>\n", page->out);
    page->titled = true;
}

static void put_tiles(FILE *out, const json_t *block)
{
    const json_t *tile;
    size_t i;

    fputs("<dl class=\"tiles\">", out);
    json_array_foreach (json_object_get(block, "tiles"), i, tile) {
        put_element(out, "<div><dt>", hr_view_text(tile, "label"), "</dt>");
        put_element(out, "<dd class=\"v\">", hr_view_text(tile, "t"), "</dd>");
        put_element(out, "<dd class=\"n\">", hr_view_text(tile, "n"), "</dd></div>\n");
    }
    fputs("</dl>\n", out);
}

static char *read_picture(const char *dir, const char *name)
{
    char file[4096], *svg, *themed;

    if (!dir || snprintf(file, sizeof(file), "%s/%s.svg", dir, name) >= (int)sizeof(file)) {
        return NULL;
    }
    svg = hr_plot_read(file);
    themed = svg ? hr_plot_theme(svg, name, true) : NULL;
    free(svg);
    return themed;
}

static void put_plot(struct page *page, const json_t *block)
{
    const struct hr_plot_ops *plot = hr_plot_find(hr_view_text(block, "name"));
    char why[HR_WHY_MAX] = "", *picture;

    if (!plot || !page->record) {
        return;
    }
    if (!page->in_plots) {
        fputs("<div class=\"plots\">\n", page->out);
        page->in_plots = true;
    }
    picture = read_picture(page->plots_dir, plot->name);
    if (picture) {
        fprintf(page->out, "<figure id=\"plot-%s\"><div class=\"wide\">%s</div>", plot->name,
                picture);
        put_element(page->out, "<figcaption>", plot->caption, "</figcaption></figure>\n");
        free(picture);
        return;
    }
    hr_plot_why(plot, page->record, why);
    fprintf(page->out, "<p class=\"note\">No picture of %s: %s.</p>\n", plot->name,
            *why ? why
                 : "gnuplot was not there to draw it; its data and script are in the plots folder");
}

static void put_block(struct page *page, const json_t *block)
{
    const char *kind = hr_view_text(block, "kind"), *text = hr_view_text(block, "t");
    FILE *out = page->out;
    const json_t *item;
    size_t i;

    if (strcmp(kind, "plot") == 0) {
        put_plot(page, block);
        return;
    }
    if (page->in_plots) {
        fputs("</div>\n", out);
        page->in_plots = false;
    }
    if (strcmp(kind, "verdict") == 0) {
        put_verdict(page, block);
    } else if (strcmp(kind, "tiles") == 0) {
        put_tiles(out, block);
    } else if (strcmp(kind, "heading") == 0) {
        fprintf(out, "<%s id=\"%s\">", page->titled ? "h2" : "h1", hr_view_text(block, "id"));
        put_element(out, "", text, page->titled ? "</h2>\n" : "</h1>\n");
        page->titled = true;
    } else if (strcmp(kind, "table") == 0) {
        put_table(out, block);
    } else if (strcmp(kind, "code") == 0) {
        put_element(out, "<pre>", text, "</pre>\n");
    } else if (strcmp(kind, "list") == 0) {
        fputs("<ul>\n", out);
        json_array_foreach (json_object_get(block, "items"), i, item) {
            put_element(out, "<li>", json_string_value(item), "</li>\n");
        }
        fputs("</ul>\n", out);
    } else {
        put_element(out, strcmp(kind, "note") == 0 ? "<p class=\"note\">" : "<p>", text, "</p>\n");
    }
}

int hr_write_html(const json_t *sheet, FILE *out, const char *title, const json_t *record,
                  const char *plots_dir)
{
    struct page page = {.out = out, .record = record, .plots_dir = plots_dir};
    const json_t *block;
    size_t i;

    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n",
          out);
    put_element(out, "<title>", title, "</title>\n");
    fprintf(out, "<style>\n%s%s</style>\n</head>\n<body>\n<main>\n", hr_html_style, hr_plot_style);
    put_element(out, "<p class=\"eyebrow\">", title, "</p>\n");
    json_array_foreach (sheet, i, block) {
        put_block(&page, block);
    }
    fputs(page.in_plots ? "</div>\n" : "", out);
    fputs("<footer>Made by Headroom; every figure here comes from the files it was made "
          "from.</footer>\n"
          "</main>\n</body>\n</html>\n",
          out);
    return ferror(out) ? hr_fail(EIO, "cannot write the HTML report") : 0;
}

int hr_report_html(const json_t *record, const char *plots_dir, const char *file)
{
    const json_t *host = json_object_get(record, "host");
    struct hr_sink sink;
    char title[300];
    json_t *sheet, *clean;
    int rc = hr_sink_open(&sink, file);

    if (rc) {
        return rc;
    }
    snprintf(title, sizeof(title), "Headroom capacity report, %.200s, %.20s",
             hr_view_text(host, "line"), hr_view_text(record, "started"));
    clean = hr_sheet_string(title);
    sheet = hr_sheet_of_record(record);
    rc = hr_write_html(sheet, sink.out, json_string_value(clean), record, plots_dir);
    json_decref(sheet);
    json_decref(clean);
    return hr_sink_close(&sink, rc);
}
