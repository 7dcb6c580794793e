/*
 * layout.c - which node owns which markets? A settings file, read strictly: every market has one
 * owner, or the file is refused with the line that is wrong.
 */
#include "harness/layout.h"

#include "harness/config_folder.h"
#include "harness/error.h"
#include "harness/settings_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKETS_MAX 134217728u

struct reading {
    struct hr_layout *layout;
    const char *name;
    bool has_markets, uneven;
    int lines[HR_LAYOUT_NODES_MAX]; /* where each node's first stands */
    uint32_t first[HR_LAYOUT_NODES_MAX], last[HR_LAYOUT_NODES_MAX];
    unsigned char has[HR_LAYOUT_NODES_MAX]; /* 1: first, 2: last */
};

static int number(const struct hr_setting *s, uint32_t most, uint32_t *value)
{
    char *end;
    unsigned long long n;

    errno = 0;
    n = strtoull(s->value, &end, 10);
    if (s->is_list || *s->value < '0' || *s->value > '9' || *end || errno || n > most) {
        return hr_fail(EINVAL, "%s: '%.40s' is not a whole number up to %u", s->key, s->value,
                       most);
    }
    *value = (uint32_t)n;
    return 0;
}

/* "node12.first" → 11; -1 if it is no node. */
static int node_of(const char *key, const char **field)
{
    char *end;
    unsigned long n;

    if (strncmp(key, "node", 4) != 0 || key[4] < '1' || key[4] > '9') {
        return -1;
    }
    n = strtoul(key + 4, &end, 10);
    if (*end != '.' || n > HR_LAYOUT_NODES_MAX) {
        return -1;
    }
    *field = end + 1;
    return (int)n - 1;
}

static int take_node(struct reading *r, int node, const char *field, const struct hr_setting *s)
{
    bool first = strcmp(field, "first") == 0;

    if (!first && strcmp(field, "last") != 0) {
        return hr_fail(EINVAL, "%s is not known: a node has first and last", s->key);
    }
    if (node > r->layout->nodes) {
        return hr_fail(EINVAL, "%s, but there is no node%d: nodes are numbered in order", s->key,
                       r->layout->nodes + 1);
    }
    r->layout->nodes = node == r->layout->nodes ? node + 1 : r->layout->nodes;
    r->has[node] |= first ? 1 : 2;
    r->lines[node] = s->line;
    return number(s, MARKETS_MAX - 1, first ? &r->first[node] : &r->last[node]);
}

static int take(void *context, const struct hr_setting *s)
{
    struct reading *r = context;
    const char *field = NULL;
    int node = node_of(s->key, &field);

    if (node >= 0) {
        return take_node(r, node, field, s);
    }
    if (strcmp(s->key, "summary") == 0) {
        return 0;
    }
    if (strcmp(s->key, "markets") == 0) {
        r->has_markets = true;
        return number(s, MARKETS_MAX, &r->layout->markets);
    }
    if (strcmp(s->key, "uneven") == 0) {
        if (strcmp(s->value, "true") != 0 && strcmp(s->value, "false") != 0) {
            return hr_fail(EINVAL, "uneven: '%.40s' is neither true nor false", s->value);
        }
        r->layout->uneven = strcmp(s->value, "true") == 0;
        return 0;
    }
    return hr_fail(EINVAL, "%.60s is not known: summary, markets, uneven, node1.first …", s->key);
}

static int wrong(const struct reading *r, int node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int wrong(const struct reading *r, int node, const char *format, ...)
{
    char text[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return hr_fail(EINVAL, "%s:%d: %s", r->name, node < 0 ? 1 : r->lines[node], text);
}

/* Every market once, in order. */
static int check_cover(struct reading *r)
{
    struct hr_layout *l = r->layout;
    uint32_t next = 0, least = UINT32_MAX, most = 0;
    int largest = 0;

    for (int i = 0; i < l->nodes; i++) {
        uint32_t size = r->last[i] - r->first[i] + 1;

        if (r->has[i] != 3) {
            return wrong(r, i, "node%d has no %s", i + 1, r->has[i] & 1 ? "last" : "first");
        }
        if (r->last[i] < r->first[i]) {
            return wrong(r, i, "node%d: last %u is before first %u", i + 1, r->last[i],
                         r->first[i]);
        }
        if (r->first[i] < next) {
            return wrong(r, i,
                         "node%d overlaps node%d: it begins at market %u, which node%d owns; "
                         "begin at %u",
                         i + 1, i, r->first[i], i, next);
        }
        if (r->first[i] > next) {
            return wrong(r, i, "no node owns market%s %u%s: let node%d begin at %u",
                         r->first[i] - next > 1 ? "s from" : "", next, "", i + 1, next);
        }
        l->bounds[i] = r->first[i];
        next = r->last[i] + 1;
        largest = size > most ? i : largest;
        most = size > most ? size : most;
        least = size < least ? size : least;
    }
    l->bounds[l->nodes] = next;
    if (next != l->markets) {
        return wrong(r, l->nodes - 1,
                     "node%d ends at market %u, but markets: %u makes the last one "
                     "%u",
                     l->nodes, next - 1, l->markets, l->markets - 1);
    }
    if (most - least > 1 && !l->uneven) {
        return wrong(r, largest,
                     "node%d owns %u markets and another %u: write `uneven: true` if "
                     "that is meant",
                     largest + 1, most, least);
    }
    return 0;
}

static int finish(struct reading *r, int rc)
{
    if (rc) {
        return rc;
    }
    if (!r->has_markets || r->layout->markets == 0) {
        return wrong(r, -1, "no `markets:`, how many there are in all");
    }
    if (r->layout->nodes == 0) {
        return wrong(r, -1, "no node: write node1: with first: and last:");
    }
    return check_cover(r);
}

static struct reading *begin(struct hr_layout *layout, const char *name)
{
    struct reading *r = calloc(1, sizeof(*r));

    memset(layout, 0, sizeof(*layout));
    if (r) {
        r->layout = layout;
        r->name = name;
    } else {
        hr_fail(ENOMEM, "no memory to read a layout");
    }
    return r;
}

int hr_layout_parse(struct hr_layout *layout, const char *text, size_t bytes, const char *name)
{
    struct reading *r = begin(layout, name);
    int rc = r ? finish(r, hr_settings_parse(text, bytes, name, take, r)) : -ENOMEM;

    free(r);
    return rc;
}

int hr_layout_read(struct hr_layout *layout, const char *name)
{
    char file[1200];
    struct reading *r;
    int rc;

    if (strchr(name, '/')) {
        snprintf(file, sizeof(file), "%s", name);
    } else {
        snprintf(file, sizeof(file), "%s/layouts/%s.yaml", hr_config_folder(), name);
    }
    r = begin(layout, file);
    rc = r ? finish(r, hr_settings_read(file, take, r)) : -ENOMEM;
    free(r);
    return rc;
}

int hr_layout_scale(struct hr_layout *layout, uint32_t markets)
{
    uint32_t from = layout->markets;

    for (int i = 1; i <= layout->nodes; i++) {
        layout->bounds[i] = (uint32_t)((uint64_t)layout->bounds[i] * markets / from);
        if (layout->bounds[i] == layout->bounds[i - 1]) {
            return hr_fail(EINVAL, "node%d of the layout would own none of %u markets", i, markets);
        }
    }
    layout->markets = markets;
    return 0;
}
