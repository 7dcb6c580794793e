/*
 * claims_words.h - between the reader of claims (claims_file.c) and their checks (claims_check.c).
 */
#ifndef HR_CLAIMS_WORDS_H
#define HR_CLAIMS_WORDS_H

#include "reports/claims.h"

/* What a file says, cut, and fit for one line of a message. */
struct hr_plain_text {
    char text[64];
};
struct hr_plain_text hr_plain(const char *text);

/* A message with file:line:column of the words it is about. */
#define fail_words(file, words, ...) hr_words_context(hr_fail(EINVAL, __VA_ARGS__), file, words, 0)

/* Has each entry what it must have, under a name of its own? */
int hr_claims_check_entries(struct hr_claims *claims);

#endif
