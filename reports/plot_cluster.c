/*
 * plot_cluster.c - orders a second by ranks: what was measured, full; what 3 and 10 nodes would do
 * at most, hollow.
 */
#include "reports/cluster_model.h"
#include "reports/plot.h"

#include <math.h>
#include <string.h>

#define FARTHEST 10

bool hr_plot_cluster(const json_t *record, FILE *dat, FILE *gp, char *why)
{
    static const int nodes[] = {3, FARTHEST};
    struct hr_cluster_model m;
    struct hr_end_label labels[2];
    struct hr_axis x, y;
    const char *bound;
    double most;
    int count = 0;

    if (!hr_cluster_model_of(record, &m) || m.points < 2 || !isfinite(m.one_rate)) {
        snprintf(why, HR_WHY_MAX, "it needs throughput over one rank and over more");
        return false;
    }
    most = hr_cluster_linear(&m, FARTHEST);
    fputs("# measured: ranks, orders/s; then projections: linear; behind one router\n", dat);
    for (int i = 0; i < m.points; i++) {
        fprintf(dat, "%.9g %.9g\n", m.nodes[i], m.rates[i]);
        most = fmax(most, m.rates[i]);
    }
    fputs("\n\n", dat);
    for (int i = 0; i < 2; i++) {
        fprintf(dat, "%d %.9g\n", nodes[i], hr_cluster_linear(&m, nodes[i]));
    }
    fputs("\n\n", dat);
    labels[count] = (struct hr_end_label){.x = FARTHEST, .y = most, .color = -1};
    snprintf(labels[count++].text, sizeof(labels[0].text), "projection: one node, times nodes");
    for (int i = 0; i < 2; i++) {
        double routed = hr_cluster_routed(&m, nodes[i], &bound);

        fprintf(dat, "%d %s%.9g\n", nodes[i], isfinite(routed) ? "" : "NaN # ", routed);
        if (i == 1 && isfinite(routed)) {
            labels[count] = (struct hr_end_label){.x = FARTHEST, .y = routed, .color = 1};
            snprintf(labels[count++].text, sizeof(labels[0].text), "projection: behind one router");
        }
    }
    hr_script_begin(gp, "cluster", "Many machines", 360);
    x = hr_script_axis(gp, 'x', false, 0, fmax(FARTHEST, m.nodes[m.points - 1]), "");
    y = hr_script_axis(gp, 'y', false, 0, most, "");
    hr_script_axis_title(gp, 'x', m.shared ? "ranks that shared a host; hollow: nodes" : "nodes");
    hr_script_axis_title(gp, 'y', "orders/s");
    hr_script_end_labels(gp, labels, count, &x, &y);
    fprintf(
        gp,
        "plot 'cluster.dat' index 1 using 1:2 with linespoints pt 6 ps 1 lw 1.2 dt (4,4) lc rgb "
        "'" HR_INK "', \\\n"
        "  'cluster.dat' index 2 using 1:2 with linespoints pt 6 ps 1 lw 1.2 dt (4,4) lc rgb "
        "'%s', \\\n"
        "  'cluster.dat' index 0 using 1:2 with linespoints pt 7 ps 0.8 lw 2.2 lc rgb '%s'\n",
        hr_script_color(1), hr_script_color(0));
    return true;
}
