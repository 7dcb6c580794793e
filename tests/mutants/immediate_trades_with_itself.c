/* immediate_trades_with_itself.c - self-trade prevention forgets immediate-or-cancel orders. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    struct eut_request altered = *r;

    if (r->op == EUT_NEW && r->tif == EUT_IOC) {
        altered.account = 0;
    }
    ask(m, &altered);
    answer_all(m, r);
}
