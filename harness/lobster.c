/* lobster.c - LOBSTER message files as flow: a line is time, type, order, size, price, direction of
 * the resting order. All is market 0, the price unit 1/10000 dollar. Such files begin mid-day: what
 * they say of orders never seen is counted and passed over (recorded.h). Source: the description
 * that LOBSTER gives of its output files. */
#include "harness/error.h"
#include "harness/flow_reader.h"

#include <errno.h>
#include <string.h>

static int start(struct hr_flow_file *file)
{
    return hr_recorded_new(&file->recorded);
}

/* A number with its sign, up to a comma or the end; false if there is none or it does not fit. */
static bool number(const char **at, const char *end, int64_t *value)
{
    const char *p = *at;
    bool negative = p < end && *p == '-';
    int64_t v = 0;

    p += negative;
    if (p == end || *p < '0' || *p > '9') {
        return false;
    }
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (v > (INT64_MAX - 9) / 10) {
            return false;
        }
        v = v * 10 + (*p - '0');
    }
    if (p < end && *p++ != ',') {
        return false;
    }
    *at = p;
    *value = negative ? -v : v;
    return true;
}

/* Type, order, size, price and direction; the time before them only orders the file. Halts and
 * crosses have -1 or 0 where an order's number would be. */
static const char *parse(const char *at, const char *end, int64_t field[5])
{
    const char *comma;

    if (end > at && end[-1] == '\r') {
        end--;
    }
    comma = memchr(at, ',', (size_t)(end - at));
    if (!comma || comma == at || strspn(at, "0123456789.") != (size_t)(comma - at)) {
        return "the first field is a time in seconds";
    }
    at = comma + 1;
    for (int i = 0; i < 5; i++) {
        if (!number(&at, end, &field[i])) {
            return "a line has six numbers: time,type,order,size,price,direction";
        }
    }
    if (at < end && memchr(at, ',', (size_t)(end - at)) == NULL) {
        return NULL; /* newer files name the market maker in a seventh field */
    }
    return at == end ? NULL : "a line has six numbers: time,type,order,size,price,direction";
}

static int apply(struct hr_recorded *r, const int64_t field[5], const char **why)
{
    int64_t type = field[0], size = field[2], price = field[3];
    uint64_t id = field[1] > 0 ? (uint64_t)field[1] : 0;
    struct hr_recorded_counts *c = &r->counts;

    c->messages++;
    if (type >= 1 && type <= 4 &&
        (size < 0 || size > UINT32_MAX || price < 0 || price > UINT32_MAX)) {
        *why = "size and price must fit 32 bits";
        return -EINVAL;
    }
    switch (type) {
    case 1: {
        struct hr_recorded_order order = {.id = id,
                                          .price = (uint32_t)price,
                                          .qty = (uint32_t)size,
                                          .side = field[4] < 0 ? EUT_SELL : EUT_BUY};

        return hr_recorded_enter(r, &order);
    }
    case 2:
        hr_recorded_reduce(r, id, (uint32_t)size);
        return 0;
    case 3:
        hr_recorded_reduce(r, id, UINT32_MAX);
        return 0;
    case 4:
        hr_recorded_execute(r, id, (uint32_t)size);
        return 0;
    case 5:
        c->not_displayed++;
        return 0;
    case 6:
        c->crosses++;
        return 0;
    case 7:
        c->halts++;
        return 0;
    default:
        c->unknown_types++;
        return 0;
    }
}

static int next(struct hr_flow_file *file, struct eut_request *request)
{
    while (!hr_recorded_take(file->recorded, request)) {
        const char *text, *end, *why = NULL;
        int64_t field[5];
        int rc = hr_flow_line(file, &text, &end);

        if (rc <= 0) {
            return rc;
        }
        if (text == end || *text == '\r' || *text == '#') {
            continue;
        }
        why = parse(text, end, field);
        rc = why ? -EINVAL : apply(file->recorded, field, &why);
        if (why) {
            return hr_fail(EINVAL, "%s:%llu: %s", file->name, (unsigned long long)file->line, why);
        }
        if (rc) {
            return rc;
        }
    }
    return 1;
}

const struct hr_flow_reader hr_lobster_reader = {HR_FORMAT_LOBSTER, "lobster", start, next};
