/*
 * catalog.c - what does a machine cost, and who says so? One table of fields drives the reading. A
 * price without its date and source, and a promise without its promiser, are refused.
 */
#include "reports/catalog.h"
#include "harness/error.h"
#include "harness/nearest.h"
#include "harness/settings_file.h"
#include "reports/quantity.h"
#include "reports/record_view.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES_MAX 256

enum kind { TEXT, WORD, DATE, MONEY, RENT, CURRENCY, PARTS, SIZE, BANDWIDTH, POWER, COUNT, HEX };

static const struct field {
    const char *name;
    enum kind kind;
} fields[] = {
    {"name", TEXT},      {"vendor", TEXT}, {"kind", WORD},
    {"price", MONEY},    {"parts", PARTS}, {"currency", CURRENCY},
    {"rent", RENT},      {"priced", DATE}, {"source", TEXT},
    {"watts", POWER},    {"memory", SIZE}, {"bandwidth", BANDWIDTH},
    {"cores", COUNT},    {"vram", SIZE},   {"vram_bandwidth", BANDWIDTH},
    {"specified", TEXT}, {"gpu", TEXT},    {"network", TEXT},
    {"note", TEXT},      {"host", TEXT},   {"fingerprint", HEX},
};
#define FIELDS (int)(sizeof(fields) / sizeof(fields[0]))

struct reading {
    json_t *catalog;
    const char *file;
    json_t *machine; /* the one that is being filled; borrowed */
};

/* ---- values ---------------------------------------------------------------------------- */

static json_t *money_json(const struct hr_money *money)
{
    return json_pack("{s:f,s:s}", "amount", money->amount, "currency", money->currency);
}

static int take_rent(const char *value, json_t **out)
{
    struct hr_money money;
    size_t length = strlen(value);
    int hourly = length > 2 && strcmp(value + length - 2, "/h") == 0;
    int rc = hr_parse_money_per(value, hourly ? "h" : "mo", &money);

    if (rc == 0 && !money.currency[0]) {
        rc = hr_fail(EINVAL, "'%.60s' has no currency; write it like USD 32.77/h", value);
    }
    if (rc == 0) {
        money.amount *= hourly ? HR_HOURS_PER_MONTH : 1;
        *out = money_json(&money);
    }
    return rc;
}

/* NAME [@ VENDOR] = AMOUNT, the blanks around each gone. */
static int take_part(char *text, json_t *parts)
{
    char *equals = strrchr(text, '='), *at, *end;
    json_t *part;
    double amount;

    if (!equals || equals == text ||
        hr_parse_amount(equals + 1 + strspn(equals + 1, " "), &amount)) {
        return hr_fail(EINVAL, "'%.60s' is no part; write it like Fan @ Some shop = 30", text);
    }
    for (end = equals; end > text && end[-1] == ' '; end--) {
    }
    *end = '\0';
    at = strstr(text, " @ ");
    part = json_pack("{s:f}", "amount", amount);
    if (at) {
        json_object_set_new(part, "vendor", json_string(at + 3));
        *at = '\0';
    }
    if (!*text || (at && !at[3])) {
        json_decref(part);
        return hr_fail(EINVAL, "a part has no name or vendor; write it like Fan @ Some shop = 30");
    }
    json_object_set_new(part, "name", json_string(text));
    json_array_append_new(parts, part);
    return 0;
}

static int take_parts(const char *value, json_t **out)
{
    char *copy = strdup(value), *rest = NULL, *item;
    int rc = copy ? 0 : hr_fail(ENOMEM, "out of memory");

    *out = json_array();
    for (item = copy ? strtok_r(copy, ",", &rest) : NULL; rc == 0 && item;
         item = strtok_r(NULL, ",", &rest)) {
        rc = take_part(item + strspn(item, " "), *out);
    }
    if (rc == 0 && json_array_size(*out) == 0) {
        rc = hr_fail(EINVAL, "parts is empty; name them, or give a price");
    }
    free(copy);
    return rc;
}

/* A price of which nobody says when is told so: "undated". */
static int is_date(const char *value)
{
    static const char shape[] = "0000-00-00";
    size_t length = strlen(value), i;

    if (strcmp(value, "undated") == 0) {
        return 1;
    }
    for (i = 0; i < length && i < 10; i++) {
        if (shape[i] == '0' ? !isdigit((unsigned char)value[i]) : value[i] != '-') {
            return 0;
        }
    }
    return (length == 7 || length == 10) && strncmp(value + 5, "01", 2) >= 0 &&
           strncmp(value + 5, "12", 2) <= 0;
}

