/* config.c - what was this run asked to do, and who asked? Every row keeps one value a layer; the
 * highest layer that is set holds. It cannot see whether the host has room for it: the suites
 * scale. */
#include "harness/config.h"
#include "harness/command.h"
#include "harness/config_folder.h"
#include "harness/config_value.h"
#include "harness/error.h"
#include "harness/nearest.h"
#include "harness/settings_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_PROFILE "standard"
#define PATH_BYTES 4096
#define PRESET_KEY "flow.preset"

enum layer { DEFAULT, PRESET, PROFILE, ENVIRONMENT, FLAG, OWN, LAYERS };
static const char *const layer_names[] = {"default", "preset", "profile", "environment", "flag"};

struct hr_config {
    int rows;
    struct hr_config_value (*values)[LAYERS]; /* beside hr_config_rows */
    char *profile, *summary;
    char *preset; /* whose values are in the PRESET layer */
};

extern char **environ;

/* ---- rows ------------------------------------------------------------------------------ */

static int find_row(const char *key)
{
    for (int i = 0; hr_config_rows[i].key; i++) {
        if (strcmp(hr_config_rows[i].key, key) == 0) {
            return i;
        }
    }
    return -1;
}

/* By the whole key, else by what follows the section: perhaps only that is missing or wrong. */
static const char *nearest_key(const char *key)
{
    const char *dot = strrchr(key, '.'), *found = NULL;
    struct hr_nearest whole = {.word = key}, last = {.word = dot ? dot + 1 : key};

    for (const struct hr_config_row *row = hr_config_rows; row->key; row++) {
        found = hr_nearest_offer(&whole, row->key) ? row->key : found;
    }
    if (hr_nearest_name(&whole)) {
        return found;
    }
    for (const struct hr_config_row *row = hr_config_rows; row->key; row++) {
        found = hr_nearest_offer(&last, strchr(row->key, '.') + 1) ? row->key : found;
    }
    return hr_nearest_name(&last) ? found : NULL;
}

static int unknown_key(const char *key)
{
    const char *near = nearest_key(key);

    if (near) {
        return hr_fail(EINVAL, "unknown setting %.80s; did you mean %s?", key, near);
    }
    return hr_fail(EINVAL, "unknown setting %.80s; `headroom run --help` lists them", key);
}

static const struct hr_config_value *value_at(const struct hr_config *c, int row)
{
    int layer = LAYERS - 1;

    while (layer > DEFAULT && !c->values[row][layer].text) {
        layer--;
    }
    return &c->values[row][layer];
}

static const struct hr_config_value *value_of(const struct hr_config *c, const char *key, int *row)
{
    int at = find_row(key);

    if (at < 0) {
        fprintf(stderr, "headroom: the setting %s is not in the table\n", key);
        abort();
    }
    if (row) {
        *row = at;
    }
    return value_at(c, at);
}

/* ---- files ----------------------------------------------------------------------------- */

struct filling {
    struct hr_config *config;
    enum layer layer;
};

static int take_setting(void *context, const struct hr_setting *setting)
{
    struct filling *filling = context;
    const char *key = setting->key, *value = setting->value;
    const int is_list = setting->is_list;
    int row;

    if (strcmp(key, "summary") == 0 && !is_list) {
        if (filling->layer == PROFILE) {
            free(filling->config->summary);
            filling->config->summary = strdup(value);
        }
        return 0;
    }
    row = find_row(key);
    if (row < 0) {
        return unknown_key(key);
    }
    if (is_list && hr_config_rows[row].type != HR_CFG_COUNTS &&
        hr_config_rows[row].type != HR_CFG_TEXT) {
        return hr_fail(EINVAL, "%s takes one value, not a list", key);
    }
    if (filling->layer == PRESET &&
        ((strncmp(key, "flow.", 5) != 0 && strncmp(key, "arrival.", 8) != 0) ||
         strcmp(key, PRESET_KEY) == 0)) {
        return hr_fail(EINVAL, "%s cannot be set by a flow preset; only flow.* and arrival.* can",
                       key);
    }
    return hr_config_value_set(&filling->config->values[row][filling->layer], &hr_config_rows[row],
                               value, layer_names[filling->layer]);
}

