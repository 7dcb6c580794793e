/*
 * summary_text.c - the terminal summary: the sheet without its folded tables and plots, as
 * fixed-width text, ending in the block to paste.
 */
#include "reports/markup.h"
#include "reports/record_view.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <string.h>

#define COLUMNS_MAX 32
#define CELL_MAX 64 /* columns of one cell */
#define WIDTH 100

static const char *color_of(const char *status)
{
    static const struct {
        const char *status, *code;
    } colors[] = {
        {"pass", "32"},    {"ok", "32"},    {"fail", "31"},    {"invalid", "31"},
        {"hard", "31"},    {"skip", "36"},  {"warning", "33"}, {"soft", "33"},
        {"advice", "33"},  {"meets", "32"}, {"short", "31"},   {"cannot meet", "31"},
        {"made up", "33"},
    };
    size_t i;

    for (i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
        if (strcmp(status, colors[i].status) == 0) {
            return colors[i].code;
        }
    }
    return "0";
}

static void put_status(FILE *out, const char *status, int color)
{
    if (color && *status) {
        fprintf(out, "\033[%sm", color_of(status));
    }
    hr_put_plain(out, status, 0);
    if (color && *status) {
        fputs("\033[0m", out);
    }
}

/* Words, wrapped at WIDTH, each line after the first with the same indent. */
static void put_wrapped(FILE *out, const char *text, size_t indent)
{
    size_t at = indent;

    while (*text) {
        size_t length = strcspn(text, " \n");
        char word[400];

        length = length < sizeof(word) ? length : sizeof(word) - 1;
        memcpy(word, text, length);
        word[length] = '\0';
        if (at > indent && at + 1 + hr_columns(word) > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        }
        hr_put_plain(out, word, 0);
        at += hr_columns(word);
        text += length;
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

/* The last cell of a row may be as long as it likes. */
static size_t cell_columns(const json_t *cell, bool last)
{
    const char *status = hr_view_text(cell, "s"), *note = hr_view_text(cell, "n");
    size_t columns = *status ? hr_columns(status) : hr_columns(hr_view_text(cell, "t"));

    columns += *note ? 1 + hr_columns(note) : 0;
    return columns < CELL_MAX || last ? columns : CELL_MAX;
}

static void put_cell(FILE *out, const json_t *cell, size_t width, bool right, bool last, int color)
{
    const char *status = hr_view_text(cell, "s"), *note = hr_view_text(cell, "n");
    size_t pad = width - cell_columns(cell, last), room = width;

    if (right) {
        fprintf(out, "%*s", (int)pad, "");
    }
    if (*status) {
        put_status(out, status, color);
    } else {
        room -= hr_put_cut(out, hr_view_text(cell, "t"), room);
        if (*note && room > 1) {
            fputc(' ', out);
            hr_put_cut(out, note, room - 1);
        }
    }
    if (!right && !last) {
        fprintf(out, "%*s", (int)pad, "");
    }
}

static void put_table(FILE *out, const json_t *table, int color)
{
    const json_t *columns = json_object_get(table, "columns"), *column, *row, *cell;
    const char *title = hr_view_text(table, "title");
    size_t width[COLUMNS_MAX] = {0}, count = json_array_size(columns), i, r;

    count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
    json_array_foreach (columns, i, column) {
        if (i < count) {
            width[i] = hr_columns(hr_view_text(column, "t"));
        }
    }
    json_array_foreach (json_object_get(table, "rows"), r, row) {
        json_array_foreach (json_object_get(row, "cells"), i, cell) {
            if (i < count && cell_columns(cell, i + 1 == count) > width[i]) {
                width[i] = cell_columns(cell, i + 1 == count);
            }
        }
    }
    if (*title) {
        fprintf(out, "  %s\n", title);
    }
    fputs(color ? "  \033[2m" : "  ", out);
    for (i = 0; i < count; i++) {
        const char *head = hr_view_text(json_array_get(columns, i), "t");
        bool right = json_is_true(json_object_get(json_array_get(columns, i), "right"));
        int pad = (int)(width[i] - hr_columns(head));

        fprintf(out, "%s%*s", i ? "  " : "", right ? pad : 0, "");
        hr_put_plain(out, head, 0);
        fprintf(out, "%*s", right || i + 1 == count ? 0 : pad, "");
    }
    fputs(color ? "\033[0m\n" : "\n", out);
    json_array_foreach (json_object_get(table, "rows"), r, row) {
        const char *why = hr_view_text(row, "why");

        fputs("  ", out);
        json_array_foreach (json_object_get(row, "cells"), i, cell) {
            if (i < count) {
                fputs(i ? "  " : "", out);
                put_cell(out, cell, width[i],
                         json_is_true(json_object_get(json_array_get(columns, i), "right")),
                         i + 1 == count, color);
            }
        }
        fputc('\n', out);
        if (*why) {
            fputs("      ", out);
            put_wrapped(out, why, 6);
        }
    }
}

static void put_verdict(FILE *out, const json_t *block, int color)
{
    const json_t *chip;
    size_t i;

    put_status(out, hr_view_text(block, "status"), color);
    fputs(": ", out);
    put_wrapped(out, hr_view_text(block, "line"), 2);
    json_array_foreach (json_object_get(block, "chips"), i, chip) {
        fputs(i ? " · " : "  ", out);
        hr_put_plain(out, hr_view_text(chip, "t"), 0);
        fputc(' ', out);
        put_status(out, hr_view_text(chip, "s"), color);
    }
    fputs(i ? "\n" : "", out);
}

static void put_tiles(FILE *out, const json_t *block)
{
    const json_t *tile;
    size_t i;

    fputc('\n', out);
    json_array_foreach (json_object_get(block, "tiles"), i, tile) {
        const char *label = hr_view_text(tile, "label"), *figure = hr_view_text(tile, "t");

        fprintf(out, "  %-28s", label);
        fprintf(out, "%*s", (int)(hr_columns(figure) < 16 ? 16 - hr_columns(figure) : 0), "");
        hr_put_plain(out, figure, 0);
        fputs("   ", out);
        hr_put_plain(out, hr_view_text(tile, "n"), 0);
        fputc('\n', out);
    }
}

static void put_code(FILE *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        char line[2000];

        length = length < sizeof(line) ? length : sizeof(line) - 1;
        memcpy(line, text, length);
        line[length] = '\0';
        fputs("  ", out);
        hr_put_plain(out, line, 0);
        fputc('\n', out);
        text += length + (text[length] == '\n');
    }
}

static void put_block(FILE *out, const json_t *block, int color)
{
    const char *kind = hr_view_text(block, "kind"), *text = hr_view_text(block, "t");
    const json_t *item;
    size_t i;

    if (strcmp(kind, "verdict") == 0) {
        put_verdict(out, block, color);
    } else if (strcmp(kind, "tiles") == 0) {
        put_tiles(out, block);
    } else if (strcmp(kind, "heading") == 0) {
        fprintf(out, color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
    } else if (strcmp(kind, "table") == 0 && !*hr_view_text(block, "fold")) {
        put_table(out, block, color);
    } else if (strcmp(kind, "code") == 0) {
        put_code(out, text);
    } else if (strcmp(kind, "list") == 0) {
        json_array_foreach (json_object_get(block, "items"), i, item) {
            fputs("  - ", out);
            put_wrapped(out, json_string_value(item), 4);
        }
    } else if (strcmp(kind, "text") == 0 || strcmp(kind, "note") == 0) {
        fputs("  ", out);
        put_wrapped(out, text, 2);
    }
}

int hr_write_text(const json_t *sheet, FILE *out, int color)
{
    const json_t *block;
    size_t i;

    json_array_foreach (sheet, i, block) {
        put_block(out, block, color);
    }
    return ferror(out) ? -EIO : 0;
}

int hr_report_text(const json_t *record, FILE *out, int color)
{
    json_t *sheet = hr_sheet_of_record(record);
    int rc = hr_write_text(sheet, out, color);

    json_decref(sheet);
    return rc;
}
