/* anyone_may_cancel.c - a cancel does not look at whose order it is. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    struct eut_request altered = *r;
    const struct order *order = find_live(m, r->market, r->order);

    if (r->op == EUT_CANCEL && order) {
        altered.account = order->account;
    }
    ask(m, &altered);
    answer_all(m, r);
}
