/*
 * cluster_model.h - what was measured over ranks, and what that would make of more nodes.
 *
 * The model: n nodes do at most n times what one did alone (markets never interact); what the
 * scalability law fitted to the sweep says, if every node had a host of its own (else the law is
 * the shared host's, and says nothing of nodes); and behind one router no more than that router
 * passed on with nobody matching, nor than the link carried. Whatever comes out is a projection: an
 * upper bound, nobody measured it.
 */
#ifndef HR_CLUSTER_MODEL_H
#define HR_CLUSTER_MODEL_H

#include "harness/statistics.h"

#include <jansson.h>
#include <stdbool.h>

#define HR_CLUSTER_POINTS_MAX 64

struct hr_cluster_model {
    int points; /* of the strong sweep, that passed */
    double nodes[HR_CLUSTER_POINTS_MAX], rates[HR_CLUSTER_POINTS_MAX];
    double one_rate; /* orders/s of one node; NAN: not measured */
    bool shared;     /* ranks of the sweep shared a host */
    bool oversubscribed;
    int ranks, hosts;
    const char *kind; /* who started them */
    bool has_law;
    struct hr_usl law;
    double router_rate; /* orders/s that the router passed on to nobody; NAN */
    double link_rate;   /* orders/s of 32 bytes that the link carried; NAN */
    double round_trip_ns;
};

/* False if the record has no case over ranks. Texts are the record's. */
bool hr_cluster_model_of(const json_t *record, struct hr_cluster_model *model);
/* Orders/s; NAN where the model has no say. *bound: what binds the routed one, a static text. */
double hr_cluster_linear(const struct hr_cluster_model *model, int nodes);
double hr_cluster_law(const struct hr_cluster_model *model, int nodes);
double hr_cluster_routed(const struct hr_cluster_model *model, int nodes, const char **bound);

#endif
