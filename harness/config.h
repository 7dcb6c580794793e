/*
 * config.h - what a run does: one table of rows (name, type, range, default, help) that drives
 * the YAML profiles, -S key=value, the environment, `headroom run --help` and the dump into the report.
 *
 * Order of precedence: -S flag > HEADROOM_… environment > profile file > default; each value keeps
 * its origin. Times need a unit (10us), counts may have one (64Ki, 5e6). A key that is not in the
 * table is refused with file:line and the nearest key.
 */
#ifndef HR_CONFIG_H
#define HR_CONFIG_H

#include "harness/flow.h"

#include <jansson.h>
#include <stdbool.h>

enum hr_config_type { HR_CFG_COUNT, HR_CFG_REAL, HR_CFG_TIME, HR_CFG_BOOL, HR_CFG_TEXT, HR_CFG_COUNTS /* list */ };

struct hr_config_row {
    const char *key; /* "flow.markets", "latency.rates" … */
    enum hr_config_type type;
    double min, max; /* of numbers */
    const char *preset;
    const char *unit;
    const char *help;
};
extern const struct hr_config_row hr_config_rows[]; /* ended by key NULL */

struct hr_config;
/* name: a profile (configs/NAME.yaml), a file, or NULL for the default profile. */
int hr_config_load(struct hr_config **config, const char *name);
int hr_config_set(struct hr_config *config, const char *assignment, const char *origin); /* "key=value" */
int hr_config_check(const struct hr_config *config); /* what single rows cannot check */
void hr_config_free(struct hr_config *config);
struct hr_config *hr_config_copy(const struct hr_config *config);

/* A key that is not in the table is a programming error and aborts. */
uint64_t hr_config_count(const struct hr_config *c, const char *key); /* COUNT, TIME (ns) */
double hr_config_real(const struct hr_config *c, const char *key);
bool hr_config_bool(const struct hr_config *c, const char *key);
const char *hr_config_text(const struct hr_config *c, const char *key);
int hr_config_counts(const struct hr_config *c, const char *key, const uint64_t **values);

const char *hr_config_profile(const struct hr_config *c);
/* {"key": {"value": …, "unit": …, "origin": "profile|flag|environment|default"}} */
json_t *hr_config_json(const struct hr_config *c);
void hr_config_flow(const struct hr_config *c, struct hr_flow_params *params);

/* Where configs/ lies: HEADROOM_CONFIGS, else beside the program, else where it was built. */
const char *hr_config_folder(void);

#endif
