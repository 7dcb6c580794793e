/* wrong_later.c - right for a hundred thousand requests, and then a cancel takes a lot too much. */
#include "tests/mutants/mutant.h"

static uint64_t answered;

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    if (++answered > 100000 && r->op == EUT_CANCEL && m->events[0].kind == EUT_CANCELLED) {
        m->events[0].qty++;
    }
    answer_all(m, r);
}
