/*
 * device_ceilings.h - what a device can at most, measured on it in the run that uses it.
 *
 * In this order, one row each; lengths and rates count the bytes that the memory moves:
 *
 *   copy                  bytes/s     one kernel copies a large array: bytes read plus written
 *   lines/bytes=64        lines/s     reads of random aligned lines of 64 bytes, each written back,
 *   lines/bytes=32        lines/s     over a working set far beyond the device's caches, by as many
 *                                     work items as it likes: each line is independent of all
 * others chase/bytes=32        ns          one work item alone, each read waiting for the one
 * before to-device/pinned      bytes/s     host to device, from memory that the copy engine reaches
 *   to-host/pinned        bytes/s     and back
 *   to-device/pageable    bytes/s     from plain memory of the host
 *   to-host/pageable      bytes/s     and to it
 *   launch                ns          an empty kernel behind another, on the device's clock
 *   round-trip            ns          from putting an empty kernel to knowing that it ended, on the
 *                                     host's clock
 *   compares              compares/s  bid[i] >= ask[i] over two large arrays, counted. Elementwise
 *                                     compares of prices, never orders: no book, no queue, no
 *                                     trade. What some published "matches a second" are.
 *   compares/pairs=500000 compares/s  the same over the 500 000 pairs of the program that called
 * this 581 M orders a second; the kernel's launch is part of it
 *
 * Where device and host share one memory, a row that would copy between them has no samples and the
 * reason. A device that answers wrong has no ceilings: sums are checked, and what was written is
 * read back.
 *
 * Threads: one call at a time; it opens the device itself. Errors: as device_api.h; rows that were
 * measured before an error stay.
 */
#ifndef EUT_DEVICE_CEILINGS_H
#define EUT_DEVICE_CEILINGS_H

#include "engine-under-test/device/device_api.h"

#define EUT_DEVICE_CEILINGS_MAX 16u
#define EUT_DEVICE_CEILING_SAMPLES \
    7u /* six make a 95 % interval of the median, one a true middle */

struct eut_device_ceiling {
    const char *name; /* "lines/bytes=64": static */
    const char *unit; /* "lines/s": static */
    bool higher;      /* is better */
    uint32_t n;       /* samples; 0: there are none, and `reason` says why */
    double samples[EUT_DEVICE_CEILING_SAMPLES];
    uint64_t bytes; /* of the working set, or of one copy; 0 where there is none */
    char reason[160];
};

struct eut_device_ceilings {
    struct eut_device_facts facts;
    struct eut_device_ceiling row[EUT_DEVICE_CEILINGS_MAX];
    uint32_t count;
};

/* Takes about `seconds` in all, and at most bytes_max of device memory and half as much of the
 * host's (0: a quarter of what is free, at most 4 GiB, of a processor 512 MiB). `stop`, if not
 * NULL, is asked between samples; when it says so the call ends with -EINTR. */
int eut_device_ceilings_measure(const struct eut_device_api *api, uint32_t number, double seconds,
                                uint64_t bytes_max, bool (*stop)(void),
                                struct eut_device_ceilings *ceilings);

/* The median of a row's samples, by its name; 0 if there is none. */
double eut_device_ceiling(const struct eut_device_ceilings *ceilings, const char *name);

#endif
