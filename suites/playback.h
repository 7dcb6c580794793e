/*
 * playback.h - an engine that answers as another one did, and matches nothing: as many events, of
 * the same kinds, in the same order. What a path carries then are the same bytes; what it takes is
 * the path's alone.
 *
 * The answers are noted beforehand, a byte an event, market by market, and played back from where
 * each market is, so that nothing depends on how the orders of several markets are mixed, or which
 * server has them. Each instance begins at the first order noted. It holds no book and is a ruler
 * (EUT_CAP_RULER): what its events say, but for their kinds, is what was asked.
 *
 * Threads: noting and forgetting belong to one, while no instance lives; processes forked after
 * that have what was noted. Errors: a negative errno with hr_error(). submit() is -ERANGE beyond
 * what was noted.
 */
#ifndef HR_PLAYBACK_H
#define HR_PLAYBACK_H

#include "harness/flow.h"

/* Gives a tape's load and the first `steady` requests after it to `engine`, whose answers are to be
 * played back from now on. What was noted last is kept, and not noted again. Not for streamed
 * tapes: -ENOTSUP. */
int hr_playback_note(const struct eut_engine *engine, const struct hr_tape *tape, uint64_t steady);
void hr_playback_forget(void); /* frees it; may be called twice */

extern const struct eut_engine hr_playback;

#endif
