/* reference_entry.c - the reference engine as a shared library: `make engine` builds it, so that
 * one build of it can be held against another. Not part of the program, where it is built in. */
#include "engine-under-test/reference/reference.h"

extern const struct eut_engine *eut_engine_entry(void);
const struct eut_engine *eut_engine_entry(void)
{
    return &eut_reference;
}
