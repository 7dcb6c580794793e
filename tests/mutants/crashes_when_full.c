/* crashes_when_full.c - the engine takes the process down at the first capacity reject. */
#include "tests/mutants/mutant.h"

#include <signal.h>

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    if (m->events[0].reason == EUT_CAPACITY) {
        signal(SIGSEGV, SIG_DFL); /* no sanitizer's report either */
        raise(SIGSEGV);
    }
    answer_all(m, r);
}
