/* full_sink_loses_one.c - the event that finds the sink full pushes the last one out of it. */
#define MUTATE_FLUSH(sink) ((sink)->count--, (sink)->flush(sink))
#include "tests/mutants/mutant.h"

static void mutate(struct mutant *m, const struct eut_request *r)
{
    ask(m, r);
    answer_all(m, r);
}
