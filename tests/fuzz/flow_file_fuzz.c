/* flow_file_fuzz.c - any flow file, told apart by its first bytes: text, binary, recorded,
 * compressed: read to the end or refused in one line. */
#include "tests/fuzz/flow_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hr_test_flow_read(data, size, HR_FORMAT_AUTO);
    return 0;
}
