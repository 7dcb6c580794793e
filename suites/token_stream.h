/*
 * token_stream.h - when did which token of a streamed answer come? Reads the server-sent events of
 * an OpenAI-compatible chat completion, in pieces as the network brings them, with distrust.
 *
 * Source of the format: WHATWG HTML, "Server-sent events" (lines end in LF, CR or CRLF; `data:`
 * lines of an event are joined; an empty line ends it; a line that begins with `:` is a comment),
 * and OpenAI's API reference, "Streaming": an event is a chat.completion.chunk in JSON, or [DONE].
 * A piece of the answer is a chunk whose first choice has text: content, or what a model thinks
 * before it (reasoning_content, reasoning). Usage, if the server tells it, counts the tokens.
 */
#ifndef HR_TOKEN_STREAM_H
#define HR_TOKEN_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_EVENT_BYTES_MAX ((size_t)64 << 10)
#define HR_BURST_NS 50000u /* no model makes 20 000 tokens a second for one reader */
#define HR_BURSTS_MIN 3u
#define HR_STREAM_BYTES_MAX ((uint64_t)64 << 20)

struct hr_token_stream {
    uint64_t first_ns; /* when the first piece came */
    uint64_t pieces;
    /* Pieces that came together (less than HR_BURST_NS after the one before) are one burst. */
    uint64_t bursts, pieces_first; /* in the first burst */
    uint64_t burst_ns, last_ns;    /* when the last burst began, and when its last piece came */
    int64_t tokens, prompt_tokens; /* as the server counts them; -1: it does not tell */
    bool ended;                    /* [DONE], or a reason to finish: else the stream broke off */

    uint64_t bytes;
    size_t used, line_at; /* of the event so far; where its last line begins */
    bool after_cr;
    char event[HR_EVENT_BYTES_MAX];
};

void hr_token_stream_begin(struct hr_token_stream *s);
/* The next bytes, which came at now_ns. 0; -EPROTO for what is no such stream, or the server's own
 * error in it; -EFBIG for an event or a stream that is too long. The text says which. */
int hr_token_stream_take(struct hr_token_stream *s, const char *bytes, size_t n, uint64_t now_ns);
/* Tokens a second from the first burst to the last; NAN, and why, if that cannot be said. */
double hr_token_stream_rate(const struct hr_token_stream *s, const char **why);

/* What a server says, made one printable line: at most size - 1 characters. */
void hr_plain_words(char *to, size_t size, const char *text);
/* The words of an answer that is an error in JSON, or the answer itself. */
void hr_error_words(char *to, size_t size, const char *answer, size_t bytes);

#endif
