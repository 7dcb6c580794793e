/*
 * config.h - what a run does: one table of rows (name, type, range, default, help) that drives
 * the YAML profiles, -S key=value, the environment, `headroom run --help` and the dump into the
 * report.
 *
 * Order of precedence: -S flag > HEADROOM_… environment > profile file > flow preset > default;
 * each value keeps its origin. The variable of flow.markets is HEADROOM_FLOW_MARKETS. Times need a
 * unit (10us), counts may have one (64Ki, 5e6); lists are [1, 10] in YAML and 1,10 elsewhere. A key
 * that is not in the table is refused with file:line and the nearest key.
 *
 * Threads: a configuration is filled by one thread and then only read.
 */
#ifndef HR_CONFIG_H
#define HR_CONFIG_H

#include "harness/config_folder.h"
#include "harness/flow.h"

#include <jansson.h>
#include <stdbool.h>

enum hr_config_type {
    HR_CFG_COUNT,
    HR_CFG_REAL,
    HR_CFG_TIME,
    HR_CFG_BOOL,
    HR_CFG_TEXT,
    HR_CFG_COUNTS /* list */
};

struct hr_config_row {
    const char *key; /* "flow.markets", "latency.rates" … */
    enum hr_config_type type;
    double min, max;    /* of numbers; of TIME in ns */
    const char *preset; /* the default, as text */
    const char *unit;   /* of TEXT: its choices, a|b|c, or "" for any */
    const char *help;
};
extern const struct hr_config_row hr_config_rows[]; /* ended by key NULL */

struct hr_config;
/* name: a profile (configs/NAME.yaml), a file, or NULL for the default profile. */
int hr_config_load(struct hr_config **config, const char *name);
/* "key=value". origin is "flag", "environment", "profile", or a static text of the caller's own,
 * which wins over all ("scaled": the host had no room for what was asked). */
int hr_config_set(struct hr_config *config, const char *assignment, const char *origin);
int hr_config_check(const struct hr_config *config); /* what single rows cannot check */
/* The flow that configs/flows/NAME.yaml means over the defaults, whatever this run sets besides: so
 * that a case named after a preset is the same case everywhere. -ENOENT if there is none. */
int hr_config_preset(const char *name, struct hr_flow_params *params);
/* The same with this run's seed, for a case that is named after it. */
int hr_config_named_flow(const struct hr_config *config, const char *name,
                         struct hr_flow_params *params);
void hr_config_free(struct hr_config *config);

/* A key that is not in the table is a programming error and aborts. */
uint64_t hr_config_count(const struct hr_config *c, const char *key); /* COUNT, TIME (ns) */
double hr_config_real(const struct hr_config *c, const char *key);
bool hr_config_bool(const struct hr_config *c, const char *key);
const char *hr_config_text(const struct hr_config *c, const char *key);
int hr_config_counts(const struct hr_config *c, const char *key, const uint64_t **values);
/* A TEXT that is a list of names: copies the first one at *at, which moves behind it. False, and
 * "", if there is none. */
#define HR_CONFIG_NAME_MAX 64
bool hr_config_name_next(const char **at, char name[HR_CONFIG_NAME_MAX]);

const char *hr_config_profile(const struct hr_config *c); /* its name, without folder and .yaml */
const char *hr_config_summary(
    const struct hr_config *c); /* what the profile says of itself, "" if nothing */
const char *hr_config_origin(const struct hr_config *c, const char *key);
/* {"key": {"value": …, "unit": …, "origin": "profile|flag|environment|preset|default"}} */
json_t *hr_config_json(const struct hr_config *c);
void hr_config_flow(const struct hr_config *c, struct hr_flow_params *params);

/* The table as text on standard output, for --help (a command's `help`). */
void hr_config_help(void);

#endif
