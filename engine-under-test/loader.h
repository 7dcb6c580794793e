/*
 * loader.h - from a name or a file to a checked engine.
 */
#ifndef EUT_LOADER_H
#define EUT_LOADER_H

#include "engine-under-test/engine.h"

extern const struct eut_engine eut_null;   /* the ruler: answers, never matches */
extern const struct eut_engine eut_oracle; /* slow and plainly right */

/* The engines that are built in, ended by NULL. */
extern const struct eut_engine *const eut_builtin[];

struct eut_handle {
    const struct eut_engine *engine;
    void *library; /* dlopen handle, NULL for a built-in */
};

/* A built-in's name, or a path to a shared library (anything with a '/' or ending in .so/.dylib).
 * Refuses, with what, why and the mend: no such file, not a library, no eut_engine_entry, wrong
 * ABI version, wrong struct size, a missing hook, a bad name. -ENODEV if the engine is not there,
 * -EINVAL if it is not acceptable. */
int eut_open(struct eut_handle *handle, const char *name);
/* Ends the watch, too. */
void eut_close(struct eut_handle *handle);

/* From now on a crash or an exit() with this library in the process is told in one line on standard
 * error; exit() becomes exit status 2. Does nothing for a built-in. NULL ends it, as in a child that
 * somebody else watches. Not for several threads at once. */
void eut_watch(const struct eut_handle *handle, const char *name);

#endif
