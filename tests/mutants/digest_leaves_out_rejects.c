/* digest_leaves_out_rejects.c - every event is right, but the digest folds no rejects. */
#define MUTATE_DIGEST(event) ((event)->kind != EUT_REJECTED)
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    answer_all(m, r);
}
