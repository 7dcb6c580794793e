/* post_only_trades_at_the_touch.c - post only looks for a better price, not for an equal one. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    struct eut_request altered = *r;

    if (r->market < m->limits.markets && r->op == EUT_NEW && r->tif == EUT_POST &&
        check(m->oracle, r) == EUT_NONE) {
        const struct level *best;

        m->oracle->market = eut_books_meet(&m->oracle->books, r->market);
        best = eut_market_best(m->oracle->market, opposite(r->side));
        if (best && best->price == r->price) {
            altered.tif = EUT_DAY;
        }
    }
    ask(m, &altered);
    answer_all(m, r);
}
