/*
 * kernel_host.c - the kernel source as C: what a device would do, done by this processor.
 *
 * How: one loop a kernel that calls it for each work item in turn. What it cannot see: races
 * between work items, and groups of more than one.
 */
#include "engine-under-test/device/kernel_host.h"

#include "engine-under-test/device/kernel_ceilings.h"
#include "engine-under-test/device/kernel_group.h"
#include "engine-under-test/device/kernel_match.h"
#include "engine-under-test/device/kernel_product.h"

#include <string.h>

#define B(n) argument[n]
#define V(T, n) (*(const T *)argument[n])
#define ITEM i, 0u, i
#define RUN(name, ...)                                            \
    static void run_##name(void *const *argument, uint32_t items) \
    {                                                             \
        for (uint32_t i = 0; i < items; i++) {                    \
            name(__VA_ARGS__);                                    \
        }                                                         \
    }

RUN(batch_begin, B(0), V(struct k_setup, 1), ITEM)
RUN(sort_keys, B(0), B(1), B(2), V(struct k_setup, 3), V(struct k_pass, 4), ITEM)
RUN(sort_count, B(0), B(1), B(2), V(struct k_pass, 3), ITEM)
RUN(scan_sums, B(0), B(1), V(struct k_pass, 2), ITEM)
RUN(sort_scan, B(0), V(struct k_pass, 1), ITEM)
RUN(sort_scatter, B(0), B(1), B(2), B(3), B(4), B(5), V(struct k_pass, 6), ITEM)
RUN(run_count, B(0), B(1), V(struct k_pass, 2), ITEM)
RUN(run_starts, B(0), B(1), B(2), B(3), V(struct k_pass, 4), ITEM)
RUN(run_keys, B(0), B(1), B(2), B(3), V(struct k_pass, 4), ITEM)
RUN(match_runs, B(0), B(1), B(2), B(3), B(4), B(5), B(6), B(7), B(8), B(9), B(10), B(11), B(12),
    V(struct k_setup, 13), V(struct k_batch, 14), ITEM)
RUN(event_count, B(0), B(1), V(struct k_pass, 2), ITEM)
RUN(event_first, B(0), B(1), B(2), B(3), V(struct k_pass, 4), ITEM)
RUN(event_more, B(0), B(1), B(2), B(3), B(4), V(struct k_pass, 5), ITEM)
RUN(batch_end, B(0), B(1), ITEM)
RUN(ring_fill, B(0), V(struct k_pass, 1), ITEM)
RUN(digest_sum, B(0), B(1), V(struct k_setup, 2), V(struct k_pass, 3), ITEM)
RUN(book_walk, B(0), B(1), B(2), B(3), V(struct k_setup, 4), V(struct k_pass, 5), ITEM)
RUN(ceiling_nothing, B(0), ITEM)
RUN(ceiling_fill, B(0), V(struct ceiling_walk, 1), ITEM)
RUN(ceiling_wrong, B(0), B(1), V(struct ceiling_walk, 2), ITEM)
RUN(ceiling_copy, B(0), B(1), V(struct ceiling_walk, 2), ITEM)
RUN(ceiling_lines, B(0), V(struct ceiling_walk, 1), ITEM)
RUN(ceiling_ring, B(0), V(struct ceiling_walk, 1), ITEM)
RUN(ceiling_chase, B(0), B(1), V(u32, 2), ITEM)
RUN(ceiling_compares, B(0), B(1), B(2), V(struct ceiling_walk, 3), ITEM)
RUN(product_clear, B(0), V(u32, 1), ITEM)
RUN(product_tiles, B(0), B(1), B(2), B(3), V(struct product_shape, 4), ITEM)

static const struct {
    const char *name;
    eut_host_run run;
} kernels[] = {
    {"batch_begin", run_batch_begin},
    {"sort_keys", run_sort_keys},
    {"sort_count", run_sort_count},
    {"scan_sums", run_scan_sums},
    {"sort_scan", run_sort_scan},
    {"sort_scatter", run_sort_scatter},
    {"run_count", run_run_count},
    {"run_starts", run_run_starts},
    {"run_keys", run_run_keys},
    {"match_runs", run_match_runs},
    {"event_count", run_event_count},
    {"event_first", run_event_first},
    {"event_more", run_event_more},
    {"batch_end", run_batch_end},
    {"ring_fill", run_ring_fill},
    {"digest_sum", run_digest_sum},
    {"book_walk", run_book_walk},
    {"ceiling_nothing", run_ceiling_nothing},
    {"ceiling_fill", run_ceiling_fill},
    {"ceiling_wrong", run_ceiling_wrong},
    {"ceiling_copy", run_ceiling_copy},
    {"ceiling_lines", run_ceiling_lines},
    {"ceiling_ring", run_ceiling_ring},
    {"ceiling_chase", run_ceiling_chase},
    {"ceiling_compares", run_ceiling_compares},
    {"product_clear", run_product_clear},
    {"product_tiles", run_product_tiles},
};

eut_host_run eut_host_kernel(const char *name)
{
    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        if (strcmp(kernels[i].name, name) == 0) {
            return kernels[i].run;
        }
    }
    return NULL;
}
