/* table_missing.c - its entry returns nothing. */
#include "tests/plugins/plugin.h"

PLUGIN(return NULL)
