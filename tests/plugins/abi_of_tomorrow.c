/* abi_of_tomorrow.c - made for an ABI that does not exist yet. */
#include "tests/plugins/plugin.h"

PLUGIN(plugin.abi_version = EUT_ABI_VERSION + 1)
