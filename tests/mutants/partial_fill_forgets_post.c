/* partial_fill_forgets_post.c - a post only order that was filled in part is replaced as a day
 * order. No scenario shows this one: the hostile flow must find it. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->events[i].kind == EUT_TRADE) {
            struct order *maker = find_live(m, r->market, m->events[i].maker);

            if (maker) {
                maker->post = false;
            }
        }
    }
    answer_all(m, r);
}
