/*
 * device_open.c - a device with the kernels on it, ready for an engine.
 *
 * How: the one kernel source, compiled for what the device is: a processor takes large tiles with
 * few work items each, a GPU many work items with few items each. Idle devices wait in a list. What
 * it cannot see: whether another process uses the same hardware.
 */
#include "engine-under-test/device/device_memory.h"

#include "harness/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *const eut_kernel_names[] = {
    [BATCH_BEGIN] = "batch_begin",
    [SORT_KEYS] = "sort_keys",
    [SORT_COUNT] = "sort_count",
    [SCAN_SUMS] = "scan_sums",
    [SORT_SCAN] = "sort_scan",
    [SORT_SCATTER] = "sort_scatter",
    [RUN_COUNT] = "run_count",
    [RUN_STARTS] = "run_starts",
    [RUN_KEYS] = "run_keys",
    [MATCH_RUNS] = "match_runs",
    [EVENT_COUNT] = "event_count",
    [EVENT_FIRST] = "event_first",
    [EVENT_MORE] = "event_more",
    [BATCH_END] = "batch_end",
    [RING_FILL] = "ring_fill",
    [DIGEST_SUM] = "digest_sum",
    [BOOK_WALK] = "book_walk",
    [EUT_KERNELS] = NULL,
};

static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;
static struct eut_open_device *idle;

/* As kernel_group.h has them for C. */
#define HOST_ITEMS 4096u
#define HOST_DIGIT_BITS 8u

#define SHARED_COUNTS 4096u /* 16 KiB, of the 32 that a GPU has */

static void choose_shape(struct eut_open_device *open, const struct eut_device_shape *shape)
{
    const struct eut_device_facts *facts = &open->device->facts;
    bool wide = facts->kind != EUT_DEVICE_CPU;

    open->group = shape && shape->group ? shape->group : wide ? 128u : 16u;
    open->items = shape && shape->items ? shape->items : wide ? 16u : 256u;
    if (open->group > facts->group_max) {
        open->group = facts->group_max;
    }
    if (facts->group_max == 1) {
        open->items = HOST_ITEMS;
    }
    /* Digits times work items are counted in shared memory. */
    open->digit_bits = HOST_DIGIT_BITS;
    while (open->digit_bits > 1 && open->group << open->digit_bits > SHARED_COUNTS) {
        open->digit_bits--;
    }
}

static int build(struct eut_open_device *open)
{
    char group[32], items[32], bits[32];
    bool processor = open->device->facts.kind == EUT_DEVICE_CPU;
    const char *const defines[] = {group, items, bits, processor ? "K_PROCESSOR=1" : NULL, NULL};
    const struct eut_kernel_source source = {
        .text = eut_kernel_text, .defines = defines, .names = eut_kernel_names};

    snprintf(group, sizeof(group), "K_GROUP=%u", open->group);
    snprintf(items, sizeof(items), "K_ITEMS=%u", open->items);
    snprintf(bits, sizeof(bits), "K_DIGIT_BITS=%u", open->digit_bits);
    return open->device->ops->build(open->device, &source, open->kernel);
}

static bool suits(const struct eut_open_device *open, const struct eut_device_api *api,
                  uint32_t number, const struct eut_device_shape *shape)
{
    struct eut_open_device wanted = {.device = open->device};

    choose_shape(&wanted, shape);
    return open->api == api && open->number == number && open->process == (long)getpid() &&
           open->group == wanted.group && open->items == wanted.items;
}

static struct eut_open_device *take_idle(const struct eut_device_api *api, uint32_t number,
                                         const struct eut_device_shape *shape)
{
    struct eut_open_device **at = &idle, *found;

    pthread_mutex_lock(&idle_lock);
    while (*at && !suits(*at, api, number, shape)) {
        at = &(*at)->next;
    }
    found = *at;
    if (found) {
        *at = found->next;
    }
    pthread_mutex_unlock(&idle_lock);
    return found;
}

int eut_open_device_get(const struct eut_device_api *api, uint32_t number,
                        const struct eut_device_shape *shape, struct eut_open_device **opened)
{
    struct eut_open_device *open = take_idle(api, number, shape);
    int rc;

    *opened = open;
    if (open) {
        return 0;
    }
    open = calloc(1, sizeof(*open));
    if (!open) {
        return hr_fail(ENOMEM, "no memory for a device");
    }
    open->api = api;
    open->number = number;
    open->process = (long)getpid();
    rc = eut_device_open(api, number, &open->device);
    if (rc == 0) {
        choose_shape(open, shape);
        rc = build(open);
    }
    if (rc) {
        eut_open_device_put(open, true);
        return rc;
    }
    *opened = open;
    return 0;
}

void eut_open_device_put(struct eut_open_device *open, bool failed)
{
    if (!open) {
        return;
    }
    if (failed) {
        if (open->device) {
            open->device->ops->close(open->device);
        }
        free(open);
        return;
    }
    pthread_mutex_lock(&idle_lock);
    open->next = idle;
    idle = open;
    pthread_mutex_unlock(&idle_lock);
}
