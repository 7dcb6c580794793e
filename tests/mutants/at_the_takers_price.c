/* at_the_takers_price.c - a replacement's trades are at its own price, not at the maker's. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->events[i].kind == EUT_TRADE && r->op == EUT_REPLACE) {
            m->events[i].price = r->price;
        }
    }
    answer_all(m, r);
}
