/*
 * list_command.c - `headroom list`: what can be measured here, with what, and why not the rest?
 */
#include "suites/suite.h"

#include "engine-under-test/device/device_engine.h"
#include "engine-under-test/loader.h"
#include "harness/command.h"
#include "harness/config_folder.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    uint64_t bit;
    const char *name;
} capabilities[] = {
    {EUT_CAP_L3, "l3"},           {EUT_CAP_L2, "l2"},
    {EUT_CAP_REPLACE, "replace"}, {EUT_CAP_FOK, "fok"},
    {EUT_CAP_POST, "post"},       {EUT_CAP_STP, "stp"},
    {EUT_CAP_ANY_ID, "any_id"},   {EUT_CAP_ANY_PRICE, "any_price"},
    {EUT_CAP_RULER, "ruler"},
};

static json_t *item(const char *name, const char *summary, bool available, const char *why)
{
    return json_pack("{s:s, s:s, s:b, s:s?}", "name", name, "summary", summary, "available",
                     available, "reason", why);
}

static json_t *list_suites(void)
{
    json_t *list = json_array();

    for (int i = 0; hr_suites[i]; i++) {
        json_array_append_new(list, item(hr_suites[i]->name, hr_suites[i]->question, true, NULL));
    }
    return list;
}

static json_t *list_paths(void)
{
    json_t *list = json_array();

    for (int i = 0; hr_paths[i]; i++) {
        int rc = hr_paths[i]->available();

        json_array_append_new(
            list, item(hr_paths[i]->name, hr_paths[i]->summary, rc == 0, rc ? hr_error() : NULL));
        hr_error_clear();
    }
    return list;
}

static json_t *list_engines(void)
{
    json_t *list = json_array();

    for (int i = 0; eut_builtin[i]; i++) {
        char what[128] = "";
        size_t at = 0;

        if ((eut_builtin[i]->capabilities & EUT_CAP_ALL) == EUT_CAP_ALL) {
            snprintf(what, sizeof(what), "all of the rules");
        } else {
            for (size_t k = 0; k < sizeof(capabilities) / sizeof(capabilities[0]); k++) {
                if (eut_builtin[i]->capabilities & capabilities[k].bit) {
                    at += (size_t)snprintf(what + at, sizeof(what) - at, "%s%s", at ? " " : "",
                                           capabilities[k].name);
                }
            }
        }
        json_array_append_new(list, item(eut_builtin[i]->name, what, true, NULL));
    }
    for (int i = 0; eut_device_engines[i]; i++) {
        int rc = eut_device_engine_check(eut_device_engines[i]);

        json_array_append_new(list, item(eut_device_engines[i]->name, "all of the rules", rc == 0,
                                         rc ? hr_error() : NULL));
        hr_error_clear();
    }
    return list;
}

static void add_settings(json_t *list, const char *name, const char *file)
{
    struct hr_config *config = NULL;
    int rc = hr_config_load(&config, file);

    json_array_append_new(
        list, item(name, rc ? "" : hr_config_summary(config), rc == 0, rc ? hr_error() : NULL));
    hr_error_clear();
    hr_config_free(config);
}

static void add_profile(void *context, const char *name)
{
    add_settings(context, name, name);
}

/* A flow's file can be read like a profile that sets nothing else. */
static void add_flow(void *context, const char *name)
{
    char file[4400];

    snprintf(file, sizeof(file), "%s/flows/%s.yaml", hr_config_folder(), name);
    add_settings(context, name, file);
}

static json_t *list_everything(void)
{
    json_t *profiles = json_array(), *flows = json_array();
    char folder[4200];

    hr_config_names(hr_config_folder(), add_profile, profiles);
    snprintf(folder, sizeof(folder), "%s/flows", hr_config_folder());
    hr_config_names(folder, add_flow, flows);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "suites", list_suites(), "paths", list_paths(),
                     "engines", list_engines(), "profiles", profiles, "flows", flows);
}

static void print(const json_t *all)
{
    static const char *const order[] = {"suites", "paths", "engines", "profiles", "flows"};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const json_t *row;
        size_t k;

        printf("%s%s\n", i ? "\n" : "", order[i]);
        json_array_foreach(json_object_get(all, order[i]), k, row)
        {
            const char *reason = json_string_value(json_object_get(row, "reason"));

            printf("  %-14s %s%s%s\n", json_string_value(json_object_get(row, "name")),
                   json_string_value(json_object_get(row, "summary")),
                   reason ? " not available: " : "", reason ? reason : "");
        }
    }
    printf("\nAn engine of your own: -e ./my-engine.so; a flow: -S flow.preset=NAME\n");
}

static int list_run(const struct hr_args *args)
{
    json_t *all = list_everything();

    if (!all) {
        return hr_exit_of(hr_fail(ENOMEM, "no memory for the list"));
    }
    if (hr_arg_flag(args, "json")) {
        json_dumpf(all, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
        putchar('\n');
    } else {
        print(all);
    }
    json_decref(all);
    return HR_EXIT_OK;
}

static const struct hr_option options[] = {
    {"json", 0, HR_OPT_FLAG, NULL, NULL, "as JSON"},
    {.name = NULL},
};

const struct hr_command hr_command_list = {
    .name = "list",
    .operands = "",
    .summary = "suites, paths, engines, profiles and flows; for what is unavailable, why",
    .options = options,
    .run = list_run,
};
