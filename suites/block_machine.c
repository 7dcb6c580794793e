/*
 * block_machine.c - what does an engine come to, and what is the root of it?
 *
 * What it cannot see: whether a restored engine's own digest is right; it begins anew there.
 */
#include "suites/block_machine.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>

static void see(struct eut_sink *sink)
{
    struct hr_machine *m = sink->owner;

    hr_state_root_see(&m->root, m->requests, sink->events, sink->count);
    sink->count = 0;
}

int hr_machine_submit(struct hr_machine *m, const struct eut_request *requests, uint64_t count)
{
    for (uint64_t done = 0; done < count; done += m->batch) {
        uint32_t n = count - done < m->batch ? (uint32_t)(count - done) : m->batch;
        int rc;

        m->requests = requests + done;
        rc = m->engine->submit(m->self, m->requests, n, &m->sink);
        if (rc) {
            return hr_fail(rc < 0 ? -rc : EIO, "engine %s failed in submit() of %u requests (%d)",
                           m->engine->name, n, rc);
        }
        see(&m->sink);
    }
    return 0;
}

void hr_machine_stop(struct hr_machine *m)
{
    if (m->self) {
        m->engine->destroy(m->self);
        m->self = NULL;
    }
    hr_state_root_free(&m->root);
}

static int machine_new(struct hr_machine *m, const struct eut_engine *engine,
                       const struct hr_tape *tape, uint32_t batch)
{
    m->engine = engine;
    m->batch = batch;
    m->sink = (struct eut_sink){
        .events = m->events, .room = HR_MACHINE_SINK_ROOM, .flush = see, .owner = m};
    return hr_state_root_new(&m->root, tape->params.markets);
}

int hr_machine_start(struct hr_machine *m, const struct eut_engine *engine,
                     const struct hr_tape *tape, uint32_t batch, uint8_t root[HR_HASH_BYTES])
{
    struct eut_limits limits = hr_flow_limits(&tape->params, batch);
    int rc = machine_new(m, engine, tape, batch);

    if (rc == 0) {
        hr_error_clear();
        rc = engine->create(&limits, &m->self);
        rc = rc ? hr_fail(-rc, "engine %s: create() failed: %s", engine->name, hr_reason(rc)) : 0;
    }
    rc = rc ? rc : hr_machine_submit(m, tape->requests, tape->load);
    return rc ? rc : hr_state_root_update(&m->root, engine, m->self, root, NULL);
}

int hr_machine_restore(struct hr_machine *m, const struct eut_engine *engine,
                       const struct hr_tape *tape, uint32_t batch, struct hr_recovery *books)
{
    uint8_t root[HR_HASH_BYTES];
    int rc = machine_new(m, engine, tape, batch);

    if (rc == 0) {
        m->restored = true;
        m->self = books->self;
        books->self = NULL;
        memcpy(m->root.digests.at, books->digests.at,
               m->root.digests.markets * sizeof(m->root.digests.at[0]));
        for (uint32_t i = 0; i < m->root.digests.markets; i++) {
            hr_state_tree_touch(m->root.tree, i);
        }
        rc = hr_state_root_update(&m->root, m->engine, m->self, root, NULL);
    }
    if (rc == 0 && memcmp(root, books->root, HR_HASH_BYTES) != 0) {
        rc = hr_fail(EBADMSG, "the books of a ledger have another root than was recovered");
    }
    hr_recovery_free(books);
    return rc;
}

uint64_t hr_machine_digest(const struct hr_machine *m)
{
    return m->restored ? hr_event_digests_total(&m->root.digests) : m->engine->digest(m->self);
}
