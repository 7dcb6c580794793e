/* run_against.c - is the engine under test worse than an older one, in the same run? Both must be
 * right first. It times and judges nothing itself. */
#include "suites/run_against.h"
#include "harness/error.h"
#include "reports/compare.h"

#include <errno.h>
#include <stdio.h>

int hr_run_against_open(struct hr_run_against *a, struct hr_rig *rig,
                        const struct eut_handle *engine, const char *engine_name, const char *name)
{
    int rc = name ? eut_open(&a->handle, name) : 0;

    if (rc) {
        return hr_context(rc, "--against");
    }
    if (!name) {
        eut_watch(engine, engine_name);
        return 0;
    }
    if ((a->handle.engine->capabilities | engine->engine->capabilities) & EUT_CAP_RULER) {
        return hr_fail(EINVAL, "--against %.80s: the null engine is the ruler, and has no results",
                       name);
    }
    /* A name of its own, so that no figure can be taken for the other's. */
    a->old = *a->handle.engine;
    snprintf(a->name, sizeof(a->name), "old:%s", a->handle.engine->name);
    a->old.name = a->name;
    rig->against = &a->old;
    snprintf(a->watched, sizeof(a->watched), "%.90s or %.90s", engine_name, name);
    eut_watch(engine->library ? engine : &a->handle, a->watched);
    return 0;
}

void hr_run_against_close(struct hr_run_against *a)
{
    eut_close(&a->handle);
}

void hr_run_against_record(const struct hr_rig *rig, const char *engine_name, const char *name,
                           bool chosen)
{
    if (rig->against) {
        hr_record_set_new(rig->record, "against",
                          json_pack("{s:s, s:s, s:I, s:s}", "old", name, "new", engine_name,
                                    "blocks",
                                    (json_int_t)hr_config_count(rig->config, "run.blocks"), "gate",
                                    chosen ? HR_COMPARE_GATE_CHOSEN : HR_COMPARE_GATE));
    }
}

int hr_run_against_conform(struct hr_bench *bench, json_t *suite)
{
    const struct eut_engine *under_test = bench->rig.engine;
    int rc = 0;

    if (bench->rig.against && !*bench->gate) {
        bench->rig.engine = bench->rig.against;
        rc = hr_suites[0]->run(bench, suite);
        bench->rig.engine = under_test;
    }
    return rc;
}

void hr_run_against_judge(struct hr_rig *rig, const char *file)
{
    json_t *comparison;

    if (!rig->against) {
        return;
    }
    if (hr_compare_interleaved(hr_record_json(rig->record), file, &(struct hr_compare_options){0},
                               &comparison)) {
        hr_record_warn(rig->record, "the engines were not compared: %s", hr_error());
        hr_error_clear();
        return;
    }
    hr_record_set_new(rig->record, "comparison", comparison);
}

int hr_run_against_exit(const struct hr_rig *rig)
{
    const json_t *comparison = json_object_get(hr_record_json(rig->record), "comparison");

    return !rig->against ? HR_EXIT_OK
           : comparison  ? hr_compare_exit(comparison, false)
                         : HR_EXIT_INVALID;
}
