/*
 * sheet_durability.c - what it costs that nothing is lost: journals by policy, snapshots and the
 * stall they make, the way back, and what was lost when the process was killed.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <string.h>

struct column {
    const char *metric, *title;
};

/* What a case is called below its suite, path and engine. */
static const char *short_name(const json_t *item)
{
    const char *name = hr_view_text(item, "id");

    for (int k = 0; k < 3 && strchr(name, '/'); k++) {
        name = strchr(name, '/') + 1;
    }
    return name;
}

/* bound: the metric whose share of its ceiling is shown; NULL: none. */
static void add_table(json_t *sheet, const char *title, const json_t *cases, const char *prefix,
                      const struct column *columns, const char *bound, const char *bound_title)
{
    json_t *table = hr_sheet_table(sheet, title, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Case", HR_LEFT);
    for (const struct column *c = columns; c->metric; c++) {
        hr_table_column(table, c->title, HR_RIGHT);
    }
    if (bound) {
        hr_table_column(table, bound_title, HR_LEFT);
    }
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const char *name = short_name(item);
        json_t *row;

        if (strncmp(name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, strchr(name, '/') ? strchr(name, '/') + 1 : name, NULL);
        for (const struct column *c = columns; c->metric; c++) {
            hr_row_metric_with_unit(row, hr_view_metric(item, c->metric));
        }
        if (bound) {
            hr_row_share(row, hr_view_number(hr_view_metric(item, bound), "of_ceiling"),
                         HR_ABOVE_CEILING);
        }
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

static double disk(const json_t *record, const char *id)
{
    const json_t *ceilings = json_object_get(record, "ceilings"), *item;
    size_t i;

    json_array_foreach (ceilings, i, item) {
        if (strcmp(hr_view_text(item, "id"), id) == 0) {
            return hr_view_number(item, "estimate");
        }
    }
    return (double)NAN;
}

static void say_disk(json_t *sheet, const json_t *record)
{
    double sync = disk(record, "disk/sync"), write = disk(record, "disk/write");

    if (isfinite(sync) && isfinite(write)) {
        hr_sheet_say(
            sheet, "note",
            "The disk alone, in the same run: %s to append a record of 256 orders and sync "
            "it, %s written and synced in one stream, %s without the sync. What was just "
            "written is read from the system's memory.",
            hr_figure(sync, "ns").text, hr_figure(write, "bytes/s").text,
            hr_figure(disk(record, "disk/buffered"), "bytes/s").text);
    }
}

static const json_t *find(const json_t *cases, const char *name)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        if (strcmp(short_name(item), name) == 0) {
            return item;
        }
    }
    return NULL;
}

static void say_kills(json_t *sheet, const json_t *cases)
{
    const json_t *item = find(cases, "kills");

    if (!item) {
        return;
    }
    if (!hr_view_passed(item)) {
        hr_sheet_say(sheet, "text", "Killed at random moments: %s: %s",
                     hr_view_text(item, "status"), hr_view_text(item, "reason"));
        return;
    }
    hr_sheet_say(
        sheet, "text",
        "Killed %s times at random moments, what was not synced spoiled after %s of them: %s "
        "acknowledged orders lost, and every recovery at the oracle's digest and state root.",
        hr_figure_count(hr_view_estimate(item, "kills")).text,
        hr_figure_count(hr_view_estimate(item, "power_cuts")).text,
        hr_figure_count(hr_view_estimate(item, "lost")).text);
}

void hr_section_durability(json_t *sheet, const json_t *record)
{
    static const struct column journals[] = {{"throughput", "Matched and acknowledged"},
                                             {"p50", "p50 of a batch"},
                                             {"p99", "p99"},
                                             {"syncs", "Syncs"},
                                             {"bandwidth", "Written"},
                                             {NULL, NULL}};
    static const struct column snapshots[] = {{"snapshot", "Taken in"},
                                              {"file_bytes", "File"},
                                              {"state_bytes", "States"},
                                              {"fork", "Fork"},
                                              {"stall_p99", "A batch meanwhile, p99"},
                                              {"stall_max", "max"},
                                              {"quiet_p99", "Before, p99"},
                                              {"slowdown", "Slower by"},
                                              {NULL, NULL}};
    static const struct column back[] = {
        {"recovery", "Recovered in"},           {"restored", "Orders restored"},
        {"replayed", "Requests replayed"},      {"verify", "Verified"},
        {"verify_markets", "Markets verified"}, {NULL, NULL}};
    const json_t *cases = json_object_get(hr_view_suite(record, "durability"), "cases");

    hr_sheet_heading(sheet, "durability", "Durability");
    if (json_array_size(cases) == 0) {
        hr_sheet_say(sheet, "note", "No journal and no snapshot was measured in this run.");
        return;
    }
    say_kills(sheet, cases);
    say_disk(sheet, record);
    add_table(sheet, "Journal, by sync policy and way to write", cases, "journal", journals,
              "throughput", "Of the disk alone");
    add_table(sheet, "Snapshots, while matching goes on", cases, "snapshot", snapshots, "states",
              "Of the disk alone");
    add_table(sheet, "The way back", cases, "snapshot", back, NULL, NULL);
}
