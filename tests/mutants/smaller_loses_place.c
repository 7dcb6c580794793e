/* smaller_loses_place.c - a replacement with a smaller quantity goes to the end of the queue. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    struct order *order;

    ask(m, r);
    answer_all(m, r);
    order = find_live(m, r->market, r->order);
    if (r->op == EUT_REPLACE && order && order->newer && order->account == r->account &&
        m->events[0].kind == EUT_ACCEPTED) {
        struct level *level = order->level;

        order->newer->older = order->older;
        if (order->older) {
            order->older->newer = order->newer;
        } else {
            level->oldest = order->newer;
        }
        order->older = level->newest;
        order->newer = NULL;
        level->newest->newer = order;
        level->newest = order;
    }
}
