/*
 * device_memory.h - the engine's own: its kernels, its memory, what is on its way.
 */
#ifndef DEVICE_MEMORY_H
#define DEVICE_MEMORY_H

#include "engine-under-test/device/device_engine.h"
#include "engine-under-test/device/kernel_layout.h"

/* One name for each kernel (kernel_group.h, kernel_match.h), in the order of eut_kernel_names[]. */
enum eut_kernel_name {
    BATCH_BEGIN,
    SORT_KEYS,
    SORT_COUNT,
    SCAN_SUMS,
    SORT_SCAN,
    SORT_SCATTER,
    RUN_COUNT,
    RUN_STARTS,
    RUN_KEYS,
    MATCH_RUNS,
    EVENT_COUNT,
    EVENT_FIRST,
    EVENT_MORE,
    BATCH_END,
    RING_FILL,
    DIGEST_SUM,
    BOOK_WALK,
    EUT_KERNELS
};
extern const char *const eut_kernel_names[];
extern const char eut_kernel_text[]; /* the source, made by the Makefile */

/* A device with its kernels compiled. Idle ones are kept for the next engine of this process, since
 * compiling takes long; any thread. */
struct eut_open_device {
    const struct eut_device_api *api;
    uint32_t number;
    uint32_t group, items, digit_bits; /* as the kernels were compiled */
    struct eut_device *device;
    struct eut_kernel *kernel[EUT_KERNELS];
    long process; /* that opened it: it does not survive a fork() */
    struct eut_open_device *next;
};
int eut_open_device_get(const struct eut_device_api *api, uint32_t number,
                        const struct eut_device_shape *shape, struct eut_open_device **open);
/* A device that failed is closed and not kept. */
void eut_open_device_put(struct eut_open_device *open, bool failed);

/* What lies on the device; an engine's parts in eut_device_engine_memory() are in this order. */
enum eut_part {
    PART_MARKETS,
    PART_ORDERS,
    PART_INDEX,
    PART_ORDER_RING,
    PART_CHUNKS,
    PART_CHUNK_RING,
    PART_COUNTERS,
    PART_KEYS_A,
    PART_KEYS_B,
    PART_ITEMS_A,
    PART_ITEMS_B,
    PART_SUMS,
    PART_RUN_STARTS,
    PART_RUNS,
    PART_FIRST,
    PART_MORE,
    PART_PLACES,
    PART_WALK,
    PART_DIGESTS,
    EUT_PARTS
};

/* A slice on its way. */
struct eut_slice {
    struct eut_buffer *requests, *events, *report; /* mirrored */
    uint32_t marks;                                /* its first one */
    uint32_t count, base;                          /* requests; number of the first in the batch */
    uint32_t out;                                  /* events that are being copied out */
    bool sequential;
};
#define EUT_SLICES 3u /* one comes in, one is matched, one leaves */
#define EUT_SLICE_MARKS 10u

struct eut_device_engine {
    struct eut_open_device *open;
    struct eut_limits limits;
    struct k_setup setup;
    uint32_t slice_max, window; /* requests and events of a slice */
    uint32_t key_bits;
    struct eut_buffer *part[EUT_PARTS];
    struct eut_device_part parts[EUT_PARTS + 3];
    struct eut_slice slice[EUT_SLICES];
    uint32_t turn;   /* the slice that is filled next */
    uint32_t sorted; /* 0 or 1: the pair of keys and items that sorting ended in */
    uint64_t orders_live, levels_live; /* when the last slice was collected */
    uint32_t on_the_way;               /* requests that came later */
    struct eut_device_times times;
    struct eut_buffer *pinned;    /* the caller's requests, NULL if it asked for no such memory */
    struct eut_buffer **resident; /* requests that stay on the device */
    uint32_t residents, resident_batch;
    uint64_t resident_count;
    int failed; /* dead, with this errno */
};

/* Queues. */
enum { QUEUE_IN, QUEUE_KERNELS, QUEUE_OUT };

#define EUT_ORDER_SPARES 4u      /* that a market keeps */
#define EUT_WALK_WINDOW 255u     /* resting orders read at a time */
#define EUT_DIGEST_SUMS 4096u    /* partial sums */
#define EUT_SEQUENTIAL_MAX 1024u /* requests in arrival order at a time, when limits are near */
#define EUT_SLICE_SMALL 8u       /* so few go in arrival order: sorting them costs more */
#define EUT_SEQUENTIAL_FROM 64u  /* with room for fewer it is not worth while to go side by side */

#define ARG_BUFFER(b) \
    {                 \
        .buffer = (b) \
    }
#define ARG_VALUE(v)                            \
    {                                           \
        .value = &(v), .value_bytes = sizeof(v) \
    }

/* So many work items, in groups without shared memory; or so many groups with it. */
int eut_engine_launch_items(struct eut_device_engine *e, enum eut_kernel_name kernel,
                            uint32_t items, const struct eut_arg *args, uint32_t count);
int eut_engine_launch_groups(struct eut_device_engine *e, enum eut_kernel_name kernel,
                             uint32_t groups, const struct eut_arg *args, uint32_t count);
#define LAUNCH_ITEMS(e, kernel, items, ...)                                    \
    eut_engine_launch_items(e, kernel, items, (struct eut_arg[]){__VA_ARGS__}, \
                            sizeof((struct eut_arg[]){__VA_ARGS__}) / sizeof(struct eut_arg))
#define LAUNCH_GROUPS(e, kernel, groups, ...)                                    \
    eut_engine_launch_groups(e, kernel, groups, (struct eut_arg[]){__VA_ARGS__}, \
                             sizeof((struct eut_arg[]){__VA_ARGS__}) / sizeof(struct eut_arg))

#endif
