/*
 * sheet_ceilings.c - what this machine can at most, beside what was achieved of it. A share of a
 * ceiling says how much headroom is left before the hardware, not the program, is the limit.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>

/* Every figure that counts and names what bounds it: a ceiling of this machine, or else (the null
 * engine, another case's rate). */
static json_t *add_achieved(json_t *sheet, const json_t *record, bool machine, const char *title,
                            const char *fold)
{
    struct hr_view_walk walk = {0};
    json_t *table = hr_sheet_table(sheet, title, fold);

    hr_table_column(table, "Case", HR_LEFT);
    hr_table_column(table, "Achieved", HR_RIGHT);
    hr_table_column(table, "At most", HR_RIGHT);
    hr_table_column(table, "What bounds it", HR_LEFT);
    hr_table_column(table, "Share", HR_LEFT);
    while (hr_view_next(record, &walk)) {
        const json_t *metric;
        size_t i;

        json_array_foreach (json_object_get(walk.item, "metrics"), i, metric) {
            double share = hr_view_number(metric, "of_ceiling");
            const char *unit = hr_view_text(metric, "unit");
            json_t *row;

            if (isnan(share) || !hr_view_counts(walk.item) ||
                hr_view_is_ceiling(record, hr_view_text(metric, "ceiling")) != machine) {
                continue;
            }
            row = hr_table_row(table, walk.item);
            hr_row_cell(row, hr_view_text(walk.item, "id"), hr_view_text(metric, "name"));
            hr_row_cell(row, hr_figure(hr_view_number(metric, "estimate"), unit).text, NULL);
            hr_row_cell(row, hr_figure(hr_view_number(metric, "ceiling_value"), unit).text, NULL);
            hr_row_cell(row, hr_view_ceiling(metric).text, NULL);
            hr_row_share(row, share, HR_ABOVE_CEILING);
        }
    }
    return table;
}

static void add_measured(json_t *sheet, const json_t *record)
{
    const json_t *ceiling;
    json_t *table = hr_sheet_table(sheet, NULL, "All measured ceilings");
    size_t i;

    hr_table_column(table, "Ceiling", HR_LEFT);
    hr_table_column(table, "Measured", HR_RIGHT);
    hr_table_column(table, "Between", HR_RIGHT);
    hr_table_column(table, "Runs", HR_RIGHT);
    json_array_foreach (json_object_get(record, "ceilings"), i, ceiling) {
        const char *unit = hr_view_text(ceiling, "unit");
        json_t *row = hr_table_row(table, NULL);

        hr_row_cell(row, hr_view_text(ceiling, "id"), NULL);
        hr_row_cell(row, hr_figure(hr_view_number(ceiling, "estimate"), unit).text,
                    hr_view_text(ceiling, "reason"));
        hr_row_cell(row,
                    hr_figure_range(hr_view_number(ceiling, "ci_low"),
                                    hr_view_number(ceiling, "ci_high"), unit)
                        .text,
                    NULL);
        hr_row_cell(row, hr_figure_count(hr_view_number(ceiling, "n_runs")).text, NULL);
    }
    hr_table_end(sheet, table);
}

void hr_section_ceilings(json_t *sheet, const json_t *record)
{
    json_t *table;

    hr_sheet_heading(sheet, "ceilings", "Ceilings and what was achieved of them");
    if (json_array_size(json_object_get(record, "ceilings")) == 0) {
        hr_sheet_say(sheet, "note", "No ceiling was measured in this run.");
    }
    table = add_achieved(sheet, record, true, "Achieved of the machine's ceilings", NULL);
    if (hr_table_rows(table)) {
        hr_sheet_plot(sheet, "ceilings");
    } else {
        hr_table_end(sheet, table);
        hr_sheet_say(sheet, "note", "No figure of this run is bounded by a ceiling of this host.");
    }
    table = add_achieved(sheet, record, false, NULL,
                         "Beside the null engine, which only answers, or another case");
    hr_table_end(sheet, table);
    add_measured(sheet, record);
}
