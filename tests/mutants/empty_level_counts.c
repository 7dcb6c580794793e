/* empty_level_counts.c - an L2 level that was never there cannot be removed: rejected, not
 * accepted. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    uint64_t before = m->oracle->books.levels_live;

    ask(m, r);
    if (r->op == EUT_QUOTE && r->qty == 0 && m->events[0].kind == EUT_ACCEPTED &&
        m->oracle->books.levels_live == before) {
        m->events[0] = (struct eut_event){.kind = EUT_REJECTED, .reason = EUT_UNKNOWN_ORDER};
    }
    answer_all(m, r);
}
