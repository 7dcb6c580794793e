/* config_value.c - does this text fit that row? Types, ranges and choices of single settings. */
#include "harness/config_value.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void put_limit(char *text, size_t room, const struct hr_config_row *row, double limit)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"h", 3600e9}, {"min", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};

    if (row->type != HR_CFG_TIME) {
        snprintf(text, room, "%.15g", limit);
        return;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (limit >= units[i].ns || units[i].ns <= 1) {
            snprintf(text, room, "%.6g%s", limit / units[i].ns, units[i].name);
            return;
        }
    }
}

static int check_range(const struct hr_config_row *row, double number, const char *text)
{
    char low[40], high[40];

    if (number >= row->min && number <= row->max) {
        return 0;
    }
    put_limit(low, sizeof(low), row, row->min);
    put_limit(high, sizeof(high), row, row->max);
    return hr_fail(EINVAL, "%s is %.40s; it must be %s to %s%s%s", row->key, text, low, high,
                   row->type != HR_CFG_TIME && *row->unit ? " " : "",
                   row->type != HR_CFG_TIME ? row->unit : "");
}

static int parse_real(const struct hr_config_row *row, const char *text, double *real)
{
    uint64_t count;
    char *end;

    errno = 0;
    if (*text && strspn(text, "0123456789.eE+-") == strlen(text)) {
        *real = strtod(text, &end);
        if (end != text && !*end && isfinite(*real)) {
            return 0;
        }
    }
    if (hr_parse_count(text, &count) == 0) {
        *real = (double)count;
        return 0;
    }
    return hr_fail(EINVAL, "%s is '%.40s', which is no number", row->key, text);
}

static int parse_bool(const struct hr_config_row *row, const char *text, bool *flag)
{
    static const char *const names[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (int i = 0; i < 8; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *flag = i % 2;
            return 0;
        }
    }
    return hr_fail(EINVAL, "%s is '%.40s'; write true or false", row->key, text);
}

/* unit holds the choices of a TEXT row: a|b|c. */
static int check_choice(const struct hr_config_row *row, const char *text)
{
    struct hr_nearest near = {.word = text};
    const char *at = row->unit;
    char choices[8][64];
    int count = 0;

    for (; *at && count < 8; count++) {
        size_t length = strcspn(at, "|");

        snprintf(choices[count], sizeof(choices[0]), "%.*s", (int)length, at);
        if (strcmp(choices[count], text) == 0) {
            return 0;
        }
        hr_nearest_offer(&near, choices[count]);
        at += length + (at[length] == '|');
    }
    if (count == 0) {
        return 0;
    }
    return hr_fail(EINVAL, "%s is '%.40s'; it must be one of %s%s%s%s", row->key, text, row->unit,
                   hr_nearest_name(&near) ? " (did you mean " : "",
                   hr_nearest_name(&near) ? hr_nearest_name(&near) : "",
                   hr_nearest_name(&near) ? "?)" : "");
}

static int parse_counts(const struct hr_config_row *row, const char *text,
                        struct hr_config_value *value)
{
    uint64_t counts[HR_CONFIG_COUNTS_MAX];
    char *copy = strdup(text), *rest = copy, *item;
    int length = 0, rc = 0;

    if (!copy) {
        return hr_fail(ENOMEM, "out of memory");
    }
    while (rc == 0 && (item = strsep(&rest, ",")) != NULL) {
        item += strspn(item, " ");
        item[strcspn(item, " ")] = '\0';
        if (length == HR_CONFIG_COUNTS_MAX) {
            rc = hr_fail(EINVAL, "%s has more than %d values", row->key, HR_CONFIG_COUNTS_MAX);
            break;
        }
        rc = hr_parse_count(item, &counts[length]);
        rc = rc ? hr_context(rc, "%s", row->key) : check_range(row, (double)counts[length], item);
        length++;
    }
    free(copy);
    if (rc) {
        return rc;
    }
    value->counts = malloc((size_t)length * sizeof(*counts));
    if (!value->counts) {
        return hr_fail(ENOMEM, "out of memory");
    }
    memcpy(value->counts, counts, (size_t)length * sizeof(*counts));
    value->counts_length = length;
    return 0;
}

static int parse(const struct hr_config_row *row, const char *text, struct hr_config_value *value)
{
    int rc = 0;

    switch (row->type) {
    case HR_CFG_COUNT:
    case HR_CFG_TIME:
        rc = row->type == HR_CFG_TIME ? hr_parse_time(text, &value->count)
                                      : hr_parse_count(text, &value->count);
        value->real = (double)value->count;
        return rc ? hr_context(rc, "%s", row->key) : check_range(row, value->real, text);
    case HR_CFG_REAL:
        rc = parse_real(row, text, &value->real);
        return rc ? rc : check_range(row, value->real, text);
    case HR_CFG_BOOL:
        return parse_bool(row, text, &value->flag);
    case HR_CFG_TEXT:
        return check_choice(row, text);
    case HR_CFG_COUNTS:
        return parse_counts(row, text, value);
    }
    return rc;
}

int hr_config_value_set(struct hr_config_value *value, const struct hr_config_row *row,
                        const char *text, const char *origin)
{
    struct hr_config_value fresh = {.origin = origin};
    int rc = parse(row, text, &fresh);

    if (rc == 0) {
        fresh.text = strdup(text);
        rc = fresh.text ? 0 : hr_fail(ENOMEM, "out of memory");
    }
    if (rc) {
        free(fresh.counts);
        return rc;
    }
    hr_config_value_clear(value);
    *value = fresh;
    return 0;
}

void hr_config_value_clear(struct hr_config_value *value)
{
    free(value->text);
    free(value->counts);
    *value = (struct hr_config_value){.text = NULL};
}
