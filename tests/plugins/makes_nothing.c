/* makes_nothing.c - loads, but create() always fails. */
#include "tests/plugins/plugin.h"

PLUGIN((void)0)
