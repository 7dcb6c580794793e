/*
 * sheet_cluster.c - do more nodes carry more orders? What ranks did together, by case; whether they
 * had hosts of their own, and so whether anything may be said of nodes; and what the same would be
 * on the documents' 3 and 10 nodes and on three continents, as a projection.
 */
#include "reports/cluster_model.h"
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <string.h>

/* km a second in standard single-mode fibre: light / 1.468, its group index (ITU-T G.652 fibres'
 * data sheets), as in configs/facts/physics.yaml. */
#define FIBRE_KM_S (299792.458 / 1.468)
#define LINEAR_SHARE 0.95 /* of linear, to be called linear */

static const char *name_of(const json_t *item)
{
    const char *name = hr_view_text(item, "id");

    for (int k = 0; k < 3 && strchr(name, '/'); k++) {
        name = strchr(name, '/') + 1;
    }
    return name;
}

static void add_cases(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Case", HR_LEFT);
    hr_table_column(table, "Ranks", HR_RIGHT);
    hr_table_column(table, "Hosts", HR_RIGHT);
    hr_table_column(table, "orders/s", HR_RIGHT);
    hr_table_column(table, "Of linear", HR_LEFT);
    hr_table_column(table, "Most orders / mean", HR_RIGHT);
    hr_table_column(table, "Most time / mean", HR_RIGHT);
    hr_table_column(table, "Routing an order", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        json_t *row;

        if (strcmp(name_of(item), "link") == 0) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, name_of(item), NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "nodes")).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "hosts")).text, NULL);
        hr_row_metric(row, hr_view_metric(item, "throughput"));
        hr_row_share(row, hr_view_estimate(item, "efficiency"),
                     "above linear: drift, or more cache");
        hr_row_cell(row, hr_figure(hr_view_estimate(item, "imbalance"), "ratio").text, NULL);
        hr_row_cell(row, hr_figure(hr_view_estimate(item, "imbalance_time"), "ratio").text, NULL);
        hr_row_cell(row, hr_figure(hr_view_estimate(item, "router_cost"), "ns").text, NULL);
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

/* The one sentence about linear scaling over nodes, or why there is none. */
static void say_scaling(json_t *sheet, const struct hr_cluster_model *m)
{
    double efficiency = m->points > 1 && m->nodes[0] == 1
                            ? m->rates[m->points - 1] / m->rates[0] / m->nodes[m->points - 1]
                            : (double)NAN;

    hr_sheet_say(sheet, "text", "%d ranks by %s on %d host%s.", m->ranks, m->kind, m->hosts,
                 m->hosts == 1 ? "" : "s");
    if (m->shared) {
        hr_sheet_say(sheet, "text",
                     "Ranks shared a host%s: this is scaling over processes of one machine. "
                     "Nothing is said here of nodes, and nothing of linear scaling over them; that "
                     "takes a host for each: mpirun over several machines.",
                     m->oversubscribed ? ", and some of its processors" : "");
    } else if (isfinite(efficiency)) {
        hr_sheet_say(sheet, "text", "Over %.0f nodes, each on a host of its own: %s of linear%s.",
                     m->nodes[m->points - 1], hr_figure_share(efficiency).text,
                     efficiency >= LINEAR_SHARE ? ", which is linear scaling over that many"
                                                : ", which is not linear");
    }
    if (m->has_law) {
        hr_sheet_say(sheet, "note",
                     "Universal scalability law: contention σ = %.3g, coherence κ = %.3g, %s a "
                     "node alone, r² = %.3f.",
                     m->law.sigma, m->law.kappa, hr_figure(m->law.lambda, "orders/s").text,
                     m->law.r2);
    }
    if (isfinite(m->link_rate)) {
        hr_sheet_say(sheet, "note",
                     "Between two ranks: an order's round trip takes %s; a stream carries %s of 32 "
                     "bytes.",
                     hr_figure(m->round_trip_ns, "ns").text,
                     hr_figure(m->link_rate, "orders/s").text);
    }
}

