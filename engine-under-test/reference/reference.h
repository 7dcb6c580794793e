/*
 * reference.h - the reference engine: all of RULES.md, as fast as memory allows.
 *
 * One instance is one shard, used by one thread at a time. Its memory is reserved whole by create()
 * for the worst case its limits permit and is touched, so really used, only as books grow;
 * submit() neither allocates nor calls the system, but for page faults on first touch.
 * NOTES.md, one folder up, has the layout and what it was measured to do.
 *
 * Beyond engine.h it refuses with -ENOTSUP limits that 32-bit handles cannot number:
 * more than 2^30 markets, or 2^32 - 256 orders or levels.
 */
#ifndef EUT_REFERENCE_H
#define EUT_REFERENCE_H

#include "engine-under-test/engine.h"

extern const struct eut_engine eut_reference;

#endif
