/* layout_fuzz.c - no bytes that claim to be a layout crash its reader; what it takes gives every
 * market one owner, and what it refuses, it refuses in one line. */
#include "harness/error.h"
#include "harness/layout.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hr_layout layout;
    int rc;

    hr_error_clear();
    rc = hr_layout_parse(&layout, (const char *)data, size, "fuzz.yaml");
    if ((rc != 0) != (hr_error()[0] != '\0') || strchr(hr_error(), '\n')) {
        abort();
    }
    if (rc == 0) {
        if (layout.nodes < 1 || layout.bounds[0] != 0 ||
            layout.bounds[layout.nodes] != layout.markets) {
            abort();
        }
        for (int i = 0; i < layout.nodes; i++) {
            if (layout.bounds[i] >= layout.bounds[i + 1]) {
                abort();
            }
        }
        if (hr_layout_scale(&layout, 1000) == 0 && layout.bounds[layout.nodes] != 1000) {
            abort();
        }
    }
    return 0;
}