static int is_made_of(const char *value, const char *characters)
{
    return *value && !value[strspn(value, characters)];
}

static int take_number(enum kind kind, const char *value, json_t **out)
{
    double number = 0;
    int rc = kind == SIZE        ? hr_parse_size(value, &number)
             : kind == BANDWIDTH ? hr_parse_bandwidth(value, &number)
             : kind == POWER     ? hr_parse_power(value, &number)
                                 : hr_parse_amount(value, &number);

    if (rc == 0 && number <= 0) {
        rc = hr_fail(EINVAL, "0 says nothing; leave the line out where it is not known");
    }
    if (rc == 0) {
        *out = json_real(number);
    }
    return rc;
}

static int take_value(enum kind kind, const char *value, json_t **out)
{
    struct hr_money money;
    int rc;

    switch (kind) {
    case MONEY:
        rc = hr_parse_money(value, 0, &money);
        *out = rc ? NULL : money_json(&money);
        return rc;
    case RENT:
        return take_rent(value, out);
    case PARTS:
        return take_parts(value, out);
    case DATE:
        rc = is_date(value) ? 0
                            : hr_fail(EINVAL,
                                      "'%.60s' is no date; write it like 2025-01, "
                                      "2025-01-31 or undated",
                                      value);
        break;
    case CURRENCY:
        rc = strlen(value) == 3 && is_made_of(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                 ? 0
                 : hr_fail(EINVAL, "'%.60s' is no currency; write it like AUD", value);
        break;
    case WORD:
        rc = is_made_of(value, "abcdefghijklmnopqrstuvwxyz0123456789-")
                 ? 0
                 : hr_fail(EINVAL, "'%.60s': a kind is small letters joined by dashes, like x86-pc",
                           value);
        break;
    case HEX:
        rc = strlen(value) == 16 && is_made_of(value, "0123456789abcdef")
                 ? 0
                 : hr_fail(EINVAL,
                           "'%.60s' is no fingerprint: 16 hex digits, as `headroom probe` "
                           "prints it",
                           value);
        break;
    case TEXT:
        rc = *value ? 0 : hr_fail(EINVAL, "the text is empty; leave the line out");
        break;
    default:
        return take_number(kind, value, out);
    }
    *out = rc ? NULL : json_string(value);
    return rc;
}

/* ---- machines -------------------------------------------------------------------------- */

const json_t *hr_catalog_find(const json_t *catalog, const char *id)
{
    const json_t *machine;
    size_t i;

    json_array_foreach (catalog, i, machine) {
        if (hr_view_is(machine, "id", id)) {
            return machine;
        }
    }
    return NULL;
}

static int unknown_field(const char *id, const char *name)
{
    struct hr_nearest near = {.word = name};

    for (int i = 0; i < FIELDS; i++) {
        hr_nearest_offer(&near, fields[i].name);
    }
    if (hr_nearest_name(&near)) {
        return hr_fail(EINVAL, "%.60s has no field '%.60s'; did you mean %s?", id, name,
                       hr_nearest_name(&near));
    }
    return hr_fail(EINVAL, "%.60s has no field '%.60s'; reports/catalog.h lists them", id, name);
}

static int begin_machine(struct reading *reading, const char *id, int line)
{
    const json_t *known = hr_catalog_find(reading->catalog, id);

    if (known) {
        return hr_fail(EINVAL, "machine %.60s is already in %s:%d; give it another id", id,
                       hr_view_text(known, "file"), (int)hr_view_number(known, "line"));
    }
    if (!is_made_of(id, "abcdefghijklmnopqrstuvwxyz0123456789-")) {
        return hr_fail(EINVAL, "'%.60s': a machine's id is small letters, digits and dashes", id);
    }
    if (json_array_size(reading->catalog) == MACHINES_MAX) {
        return hr_fail(EINVAL, "more than %d machines; split the catalog", MACHINES_MAX);
    }
    reading->machine = json_pack("{s:s,s:s,s:i}", "id", id, "file", reading->file, "line", line);
    json_array_append_new(reading->catalog, reading->machine);
    return 0;
}

static int take(void *context, const struct hr_setting *setting)
{
    struct reading *reading = context;
    const char *dot = strrchr(setting->key, '.');
    char id[128];
    json_t *value = NULL;
    int rc = 0, i = 0;

    if (!dot) {
        return hr_fail(EINVAL,
                       "'%.60s' is no machine; a catalog is `id:` with `field: value` lines "
                       "under it",
                       setting->key);
    }
    snprintf(id, sizeof(id), "%.*s", (int)(dot - setting->key), setting->key);
    if (!reading->machine || !hr_view_is(reading->machine, "id", id)) {
        rc = begin_machine(reading, id, setting->line);
    }
    while (i < FIELDS && strcmp(fields[i].name, dot + 1) != 0) {
        i++;
    }
    if (rc == 0 && i == FIELDS) {
        rc = unknown_field(id, dot + 1);
    }
    if (rc == 0 && setting->is_list != (fields[i].kind == PARTS)) {
        rc = hr_fail(EINVAL,
                     fields[i].kind == PARTS ? "parts is a list: [Body = 3299, Fan = 30]"
                                             : "%s takes one value, no list",
                     fields[i].name);
    }
    if (rc == 0) {
        rc = take_value(fields[i].kind, setting->value, &value);
        rc = rc ? hr_context(rc, "%s", dot + 1) : 0;
    }
    if (rc) {
        json_decref(value);
        return rc;
    }
    json_object_set_new(reading->machine, fields[i].name, value);
    return 0;
}

/* Parts become the price, which, where it stands too, must be their sum. */
static const char *add_up(json_t *machine)
{
    static char what[160];
    const json_t *parts = json_object_get(machine, "parts"), *part;
    json_t *price = json_object_get(machine, "price");
    const char *currency = hr_view_text(machine, "currency");
    struct hr_money sum = {0};
    size_t i;

    if (!parts) {
        return *currency ? "currency is that of parts; a price carries its own" : NULL;
    }
    if (!*currency) {
        return "the parts have no currency; add a line like currency: AUD";
    }
    json_array_foreach (parts, i, part) {
        sum.amount += hr_view_number(part, "amount");
    }
    snprintf(sum.currency, sizeof(sum.currency), "%s", currency);
    if (!price) {
        json_object_set_new(machine, "price", money_json(&sum));
    } else if (fabs(hr_view_number(price, "amount") - sum.amount) > 0.005 ||
               !hr_view_is(price, "currency", currency)) {
        snprintf(what, sizeof(what), "price is %.3s %.15g but the parts add up to %.3s %.15g",
                 hr_view_text(price, "currency"), hr_view_number(price, "amount"), currency,
                 sum.amount);
        return what;
    }
    return NULL;
}

static const char *lacks(json_t *machine)
{
    static const char *const promises[] = {"watts", "memory", "bandwidth", "vram",
                                           "vram_bandwidth"};
    const char *what = add_up(machine);
    int priced, i;

    if (what) {
        return what;
    }
    priced = json_object_get(machine, "price") || json_object_get(machine, "rent");
    if (!*hr_view_text(machine, "name") || !*hr_view_text(machine, "vendor") ||
        !*hr_view_text(machine, "kind")) {
        return "name, vendor and kind are required";
    }
    if (priced && (!*hr_view_text(machine, "priced") || !*hr_view_text(machine, "source"))) {
        return "a price needs its date and its source; add the lines priced: and source:";
    }
    for (i = 0; i < 5; i++) {
        if (json_object_get(machine, promises[i]) && !*hr_view_text(machine, "specified")) {
            return "watts, memory, bandwidth and vram need a source; add the line specified:";
        }
    }
    return NULL;
}

static int finish(const struct reading *reading, size_t first)
{
    for (size_t i = first; i < json_array_size(reading->catalog); i++) {
        json_t *machine = json_array_get(reading->catalog, i);
        const char *what = lacks(machine);

        if (what) {
            return hr_fail(EINVAL, "%s:%d: %s: %s", reading->file,
                           (int)hr_view_number(machine, "line"), hr_view_text(machine, "id"), what);
        }
    }
    return 0;
}

static int prepare(struct reading *reading, json_t **catalog, const char *file)
{
    if (!*catalog) {
        *catalog = json_array();
    }
    *reading = (struct reading){.catalog = *catalog, .file = file};
    return *catalog ? 0 : hr_fail(ENOMEM, "out of memory");
}

int hr_catalog_read(json_t **catalog, const char *file)
{
    struct reading reading;
    int rc = prepare(&reading, catalog, file);
    size_t first = json_array_size(*catalog);

    rc = rc ? rc : hr_settings_read(file, take, &reading);
    return rc ? rc : finish(&reading, first);
}

int hr_catalog_parse(json_t **catalog, const char *text, size_t bytes, const char *name)
{
    struct reading reading;
    int rc = prepare(&reading, catalog, name);
    size_t first = json_array_size(*catalog);

    rc = rc ? rc : hr_settings_parse(text, bytes, name, take, &reading);
    return rc ? rc : finish(&reading, first);
}
