/*
 * flow_read.h - what the fuzz targets of the flow readers share: read bytes as a flow to the end,
 * in pieces of a size that the bytes themselves choose, and check what every reader promises.
 */
#ifndef HR_TEST_FLOW_READ_H
#define HR_TEST_FLOW_READ_H

#include "harness/codec.h"
#include "harness/error.h"

#include <stdlib.h>
#include <string.h>

static inline void hr_test_flow_read(const uint8_t *data, size_t size, enum hr_format format)
{
    static const size_t pieces[] = {1, 7, 61, 4096};
    struct eut_request requests[33];
    struct hr_flow_file *file;
    size_t piece = pieces[size % 4];
    uint64_t seen = 0;
    int rc;

    hr_error_clear();
    rc = hr_flow_file_open_memory(&file, data, size, piece, format);
    while (rc == 0) {
        rc = hr_flow_file_read(file, requests, 1 + (uint32_t)(seen % 33));
        if (rc <= 0) {
            break;
        }
        seen += (uint64_t)rc;
        if (rc > 33 || seen > 2 * size) {
            abort();
        }
        rc = 0;
    }
    if ((rc < 0) != (hr_error()[0] != '\0') || strchr(hr_error(), '\n')) {
        abort(); /* a failure has one line, success has none */
    }
    hr_flow_file_close(file);
}

#endif
