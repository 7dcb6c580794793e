/* shouting_name.c - a name that cannot stand in a case id. */
#include "tests/plugins/plugin.h"

PLUGIN(plugin.name = "My Engine")
