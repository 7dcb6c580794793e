/* nameless.c - no name at all. */
#include "tests/plugins/plugin.h"

PLUGIN(plugin.name = NULL)
