/* kill_counts_behind_own.c - fill or kill counts makers that self-trade prevention keeps it from.
 */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    struct eut_request altered = *r;

    if (r->market < m->limits.markets && r->op == EUT_NEW && r->tif == EUT_FOK &&
        check(m->oracle, r) == EUT_NONE) {
        struct entry entry = {.price = r->price,
                              .qty = r->qty,
                              .side = r->side,
                              .at_any_price = r->type == EUT_MARKET};

        m->oracle->market = eut_books_meet(&m->oracle->books, r->market);
        if (can_fill(m->oracle, &entry)) {
            altered.tif = EUT_IOC;
        }
    }
    ask(m, &altered);
    answer_all(m, r);
}
