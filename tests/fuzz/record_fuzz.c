/* record_fuzz.c - no bytes that claim to be a result.json crash its reader. */
#include "harness/error.h"
#include "harness/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char file[] = "/tmp/headroom-fuzz-XXXXXX";
    int fd = mkstemp(file), rc;
    json_t *json;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    close(fd);
    hr_error_clear();
    rc = hr_record_read(&json, file);
    unlink(file);
    if ((rc != 0) != (json == NULL) || (rc != 0 && !hr_error()[0]) || strchr(hr_error(), '\n')) {
        abort();
    }
    json_decref(json);
    return 0;
}
