/* wrong_size.c - its table is of another size. */
#include "tests/plugins/plugin.h"

PLUGIN(plugin.struct_size -= 8)
