/* room_for_one_more.c - capacity is one order more than the limit. */
#define MUTATE_LIMITS(limits) (limits)->orders++
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    answer_all(m, r);
}
