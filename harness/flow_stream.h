/*
 * flow_stream.h - a flow with more books than the requests that build them could be kept for.
 *
 * A flow by_market is made market by market, so nothing of its load phase has to be in memory: it
 * is made anew, chunk after chunk, whenever books are built. The steady phase, which is short
 * beside it, is recorded: each market's requests are made with that market's books in an oracle,
 * range of markets after range of markets, on all processors, and put where their turn is. So the
 * very pass that makes a flow proves it - the digests it leaves are the oracle's, over all markets
 * - and its memory is that of the steady requests and of one small range a processor.
 *
 * The requests and digests are those that hr_tape_record() gives for the same parameters. Who owns
 * some of the markets makes just theirs, at the same bytes, and needs nobody for it.
 *
 * Threads: hr_flow_stream_record() starts and joins its own; the others run in the caller's.
 */
#ifndef HR_FLOW_STREAM_H
#define HR_FLOW_STREAM_H

#include "harness/proof.h"

/* Fills `tape` (its `requests` are then NULL) and what the oracle said of it. params->oracle,
 * prefix, prefixes, threads, progress and context as in proof.h; params->tape is not read. -EINTR,
 * -ENOMEM, -EINVAL with hr_error(). */
int hr_flow_stream_record(struct hr_tape *tape, const struct hr_flow_params *flow, uint64_t steady,
                          const struct hr_proof_params *params, struct hr_proof *proof);

/* Of these steady requests those for markets first … end - 1, in their order: `part` is a tape of
 * them (steady_requests, steady), with the load of those markets counted and the digests of them
 * alone. Room for all the steady requests is taken while it is made. Errors as above. */
int hr_flow_stream_part(struct hr_tape *part, const struct hr_flow_params *flow, uint64_t steady,
                        uint32_t first, uint32_t end, const struct eut_engine *oracle);

/* The load phase of markets first … end - 1, market by market, in chunks that `take` is given; each
 * is of `chunk` requests but for the last of the L3 markets and the last of all. Valid during the
 * call. What take() returns other than 0 ends it. -ENOMEM. */
int hr_flow_stream_load(
    const struct hr_flow_params *flow, uint32_t first, uint32_t end, uint32_t chunk,
    int (*take)(void *context, const struct eut_request *requests, uint32_t count), void *context);

/* The most memory that recording takes beside the tape, in bytes. */
uint64_t hr_flow_stream_bytes(uint64_t steady);

#endif
