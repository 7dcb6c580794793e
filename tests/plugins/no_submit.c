/* no_submit.c - a required hook is missing. */
#include "tests/plugins/plugin.h"

PLUGIN(plugin.submit = NULL)
