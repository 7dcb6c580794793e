/* newest_first.c - within a price the newest order trades first. */
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    struct order *order;

    ask(m, r);
    answer_all(m, r);
    order = find_live(m, r->market, r->order);
    if (r->op == EUT_NEW && order && order->older && !order->newer) {
        struct level *level = order->level;

        level->newest = order->older;
        level->newest->newer = NULL;
        order->older = NULL;
        order->newer = level->oldest;
        level->oldest->older = order;
        level->oldest = order;
    }
}
