/*
 * shards.h - one tape over several engines, one thread each.
 *
 * Markets never interact, so a contiguous range of them is a shard: its own engine, its own thread
 * and core, its own part of ONE tape, in the tape's order. Ranges are cut so that each gets about
 * the same number of steady requests. Digests add up (engine.h), so the sum over shards must be the
 * oracle's for the whole tape.
 *
 * Threads: hr_shards_run() starts one a shard and joins them.
 */
#ifndef HR_SHARDS_H
#define HR_SHARDS_H

#include "harness/energy.h"
#include "harness/path.h"
#include "harness/workload.h"

struct hr_shards_params {
    const struct hr_path_ops *ops;
    const struct eut_engine *engine;
    const struct hr_workload *workload;
    uint64_t steady; /* a prefix of it */
    uint32_t batch;
    int shards;
    const int *cpus; /* one a shard; NULL: not pinned */
    struct hr_energy *energy; /* asked around the timed part; NULL: not looked at */
};

struct hr_shards_result {
    uint64_t ns;     /* first start to last end */
    uint64_t digest; /* sum */
    uint64_t requests, trades;
    uint64_t requests_max; /* of the largest shard: what an even split is measured against */
    int64_t switches_involuntary;
    int migrations; /* threads found on another core than theirs at the end */
    double joules;  /* used meanwhile; NAN: no source */
};
/* 0, -EINTR, or a negative errno with hr_error() of the first shard that failed. */
int hr_shards_run(const struct hr_shards_params *params, struct hr_shards_result *result);

#endif
