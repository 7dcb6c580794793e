/* stream_fuzz.c - no bytes of a server make the reader of its stream read or write outside its
 * buffer, and it understands the same however they are cut. */
#include "suites/token_stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_token_stream *whole = malloc(sizeof(*whole)), *cut = malloc(sizeof(*cut));
    const char *text = (const char *)data, *why;
    size_t at = 0, step = size ? 1 + data[0] % 7 : 1;
    char words[64];
    int rc = 0;

    if (!whole || !cut) {
        abort();
    }
    hr_token_stream_begin(whole);
    hr_token_stream_begin(cut);
    while (at < size && rc == 0) {
        size_t n = size - at < step ? size - at : step;

        rc = hr_token_stream_take(cut, text + at, n, 1);
        at += n;
    }
    if (hr_token_stream_take(whole, text, size, 1) != rc || whole->pieces != cut->pieces ||
        whole->tokens != cut->tokens || whole->ended != cut->ended) {
        abort();
    }
    hr_token_stream_rate(whole, &why);
    hr_error_words(words, sizeof(words), text, size);
    free(whole);
    free(cut);
    return 0;
}
