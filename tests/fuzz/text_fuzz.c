/* text_fuzz.c - a line of the text form: parsed or refused with a reason, and what was parsed is
 * written back as a line that parses to the same. */
#include "harness/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eut_request request, again;
    const char *text = (const char *)data, *why = NULL;
    char line[HR_TEXT_LINE_MAX];
    int rc = hr_text_parse_request(text, text + size, &request, &why);

    if (rc < 0 ? !why || !*why : rc > 1) {
        abort();
    }
    if (rc == 0) {
        char *end = hr_text_put_request(line, &request);

        if (end > line + sizeof(line) || end[-1] != '\n' || hr_text_parse_request(line, end - 1, &again, &why) ||
            memcmp(&request, &again, sizeof(request)) != 0) {
            abort();
        }
    }
    return 0;
}