struct listing {
    struct hr_nearest near;
    char all[512];
};

static void list_name(void *context, const char *name)
{
    struct listing *l = context;
    size_t at = strlen(l->all);

    snprintf(l->all + at, sizeof(l->all) - at, "%s%s", at ? ", " : "", name);
    hr_nearest_offer(&l->near, name);
}

static int no_such(const char *what, const char *name, const char *folder)
{
    struct listing l = {.near = {.word = name}};

    hr_config_names(folder, list_name, &l);
    if (!l.all[0]) {
        return hr_fail(ENOENT,
                       "no %s '%.60s': %s holds none; set HEADROOM_CONFIGS to the folder configs/",
                       what, name, folder);
    }
    if (hr_nearest_name(&l.near)) {
        return hr_fail(ENOENT, "no %s '%.60s'; did you mean %s? (there are %s)", what, name,
                       l.near.name, l.all);
    }
    return hr_fail(ENOENT, "no %s '%.60s'; there are %s", what, name, l.all);
}

static bool is_plain_name(const char *name)
{
    return *name && name[0] != '.' && strcspn(name, "/") == strlen(name) && strlen(name) < 200;
}

static bool exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static void clear_layer(struct hr_config *c, enum layer layer)
{
    for (int i = 0; i < c->rows; i++) {
        hr_config_value_clear(&c->values[i][layer]);
    }
}

/* Brings the PRESET layer in line with flow.preset. */
static int follow_preset(struct hr_config *c)
{
    const char *name = hr_config_text(c, PRESET_KEY);
    struct filling filling = {c, PRESET};
    char folder[PATH_BYTES], path[PATH_BYTES + 256];

    if (strcmp(name, c->preset ? c->preset : "") == 0) {
        return 0;
    }
    clear_layer(c, PRESET);
    free(c->preset);
    c->preset = strdup(name);
    if (!c->preset) {
        return hr_fail(ENOMEM, "out of memory");
    }
    if (!*name) {
        return 0;
    }
    snprintf(folder, sizeof(folder), "%s/flows", hr_config_folder());
    snprintf(path, sizeof(path), "%s/%.200s.yaml", folder, name);
    if (!is_plain_name(name) || !exists(path)) {
        return hr_context(no_such("flow preset", name, folder), PRESET_KEY);
    }
    return hr_settings_read(path, take_setting, &filling);
}

static int load_profile(struct hr_config *c, const char *name)
{
    struct filling filling = {c, PROFILE};
    char path[PATH_BYTES];
    const char *base = strrchr(name, '/');
    size_t length = strlen(name);
    bool is_file = base || (length > 5 && strcmp(name + length - 5, ".yaml") == 0) ||
                   (length > 4 && strcmp(name + length - 4, ".yml") == 0);

    if (is_file) {
        snprintf(path, sizeof(path), "%s", name);
    } else if (is_plain_name(name)) {
        snprintf(path, sizeof(path), "%s/%s.yaml", hr_config_folder(), name);
    }
    if (!is_file && (!is_plain_name(name) || !exists(path))) {
        return no_such("profile", name, hr_config_folder());
    }
    base = base ? base + 1 : name;
    c->profile = strdup(base);
    if (!c->profile) {
        return hr_fail(ENOMEM, "out of memory");
    }
    if (is_file && strrchr(c->profile, '.') > c->profile) {
        *strrchr(c->profile, '.') = '\0';
    }
    return hr_settings_read(path, take_setting, &filling);
}

/* ---- the environment --------------------------------------------------------------------- */

