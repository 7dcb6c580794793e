/* incapable.c - claims neither kind of market. */
#include "tests/plugins/plugin.h"

PLUGIN(plugin.capabilities = EUT_CAP_FOK)
