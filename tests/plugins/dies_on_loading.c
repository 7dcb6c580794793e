/* dies_on_loading.c - the library ends the process before anybody can ask it for its table. */
#include "tests/plugins/plugin.h"

#include <stdlib.h>

PLUGIN(abort())
