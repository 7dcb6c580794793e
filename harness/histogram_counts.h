/*
 * histogram_counts.h - the inside of a histogram, for histogram.c and hlog.c only.
 *
 * Index i below HR_HISTOGRAM_PARTS is the value i; above, every HR_HISTOGRAM_PARTS / 2 indices
 * double the width. 2048 parts give three significant digits (hdrhistogram.org).
 */
#ifndef HR_HISTOGRAM_COUNTS_H
#define HR_HISTOGRAM_COUNTS_H

#include <stdint.h>

#define HR_HISTOGRAM_DIGITS 3
#define HR_HISTOGRAM_PARTS_LOG2 11u
#define HR_HISTOGRAM_PARTS (1u << HR_HISTOGRAM_PARTS_LOG2)
/* 2^42 > one hour in ns: 31 doublings above the first 2048 values. */
#define HR_HISTOGRAM_DOUBLINGS 31u
#define HR_HISTOGRAM_COUNTS ((HR_HISTOGRAM_DOUBLINGS + 2) * (HR_HISTOGRAM_PARTS / 2))

struct hr_histogram {
    uint64_t total, clamped, min, max; /* min is UINT64_MAX while empty */
    uint64_t counts[HR_HISTOGRAM_COUNTS];
};

#endif