static void put(json_t *row, double rate)
{
    char text[HR_FIGURE_MAX + 8];

    snprintf(text, sizeof(text), "≤ %s", hr_figure_bare(rate, "orders/s").text);
    hr_row_cell(row, isfinite(rate) ? text : HR_DASH, NULL);
}

static void project_nodes(json_t *sheet, const struct hr_cluster_model *m)
{
    static const int nodes[] = {3, 10};
    json_t *table;

    if (!isfinite(m->one_rate)) {
        return;
    }
    table = hr_sheet_table(sheet, "Projection: nobody measured this", NULL);
    hr_table_column(table, "Nodes", HR_RIGHT);
    hr_table_column(table, "One node's rate, times nodes", HR_RIGHT);
    hr_table_column(table, "By the law fitted here", HR_RIGHT);
    hr_table_column(table, "Behind one router like this one", HR_RIGHT);
    hr_table_column(table, "What binds there", HR_LEFT);
    for (int i = 0; i < 2; i++) {
        json_t *row = hr_table_row(table, NULL);
        const char *bound;
        double routed = hr_cluster_routed(m, nodes[i], &bound);

        hr_row_cell(row, hr_figure_count(nodes[i]).text, NULL);
        put(row, hr_cluster_linear(m, nodes[i]));
        put(row, hr_cluster_law(m, nodes[i]));
        put(row, routed);
        hr_row_cell(row, isfinite(routed) ? bound : HR_DASH, NULL);
    }
    hr_sheet_say(sheet, "note",
                 "Upper bounds, in orders/s, for nodes like this host with markets that never "
                 "interact%s.",
                 m->shared ? "; the law is left out, since what was fitted is the contention of "
                             "ranks on one host"
                           : "");
}

/* A node in each of three cities: what distance alone asks. */
static void project_continents(json_t *sheet, const struct hr_cluster_model *m)
{
    static const struct {
        const char *between;
        double km; /* great circle on a sphere of 6371 km */
    } ways[] = {{"New York – London", 5570}, {"London – Tokyo", 9560}, {"New York – Tokyo", 10850}};
    const char *bound;
    double rate = hr_cluster_routed(m, 3, &bound);
    json_t *table;

    if (!isfinite(rate)) {
        return;
    }
    table = hr_sheet_table(sheet, "Projection: a node on each of three continents", NULL);
    hr_table_column(table, "Between", HR_LEFT);
    hr_table_column(table, "One way, at least", HR_RIGHT);
    hr_table_column(table, "An order's answer, no sooner than", HR_RIGHT);
    hr_table_column(table, "Orders on their way, to keep the routed rate", HR_RIGHT);
    for (int i = 0; i < 3; i++) {
        double one_way_s = ways[i].km / FIBRE_KM_S;
        json_t *row = hr_table_row(table, NULL);

        hr_row_cell(row, ways[i].between, NULL);
        hr_row_cell(row, hr_figure(one_way_s * 1e9, "ns").text, NULL);
        hr_row_cell(row, hr_figure(2 * one_way_s * 1e9, "ns").text, NULL);
        hr_row_cell(row, hr_figure_bare(2 * one_way_s * rate, "orders").text, NULL);
    }
    hr_sheet_say(sheet, "note",
                 "Light in fibre along the great circle, no router, no queue: the rate can be kept "
                 "with enough orders on their way, the answer's time cannot be had back.");
}

void hr_section_cluster(json_t *sheet, const json_t *record)
{
    const json_t *suite = hr_view_suite(record, "cluster");
    struct hr_cluster_model model;

    if (!suite) {
        return;
    }
    hr_sheet_heading(sheet, "cluster", "Many machines");
    if (!hr_cluster_model_of(record, &model)) {
        const char *reason = hr_view_text(suite, "reason");

        hr_sheet_say(sheet, "note", "%s",
                     *reason ? reason : "No case over ranks was part of this run.");
        return;
    }
    say_scaling(sheet, &model);
    add_cases(sheet, json_object_get(suite, "cases"));
    project_nodes(sheet, &model);
    project_continents(sheet, &model);
    hr_sheet_plot(sheet, "cluster");
}
