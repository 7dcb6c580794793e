/* grows.c - right, and leaves a hundred bytes behind with every request. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    char **left = malloc(100);
    static char **last;

    if (left) {
        *left = (char *)last;
        last = left;
    }
    ask(m, r);
    answer_all(m, r);
}
