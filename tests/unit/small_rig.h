/*
 * small_rig.h - a rig for tests: the tiny profile, any engine, nothing pinned, nothing on disk.
 */
#ifndef HR_SMALL_RIG_H
#define HR_SMALL_RIG_H

#include "harness/clock.h"
#include "suites/suite.h"
#include "tests/unit/engine_rig.h"

#include <stdlib.h>

struct small_rig {
    struct hr_bench bench;
    struct hr_config *config;
    json_t *suite;
};

static inline struct small_rig *small_rig_new(const struct eut_engine *engine)
{
    static char name[] = "headroom";
    static char *argv[] = {name, NULL};
    struct small_rig *small = calloc(1, sizeof(*small));
    struct hr_rig *rig = &small->bench.rig;
    struct hr_workloads_params params = {.shadow = engine_named("reference"),
                                         .oracle = engine_named("oracle"),
                                         .bytes_max = 64u << 20};

    hr_clock_init();
    CHECK_EQ(hr_config_load(&small->config, "tests/profiles/tiny.yaml"), 0);
    rig->record = hr_record_new(1, argv);
    rig->config = small->config;
    rig->engine = engine;
    rig->ruler = engine_named("null");
    rig->path = hr_path_find("inproc");
    rig->cpu = -1;
    rig->cpus_count = 2;
    rig->memory_max_bytes = 1u << 30;
    rig->flows = params.flows = json_array();
    hr_record_set_new(rig->record, "workload", json_pack("{s:o}", "flows", params.flows));
    CHECK_EQ(hr_workloads_new(&rig->workloads, &params), 0);
    small->suite = hr_suite_begin(rig->record, "test", "Does it hold?");
    return small;
}

static inline void small_rig_free(struct small_rig *small)
{
    hr_workloads_free(small->bench.rig.workloads);
    hr_record_free(small->bench.rig.record);
    hr_config_free(small->config);
    free(small);
}

static inline void small_flow(struct hr_flow_params *flow, uint32_t markets)
{
    hr_flow_defaults(flow);
    flow->markets = markets;
    flow->levels = 4;
    flow->orders_per_level = 2;
    flow->crossing = 0.2;
}

/* A text of the record; "" where there is none. */
static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* A case's figure of this name with all that is told of it, or NULL. */
static inline const json_t *figure_of(const json_t *item, const char *name)
{
    const json_t *figure;
    size_t i;

    json_array_foreach (json_object_get(item, "metrics"), i, figure) {
        if (strcmp(text_of(figure, "name"), name) == 0) {
            return figure;
        }
    }
    return NULL;
}

#endif