/* A variable that begins like a section's but names no row was meant for us and mistyped. */
static int check_variable(const char *entry)
{
    char variable[HR_VARIABLE_MAX], section[HR_VARIABLE_MAX], name[HR_VARIABLE_MAX];
    struct hr_nearest near = {.word = name};
    bool ours = false;

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(entry, "="), entry);
    for (const struct hr_config_row *row = hr_config_rows; row->key; row++) {
        hr_variable_name(row->key, variable);
        if (strcmp(name, variable) == 0) {
            return 0;
        }
        hr_nearest_offer(&near, variable);
        snprintf(section, sizeof(section), "%.*s", (int)strcspn(row->key, "."), row->key);
        hr_variable_name(section, variable);
        ours |= strncmp(name, variable, strlen(variable)) == 0 && name[strlen(variable)] == '_';
    }
    if (!ours) {
        return 0;
    }
    return hr_fail(EINVAL, "the environment variable %s names no setting; did you mean %s?", name,
                   near.name);
}

static int take_environment(struct hr_config *c)
{
    for (char **entry = environ; entry && *entry; entry++) {
        if (strncmp(*entry, "HEADROOM_", 9) == 0) {
            int rc = check_variable(*entry);

            if (rc) {
                return rc;
            }
        }
    }
    for (int i = 0; i < c->rows; i++) {
        char variable[HR_VARIABLE_MAX];
        const char *text;

        hr_variable_name(hr_config_rows[i].key, variable);
        text = getenv(variable);
        if (text && *text) {
            int rc = hr_config_value_set(&c->values[i][ENVIRONMENT], &hr_config_rows[i], text,
                                         layer_names[ENVIRONMENT]);

            if (rc) {
                return hr_context(rc, "%s", variable);
            }
        }
    }
    return 0;
}

/* ---- making ------------------------------------------------------------------------------ */

static struct hr_config *new_config(void)
{
    struct hr_config *c = calloc(1, sizeof(*c));

    if (!c) {
        return NULL;
    }
    while (hr_config_rows[c->rows].key) {
        c->rows++;
    }
    c->values = calloc((size_t)c->rows, sizeof(*c->values));
    if (!c->values) {
        free(c);
        return NULL;
    }
    for (int i = 0; i < c->rows; i++) {
        int rc = hr_config_value_set(&c->values[i][DEFAULT], &hr_config_rows[i],
                                     hr_config_rows[i].preset, layer_names[DEFAULT]);

        if (rc == -EINVAL) {
            fprintf(stderr, "headroom: the table of settings is wrong: %s\n", hr_error());
            abort();
        }
        if (rc) {
            hr_config_free(c);
            return NULL;
        }
    }
    return c;
}

int hr_config_load(struct hr_config **config, const char *name)
{
    struct hr_config *c = new_config();
    int rc;

    *config = NULL;
    if (!c) {
        return hr_fail(ENOMEM, "out of memory");
    }
    rc = load_profile(c, name && *name ? name : DEFAULT_PROFILE);
    if (rc == 0) {
        rc = take_environment(c);
    }
    if (rc == 0) {
        rc = follow_preset(c);
    }
    if (rc) {
        hr_config_free(c);
        return rc;
    }
    *config = c;
    return 0;
}

int hr_config_preset(const char *name, struct hr_flow_params *params)
{
    char assignment[256];
    struct hr_config *c = new_config();
    int rc = c ? 0 : hr_fail(ENOMEM, "out of memory");

    if (rc == 0) {
        snprintf(assignment, sizeof(assignment), PRESET_KEY "=%.200s", name);
        rc = hr_config_set(c, assignment, layer_names[FLAG]);
    }
    if (rc == 0) {
        hr_config_flow(c, params);
        const char *wrong = hr_flow_check(params);
        rc = *wrong ? hr_fail(EINVAL, "flow preset %.60s: %s", name, wrong) : 0;
    }
    hr_config_free(c);
    return rc;
}

