/*
 * device_drive.h - a tape through a device: what the device suite and device_bench.c (without any
 * library) both do. One device, one thread.
 *
 * Errors: 0 or a negative errno as device_engine.h has them, -EINTR after Ctrl-C.
 */
#ifndef HR_DEVICE_DRIVE_H
#define HR_DEVICE_DRIVE_H

#include "engine-under-test/device/device_engine.h"
#include "harness/flow.h"
#include "harness/histogram.h"

struct hr_device_drive {
    const struct eut_device_api *api;
    uint32_t number; /* of the device, in the API's list */
    struct hr_flow_params flow;
    uint32_t batch;
};

/* A fresh engine with the books of the load phase, to be closed by the caller whatever comes back;
 * and with `steady` requests of the steady phase in pinned memory. */
int hr_device_books(const struct hr_device_drive *drive, const struct hr_tape *tape,
                    struct eut_device_engine **engine);
int hr_device_books_pinned(const struct hr_device_drive *drive, const struct hr_tape *tape,
                           uint64_t steady, struct eut_device_engine **engine,
                           struct eut_request **requests);

/* n requests in batches, events copied to the host's memory and read once; each batch's ns into h
 * if that is not NULL. *events is counted up. */
int hr_device_submit(struct eut_device_engine *engine, const struct eut_request *requests,
                     uint64_t n, uint32_t batch, uint64_t *events, struct hr_histogram *h);
/* The same of pinned requests, events left in pinned memory. */
int hr_device_pinned(struct eut_device_engine *engine, const struct eut_request *requests,
                     uint64_t n, uint32_t batch, uint64_t *events);

/* Pinned requests that are due at `rate`, one after the other at even distances; whatever is due
 * goes as soon as the batch before is back, at most `batch` at a time. h: ns from when an order was
 * due until its events are back, of all orders. */
struct hr_device_offered {
    double reached; /* orders/s */
    uint64_t batches;
};
int hr_device_offer(struct eut_device_engine *engine, const struct eut_request *requests,
                    uint64_t n, uint32_t batch, double rate, struct hr_histogram *h,
                    struct hr_device_offered *offered);

#endif
