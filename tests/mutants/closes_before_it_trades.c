/* closes_before_it_trades.c - the rest of a market order is cancelled before its last trade. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    if (r->op == EUT_NEW && r->type == EUT_MARKET && m->count > 1 &&
        m->events[m->count - 1].kind == EUT_CANCELLED) {
        struct eut_event closing = m->events[m->count - 1];

        m->events[m->count - 1] = m->events[m->count - 2];
        m->events[m->count - 2] = closing;
    }
    answer_all(m, r);
}