int hr_config_set(struct hr_config *c, const char *assignment, const char *origin)
{
    const char *equals = strchr(assignment, '=');
    enum layer layer = OWN;
    char key[128];
    int row, rc;

    if (!equals || equals == assignment || equals - assignment >= (int)sizeof(key)) {
        return hr_fail(EINVAL, "'%.80s' is no setting; write key=value, like flow.markets=1000",
                       assignment);
    }
    snprintf(key, sizeof(key), "%.*s", (int)(equals - assignment), assignment);
    row = find_row(key);
    if (row < 0) {
        return unknown_key(key);
    }
    for (int i = PROFILE; i < OWN; i++) {
        layer = strcmp(origin, layer_names[i]) == 0 ? (enum layer)i : layer;
    }
    rc = hr_config_value_set(&c->values[row][layer], &hr_config_rows[row], equals + 1,
                             layer == OWN ? origin : layer_names[layer]);
    return rc ? rc : follow_preset(c);
}

void hr_config_free(struct hr_config *c)
{
    if (!c) {
        return;
    }
    for (int layer = DEFAULT; layer < LAYERS; layer++) {
        clear_layer(c, (enum layer)layer);
    }
    free(c->values);
    free(c->profile);
    free(c->summary);
    free(c->preset);
    free(c);
}

/* ---- reading ----------------------------------------------------------------------------- */

uint64_t hr_config_count(const struct hr_config *c, const char *key)
{
    return value_of(c, key, NULL)->count;
}

double hr_config_real(const struct hr_config *c, const char *key)
{
    return value_of(c, key, NULL)->real;
}

bool hr_config_bool(const struct hr_config *c, const char *key)
{
    return value_of(c, key, NULL)->flag;
}

const char *hr_config_text(const struct hr_config *c, const char *key)
{
    return value_of(c, key, NULL)->text;
}

int hr_config_counts(const struct hr_config *c, const char *key, const uint64_t **values)
{
    const struct hr_config_value *value = value_of(c, key, NULL);

    *values = value->counts;
    return value->counts_length;
}

const char *hr_config_origin(const struct hr_config *c, const char *key)
{
    return value_of(c, key, NULL)->origin;
}

const char *hr_config_profile(const struct hr_config *c)
{
    return c->profile;
}

const char *hr_config_summary(const struct hr_config *c)
{
    return c->summary ? c->summary : "";
}

static json_t *value_json(const struct hr_config_row *row, const struct hr_config_value *value)
{
    json_t *list;

    switch (row->type) {
    case HR_CFG_COUNT:
    case HR_CFG_TIME:
        return json_integer((json_int_t)value->count);
    case HR_CFG_REAL:
        return json_real(value->real);
    case HR_CFG_BOOL:
        return json_boolean(value->flag);
    case HR_CFG_TEXT:
        list = json_string(value->text);
        return list ? list : json_null();
    case HR_CFG_COUNTS:
        break;
    }
    list = json_array();
    for (int i = 0; i < value->counts_length; i++) {
        json_array_append_new(list, json_integer((json_int_t)value->counts[i]));
    }
    return list;
}

json_t *hr_config_json(const struct hr_config *c)
{
    json_t *json = json_object();

    for (int i = 0; i < c->rows; i++) {
        const struct hr_config_row *row = &hr_config_rows[i];
        const struct hr_config_value *value = value_at(c, i);

        json_object_set_new(json, row->key,
                            json_pack("{s:o,s:s,s:s}", "value", value_json(row, value), "unit",
                                      row->type == HR_CFG_TEXT ? "" : row->unit, "origin",
                                      value->origin));
    }
    return json;
}

void hr_config_help(void)
{
    printf("\nsettings (-S key=value, HEADROOM_KEY in the environment, or a profile's YAML):\n");
    for (const struct hr_config_row *row = hr_config_rows; row->key; row++) {
        bool unit = *row->unit && row->type != HR_CFG_TIME; /* a time's default shows its own */

        printf("  %-24s %s%s%s%s", row->key, row->help, unit ? " (" : "", unit ? row->unit : "",
               unit ? ")" : "");
        printf(*row->preset ? " [%s]\n" : "\n", row->preset);
    }
}
