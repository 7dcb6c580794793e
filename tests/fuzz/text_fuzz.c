/* text_fuzz.c - a line of the text form: parsed or refused with a reason, and what was parsed is
 * written back as a line that parses to the same. Zeros before the first number send a line past
 * the quick reader to the careful one: both must agree. */
#include "harness/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_readers(const char *text, size_t size, int rc,
                            const struct eut_request *request)
{
    static const char zeros[] = "000000000000";
    struct eut_request careful;
    const char *why;
    char *line;

    if (size < 3 || text[1] != ',' || text[2] < '0' || text[2] > '9') {
        return;
    }
    line = malloc(size + sizeof(zeros));
    if (!line) {
        abort();
    }
    memcpy(line, text, 2);
    memcpy(line + 2, zeros, 12);
    memcpy(line + 14, text + 2, size - 2);
    if (hr_text_parse_request(line, line + size + 12, &careful, &why) != rc ||
        (rc == 0 && memcmp(request, &careful, sizeof(careful)) != 0)) {
        abort();
    }
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eut_request request, again;
    const char *text = (const char *)data, *why = NULL;
    char line[HR_TEXT_LINE_MAX];
    int rc = hr_text_parse_request(text, text + size, &request, &why);

    if (rc < 0 ? !why || !*why : rc > 1) {
        abort();
    }
    compare_readers(text, size, rc, &request);
    if (rc == 0) {
        char *end = hr_text_put_request(line, &request);

        if (end > line + sizeof(line) || end[-1] != '\n' ||
            hr_text_parse_request(line, end - 1, &again, &why) ||
            memcmp(&request, &again, sizeof(request)) != 0) {
            abort();
        }
    }
    return 0;
}
