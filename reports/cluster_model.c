/*
 * cluster_model.c - what would more nodes make of what these ranks did? Arithmetic over the record;
 * it cannot see agreement between nodes, failures, or a network busier than the one measured.
 */
#include "reports/cluster_model.h"

#include "reports/record_view.h"

#include <math.h>
#include <string.h>

#define ORDER_BITS (32.0 * 8) /* between ranks */

/* What a case is called below its suite, path and engine. */
static const char *name_of(const json_t *item)
{
    const char *name = hr_view_text(item, "id");

    for (int k = 0; k < 3 && strchr(name, '/'); k++) {
        name = strchr(name, '/') + 1;
    }
    return name;
}

static bool is(const json_t *item, const char *param)
{
    return json_is_true(json_object_get(json_object_get(item, "params"), param));
}

#define MADE "generate=ranks/"

/* A case of the sweep: of shares that rank 0 dealt out, or, in a run of that (cluster.generate), of
 * those that the ranks made. */
static bool of_sweep(const char *name, bool made)
{
    if (made && strncmp(name, MADE, strlen(MADE)) == 0) {
        name += strlen(MADE);
    } else if (made) {
        return false;
    }
    return strncmp(name, "ranks=", 6) == 0 || strncmp(name, "nodes=", 6) == 0;
}

static bool any_dealt(const json_t *cases)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        if (of_sweep(name_of(item), false)) {
            return true;
        }
    }
    return false;
}

static void take_sweep(struct hr_cluster_model *m, const json_t *item)
{
    double nodes = hr_view_param(item, "nodes"), rate = hr_view_estimate(item, "throughput");

    m->shared = m->shared || hr_view_param(item, "hosts") < nodes;
    m->oversubscribed = m->oversubscribed || is(item, "oversubscribed");
    m->hosts =
        hr_view_param(item, "hosts") > m->hosts ? (int)hr_view_param(item, "hosts") : m->hosts;
    if (isfinite(rate) && m->points < HR_CLUSTER_POINTS_MAX) {
        m->nodes[m->points] = nodes;
        m->rates[m->points++] = rate;
        m->one_rate = nodes == 1 ? rate : m->one_rate;
    }
}

bool hr_cluster_model_of(const json_t *record, struct hr_cluster_model *m)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "cluster"), "cases"), *item;
    bool any = false, made = !any_dealt(cases);
    size_t i;

    *m = (struct hr_cluster_model){.one_rate = (double)NAN,
                                   .router_rate = (double)NAN,
                                   .link_rate = (double)NAN,
                                   .round_trip_ns = (double)NAN,
                                   .kind = ""};
    json_array_foreach (cases, i, item) {
        const char *name = name_of(item);

        if (isfinite(hr_view_param(item, "nodes"))) {
            any = true;
            m->ranks = (int)hr_view_param(item, "ranks");
            m->kind = hr_view_text(json_object_get(item, "params"), "ranks_by");
        }
        if (of_sweep(name, made)) {
            take_sweep(m, item);
        } else if (strncmp(name, "router/", 7) == 0 && hr_view_passed(item)) {
            m->router_rate = hr_view_number(hr_view_metric(item, "throughput"), "ceiling_value");
        } else if (strcmp(name, "link") == 0) {
            m->link_rate = hr_view_estimate(item, "goodput") / ORDER_BITS;
            m->round_trip_ns = hr_view_estimate(item, "round_trip");
        }
    }
    m->has_law = !m->shared && hr_fit_usl(m->nodes, m->rates, m->points, &m->law) == 0;
    return any;
}

double hr_cluster_linear(const struct hr_cluster_model *m, int nodes)
{
    return m->one_rate * nodes;
}

double hr_cluster_law(const struct hr_cluster_model *m, int nodes)
{
    double n = nodes;

    return m->has_law
               ? m->law.lambda * n / (1 + m->law.sigma * (n - 1) + m->law.kappa * n * (n - 1))
               : (double)NAN;
}

double hr_cluster_routed(const struct hr_cluster_model *m, int nodes, const char **bound)
{
    double nodes_rate = m->has_law ? hr_cluster_law(m, nodes) : hr_cluster_linear(m, nodes);
    double least = nodes_rate;

    *bound = "the nodes";
    if (m->router_rate < least) {
        least = m->router_rate;
        *bound = "the router";
    }
    if (m->link_rate < least) {
        least = m->link_rate;
        *bound = "the link";
    }
    return isfinite(m->router_rate) ? least : (double)NAN;
}
