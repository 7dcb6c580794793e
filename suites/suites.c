/*
 * suites.c - which questions are asked? The one table of them, in the order in which they run.
 *
 * Conformance comes first and gates the others. Capacity comes late: it takes long, and what was
 * finished before it is kept if it is interrupted. Soak drives a share of what it found.
 */
#include "suites/suite.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>

extern const struct hr_suite_ops hr_suite_conformance, hr_suite_throughput, hr_suite_latency,
    hr_suite_markets, hr_suite_scaling, hr_suite_cluster, hr_suite_energy, hr_suite_device,
    hr_suite_wire, hr_suite_network, hr_suite_crypto, hr_suite_blocks, hr_suite_inference,
    hr_suite_durability, hr_suite_capacity, hr_suite_soak;

const struct hr_suite_ops *const hr_suites[] = {
    &hr_suite_conformance,
    &hr_suite_throughput,
    &hr_suite_latency,
    &hr_suite_markets,
    &hr_suite_scaling,
    &hr_suite_cluster,
    &hr_suite_energy,
    &hr_suite_device,
    &hr_suite_wire,
    &hr_suite_network,
    &hr_suite_crypto,
    &hr_suite_blocks,
    &hr_suite_inference,
    &hr_suite_durability,
    &hr_suite_capacity,
    &hr_suite_soak,
    NULL,
};

const struct hr_suite_ops *hr_suite_find(const char *name)
{
    for (int i = 0; hr_suites[i]; i++) {
        if (strcmp(hr_suites[i]->name, name) == 0) {
            return hr_suites[i];
        }
    }
    hr_fail(EINVAL, "no suite '%s': `headroom list` names those that there are", name);
    return NULL;
}
