/*
 * block_net.c - what becomes of a flow when several processes agree on it, block by block?
 *
 * The parent makes mesh and board (shared memory), forks the validators, waits until all have their
 * books, gives the start, and reads the board when all blocks are committed. It cannot see what
 * happens between two hosts: one clock, one memory, one kernel.
 */
#include "suites/block_net.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "suites/block_ledger.h"
#include "suites/block_machine.h"
#include "suites/block_mesh.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_AFTER_NS 2000000u
#define READY_NS 120000000000u
#define PATIENCE_NS 3000000000u

/* One validator's part of the board. */
struct desk {
    int ready, done, failed;
    char why[256];
    uint64_t committed, digest, rounds, rebuilds, polls, bytes, apply_ns, root_ns;
    uint64_t ledger_ns, ledger_ns_max;
    struct hr_block_rejoin rejoin;
};

/* Shared by all processes of a run; behind it, for each height: when it was sealed, and for each
 * validator when it committed and with what root. */
struct board {
    uint64_t go_ns;
    pid_t parent;
    int stop;
    size_t bytes;
    uint64_t heights;
    struct desk desks[HR_VALIDATORS_MAX];
    uint64_t *sealed_ns, *committed_ns;
    uint32_t *sealed_by;
    uint8_t (*roots)[HR_HASH_BYTES];
};

struct validator {
    const struct hr_block_run *run;
    struct board *board;
    struct desk *desk;
    struct hr_mesh *mesh;
    struct hr_validator *v;
    struct hr_machine machine;
    struct hr_block_ledger *ledger; /* NULL: none is kept */
    uint64_t past;                  /* height that it came back at; 0: it never died */
    uint32_t me;
    bool back, dying;
    int rc;
};

int hr_block_expected(const struct eut_engine *engine, const struct hr_tape *tape, uint64_t orders,
                      uint64_t *digest, uint8_t root[HR_HASH_BYTES])
{
    struct hr_machine *m = calloc(1, sizeof(*m));
    int rc;

    if (!m) {
        return hr_fail(ENOMEM, "no memory for an engine");
    }
    rc = hr_machine_start(m, engine, tape, 256, root);
    rc = rc ? rc : hr_machine_submit(m, tape->steady_requests, orders);
    rc = rc ? rc : hr_state_root_rebuild(&m->root, engine, m->self, root, NULL);
    *digest = rc ? 0 : engine->digest(m->self);
    hr_machine_stop(m);
    free(m);
    return rc;
}

int hr_block_folder(const char *ledger, uint32_t validator, char folder[HR_BLOCK_FOLDER_MAX])
{
    int n = snprintf(folder, HR_BLOCK_FOLDER_MAX, "%s/validator-%u", ledger, validator);

    return n < HR_BLOCK_FOLDER_MAX ? 0 : hr_fail(ENAMETOOLONG, "%s: its name is too long", ledger);
}

/* ---- a validator, in its process ------------------------------------------------------------ */

static void post(void *context, uint32_t to, const struct hr_block_message *m)
{
    struct validator *v = context;
    bool dies = m->kind == HR_BLOCK_PRECOMMIT && v->dying && m->height >= v->run->kill_height;

    if (v->rc) {
        return; /* a vote that could not be kept does not go out */
    }
    if (dies && v->run->kill_mute) {
        raise(SIGKILL);
    }
    v->rc = hr_mesh_send(v->mesh, hr_clock_ns(), to, m);
    if (dies) {
        raise(SIGKILL);
    }
    if (m->kind == HR_BLOCK_PRECOMMIT && v->back && !v->desk->rejoin.voted_height &&
        m->height > hr_validator_committed(v->v)) {
        v->desk->rejoin.voted_height = m->height;
        v->desk->rejoin.voted_round = m->round;
    }
}

static uint64_t blocks_of(const struct hr_block_run *run)
{
    return (run->orders + run->orders_per_block - 1) / run->orders_per_block;
}

static struct hr_block *gather(void *context, uint64_t now_ns, const struct hr_block_head *head,
                               uint64_t *again_ns)
{
    struct validator *v = context;
    const struct hr_block_run *run = v->run;
    uint64_t due_ns = v->board->go_ns + head->height * run->tick_ns, left;
    struct hr_block_head filled = *head;

    if (head->height > v->board->heights) {
        *again_ns = HR_NEVER;
        return NULL;
    }
    if (now_ns < due_ns) {
        *again_ns = due_ns;
        return NULL;
    }
    left = run->orders - head->first;
    filled.count = left < run->orders_per_block ? (uint32_t)left : run->orders_per_block;
    v->board->sealed_ns[head->height] = hr_clock_ns();
    v->board->sealed_by[head->height] = v->me;
    return hr_block_seal(&filled, run->tape->steady_requests + head->first);
}

static int apply(void *context, const struct hr_block *block, uint8_t root[HR_HASH_BYTES])
{
    struct hr_machine *m = &((struct validator *)context)->machine;
    uint64_t at[3];
    int rc;

    at[0] = hr_clock_ns();
    rc = hr_machine_submit(m, block->orders, block->head.count);
    at[1] = hr_clock_ns();
    rc = rc ? rc : hr_state_root_update(&m->root, m->engine, m->self, root, NULL);
    at[2] = hr_clock_ns();
    m->apply_ns += at[1] - at[0];
    m->root_ns += at[2] - at[1];
    return rc;
}

static int reset(void *context)
{
    struct validator *v = context;

    uint8_t root[HR_HASH_BYTES];
    struct hr_recovery books;
    int rc;

    hr_machine_stop(&v->machine);
    if (!v->back) {
        return hr_machine_start(&v->machine, v->run->engine, v->run->tape, v->run->batch, root);
    }
    rc = hr_block_ledger_books(v->ledger, v->past, &books);
    return rc ? rc
              : hr_machine_restore(&v->machine, v->run->engine, v->run->tape, v->run->batch,
                                   &books);
}

static void keep(void *context, const struct hr_vote_record *record)
{
    struct validator *v = context;

    if (v->ledger && v->rc == 0) {
        v->rc = hr_block_ledger_keep(v->ledger, record);
    }
}

static int write_down(struct validator *v, const struct hr_block *block,
                      const uint8_t root[HR_HASH_BYTES], uint32_t round)
{
    struct hr_machine *m = &v->machine;
    uint64_t start_ns = hr_clock_ns(), took_ns;
    int rc = hr_block_ledger_append(v->ledger, block, root, round);

    rc = rc ? rc : hr_block_ledger_snapshot(v->ledger, m->engine, m->self, &m->root.digests);
    took_ns = hr_clock_ns() - start_ns;
    v->desk->ledger_ns += took_ns;
    v->desk->ledger_ns_max = took_ns > v->desk->ledger_ns_max ? took_ns : v->desk->ledger_ns_max;
    return rc;
}

static void committed(void *context, uint64_t now_ns, const struct hr_block *block,
                      const uint8_t root[HR_HASH_BYTES], uint32_t round)
{
    struct validator *v = context;
    uint64_t h = block->head.height, i = h * v->run->validators + v->me;

    (void)now_ns;
    if (v->rc == 0 && v->board->committed_ns[i] && !hr_hash_same(v->board->roots[i], root)) {
        v->rc = hr_fail(EBADMSG, "another root at height %" PRIu64 " than in its life before", h);
    }
    if (v->rc == 0 && v->ledger) {
        v->rc = write_down(v, block, root, round);
    }
    if (v->rc) {
        return;
    }
    memcpy(v->board->roots[i], root, HR_HASH_BYTES);
    v->board->committed_ns[i] = hr_clock_ns();
    __atomic_store_n(&v->desk->committed, h, __ATOMIC_RELEASE);
}

static struct hr_block *recall(void *context, uint64_t height, uint8_t root[HR_HASH_BYTES],
                               uint32_t *round)
{
    return hr_block_ledger_recall(((struct validator *)context)->ledger, height, root, round);
}

static const struct hr_validator_host host = {.send = post,
                                              .gather = gather,
                                              .apply = apply,
                                              .reset = reset,
                                              .keep = keep,
                                              .committed = committed,
                                              .recall = recall};

static void hear(void *context, uint32_t from, const struct hr_block_message *m)
{
    struct validator *v = context;

    hr_validator_receive(v->v, hr_clock_ns(), from, m);
}

/* Of the load phase, or of the ledger. */
static int open_books(struct validator *v, struct hr_block_past *past, struct hr_vote_record *votes)
{
    const struct hr_block_run *run = v->run;
    struct hr_machine *m = &v->machine;
    struct hr_block_ledger_params params = {.engine = run->engine,
                                            .limits =
                                                hr_flow_limits(&run->tape->params, run->batch),
                                            .load = run->tape->load,
                                            .snapshot_blocks = run->snapshot_blocks,
                                            .sync = run->sync};
    struct hr_snapshot_source loaded = {.engine = run->engine,
                                        .limits = params.limits,
                                        .digests = &m->root.digests,
                                        .sequence = params.load};
    struct hr_block_rejoin *rejoin = &v->desk->rejoin;
    char folder[HR_BLOCK_FOLDER_MAX];
    uint8_t root[HR_HASH_BYTES];
    struct hr_recovery books;
    int rc;

    if (run->ledger) {
        rc = hr_block_folder(run->ledger, v->me, folder);
        params.folder = folder;
        if (rc) {
            return rc;
        }
    }
    if (!v->back) {
        rc = hr_machine_start(m, run->engine, run->tape, run->batch, root);
        loaded.self = m->self;
        return rc || !run->ledger ? rc : hr_block_ledger_new(&v->ledger, &params, &loaded, root);
    }
    rc = hr_block_ledger_back(&v->ledger, &params, &books, past, votes);
    if (rc) {
        return rc;
    }
    v->past = rejoin->height = past->height;
    rejoin->snapshot = books.snapshot;
    rejoin->replayed = books.replayed;
    rejoin->votes = *votes;
    return hr_machine_restore(m, run->engine, run->tape, run->batch, &books);
}

static int start(struct validator *v)
{
    const struct hr_block_run *run = v->run;
    uint64_t patience = run->patience_ns ? run->patience_ns : PATIENCE_NS;
    struct hr_validator_params params = {
        .validators = run->validators,
        .me = v->me,
        .protocol = run->protocol,
        .fpc = run->fpc,
        .seed = run->tape->params.seed,
        .propose_ns = patience + 2 * run->tick_ns + 20 * run->delay_ns,
        .vote_ns = patience + 2 * (run->fpc.m_max + 10) * run->delay_ns,
        .poll_ns = patience / 20 + 4 * run->delay_ns,
        .again_ns = patience / 2 + 2 * run->tick_ns + 20 * run->delay_ns,
        .host = &host,
        .context = v};
    struct hr_vote_record votes = {0};
    struct hr_block_past past = {0};
    int rc = open_books(v, &past, &votes);

    rc = rc ? rc : hr_validator_new(&v->v, &params, v->back ? &votes : NULL);
    if (rc == 0 && v->back) {
        hr_validator_stand(v->v, &past);
    }
    return rc;
}

static int work(struct validator *v)
{
    struct board *board = v->board;
    uint64_t due_ns;
    int rc = 0;

    while (!__atomic_load_n(&board->go_ns, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&board->stop, __ATOMIC_ACQUIRE) || getppid() != board->parent) {
            return 0;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    hr_validator_start(v->v, hr_clock_ns());
    while (rc == 0 && !__atomic_load_n(&board->stop, __ATOMIC_ACQUIRE) &&
           getppid() == board->parent) {
        due_ns = hr_validator_tick(v->v, hr_clock_ns());
        rc = hr_mesh_poll(v->mesh, due_ns, hear, v);
        rc = rc ? rc : v->rc ? v->rc : hr_validator_broken(v->v);
        if (rc == 0 && hr_validator_committed(v->v) == board->heights && !v->desk->done) {
            const struct hr_validator_counts *counts = hr_validator_counts(v->v);

            v->desk->digest = hr_machine_digest(&v->machine);
            v->desk->rejoin.fetched = counts->fetched;
            v->desk->rounds = counts->rounds;
            v->desk->rebuilds = counts->rebuilds;
            v->desk->polls = counts->polls;
            v->desk->bytes = hr_mesh_bytes(v->mesh);
            v->desk->apply_ns = v->machine.apply_ns;
            v->desk->root_ns = v->machine.root_ns;
            __atomic_store_n(&v->desk->done, 1, __ATOMIC_RELEASE);
        }
    }
    return rc ? rc : hr_block_ledger_close(v->ledger);
}

static void be_validator(const struct hr_block_run *run, struct board *board, struct hr_mesh *mesh,
                         uint32_t me, bool back)
{
    struct validator *v = calloc(1, sizeof(*v));
    struct desk *desk = &board->desks[me];
    int rc;

    signal(SIGINT, SIG_IGN); /* the parent hears it, and stops us */
    hr_thread_pin(-1);       /* where the parent measures there is no room for all of us */
    if (!v) {
        _exit(1);
    }
    v->run = run;
    v->board = board;
    v->desk = desk;
    v->mesh = mesh;
    v->me = me;
    v->back = back;
    v->dying = run->kill_height && me == run->validators - 1 && !back;
    hr_error_clear();
    if (!back) {
        hr_mesh_become(mesh, me, run->delay_ns);
    }
    rc = start(v);
    rc = rc || !back ? rc : hr_mesh_return(mesh, me, run->delay_ns);
    if (rc == 0) {
        __atomic_store_n(&desk->ready, 1, __ATOMIC_RELEASE);
        rc = work(v);
    }
    if (rc) {
        snprintf(desk->why, sizeof(desk->why), "%s", hr_error());
        __atomic_store_n(&desk->failed, rc, __ATOMIC_RELEASE);
    }
    _exit(0);
}

/* ---- the parent ------------------------------------------------------------------------------ */

static struct board *board_new(uint64_t heights, uint32_t validators)
{
    uint64_t cells = (heights + 1) * validators;
    size_t bytes = sizeof(struct board) + (heights + 1) * (sizeof(uint64_t) + sizeof(uint32_t)) +
                   cells * (sizeof(uint64_t) + HR_HASH_BYTES);
    struct board *b = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (b == MAP_FAILED) {
        hr_fail(errno, "no memory to share between validators");
        return NULL;
    }
    b->bytes = bytes;
    b->parent = getpid();
    b->heights = heights;
    b->sealed_ns = (uint64_t *)(b + 1);
    b->committed_ns = b->sealed_ns + heights + 1;
    b->roots = (uint8_t(*)[HR_HASH_BYTES])(b->committed_ns + cells);
    b->sealed_by = (uint32_t *)(void *)(b->roots + cells);
    return b;
}

struct pids {
    pid_t at[HR_VALIDATORS_MAX];
    bool gone[HR_VALIDATORS_MAX];
    bool again; /* the last one will be started again */
};

static int fork_one(const struct hr_block_run *run, struct board *board, struct hr_mesh *mesh,
                    struct pids *pids, uint32_t i, bool back)
{
    fflush(NULL);
    pids->at[i] = fork();
    if (pids->at[i] == 0) {
        be_validator(run, board, mesh, i, back);
    }
    return pids->at[i] < 0 ? hr_fail(errno, "no process for a validator: %s", strerror(errno)) : 0;
}

/* Who was killed, when it is time. */
static int raise_again(const struct hr_block_run *run, struct board *board, struct hr_mesh *mesh,
                       struct pids *pids)
{
    uint32_t last = run->validators - 1;
    uint64_t there = __atomic_load_n(&board->desks[0].committed, __ATOMIC_ACQUIRE);

    if (!pids->again || !pids->gone[last] || there < run->restart_height) {
        return 0;
    }
    pids->again = pids->gone[last] = false;
    board->desks[last].rejoin.killed_height = board->desks[last].committed;
    if (run->down) {
        run->down(run->context);
    }
    return fork_one(run, board, mesh, pids, last, true);
}

/* Who is gone; 0, or why that is not to be. */
static int look(const struct hr_block_run *run, struct board *board, struct pids *pids)
{
    for (uint32_t i = 0; i < run->validators; i++) {
        int failed = __atomic_load_n(&board->desks[i].failed, __ATOMIC_ACQUIRE);

        if (failed) {
            return hr_fail(-failed, "validator %u: %s", i, board->desks[i].why);
        }
        if (!pids->gone[i] && waitpid(pids->at[i], NULL, WNOHANG) == pids->at[i]) {
            pids->gone[i] = true;
            failed = __atomic_load_n(&board->desks[i].failed, __ATOMIC_ACQUIRE);
            if (failed) {
                return hr_fail(-failed, "validator %u: %s", i, board->desks[i].why);
            }
            if (!run->kill_height || i != run->validators - 1 ||
                (run->restart_height && !pids->again)) {
                return hr_fail(EPIPE, "validator %u ended unasked", i);
            }
        }
    }
    return hr_stop_signal() ? -EINTR : 0;
}

static bool all(const struct hr_block_run *run, const struct board *board, const struct pids *pids,
                bool done)
{
    for (uint32_t i = 0; i < run->validators; i++) {
        const int *flag = done ? &board->desks[i].done : &board->desks[i].ready;

        if ((!pids->gone[i] || (i == run->validators - 1 && pids->again)) &&
            !__atomic_load_n(flag, __ATOMIC_ACQUIRE)) {
            return false;
        }
    }
    return true;
}

static int await(const struct hr_block_run *run, struct board *board, struct hr_mesh *mesh,
                 struct pids *pids, bool done, uint64_t most_ns)
{
    uint64_t until_ns = hr_clock_ns() + most_ns;
    int rc = 0;

    while (rc == 0 && !all(run, board, pids, done)) {
        if (hr_clock_ns() > until_ns) {
            return -ETIMEDOUT;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        rc = look(run, board, pids);
        rc = rc ? rc : raise_again(run, board, mesh, pids);
    }
    return rc;
}

static void end(const struct hr_block_run *run, struct board *board, struct pids *pids)
{
    __atomic_store_n(&board->stop, 1, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < run->validators; i++) {
        for (int ms = 0; !pids->gone[i] && pids->at[i] > 0; ms++) {
            pids->gone[i] = waitpid(pids->at[i], NULL, WNOHANG) != 0;
            if (ms == 3000) {
                kill(pids->at[i], SIGKILL);
            }
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
}

/* One height: the same root at all who live, and when. */
static void judge_height(const struct hr_block_run *run, const struct board *board,
                         const struct pids *pids, uint64_t h, struct hr_block_result *r)
{
    uint64_t sealed = board->sealed_ns[h], last = 0;
    uint64_t own = board->committed_ns[h * run->validators + board->sealed_by[h]];
    uint64_t due = board->go_ns + h * run->tick_ns;

    for (uint32_t i = 0; i < run->validators; i++) {
        uint64_t at = board->committed_ns[h * run->validators + i];

        if (at) {
            last = at > last ? at : last;
            r->same = r->same && hr_hash_same(board->roots[h * run->validators + i],
                                              board->roots[h * run->validators]);
        } else if (!pids->gone[i]) {
            r->finished = false;
        }
    }
    if (r->commit && own > sealed) {
        hr_histogram_record(r->commit, own - sealed);
    }
    if (r->everywhere && last > sealed) {
        hr_histogram_record(r->everywhere, last - sealed);
    }
    if (r->due && own > due) {
        hr_histogram_record(r->due, own - due);
    }
    r->elapsed_ns = last > board->go_ns ? last - board->go_ns : 0;
    memcpy(r->root, board->roots[h * run->validators], HR_HASH_BYTES);
}

static void judge(const struct hr_block_run *run, const struct board *board,
                  const struct pids *pids, struct hr_block_result *r)
{
    uint64_t blocks = board->heights;

    for (uint32_t i = 0; i < run->validators; i++) {
        const struct desk *desk = &board->desks[i];

        if (pids->gone[i]) {
            continue;
        }
        blocks = desk->committed < blocks ? desk->committed : blocks;
        r->same = r->same && desk->digest == board->desks[0].digest;
        r->rounds += desk->rounds;
        r->rebuilds += desk->rebuilds;
        r->polls += desk->polls;
        r->bytes += desk->bytes;
    }
    r->blocks = blocks;
    r->orders =
        blocks * run->orders_per_block < run->orders ? blocks * run->orders_per_block : run->orders;
    r->ticks_ns = blocks * run->tick_ns;
    r->digest = board->desks[0].digest;
    r->apply_ns = board->desks[0].apply_ns;
    r->root_ns = board->desks[0].root_ns;
    r->ledger_ns = board->desks[0].ledger_ns;
    r->ledger_ns_max = board->desks[0].ledger_ns_max;
    r->rejoin = board->desks[run->validators - 1].rejoin;
    for (uint64_t h = 1; h <= blocks; h++) {
        judge_height(run, board, pids, h, r);
    }
}

static int drive(const struct hr_block_run *run, struct board *board, struct hr_mesh *mesh,
                 struct hr_block_result *r)
{
    struct pids pids = {.again = run->restart_height != 0};
    int rc = 0;

    for (uint32_t i = 0; i < run->validators && rc == 0; i++) {
        rc = fork_one(run, board, mesh, &pids, i, false);
    }
    hr_mesh_leave(mesh);
    rc = rc ? rc : await(run, board, mesh, &pids, false, READY_NS);
    if (rc == -ETIMEDOUT) {
        rc = hr_fail(ETIMEDOUT, "a validator did not get its books within %u s",
                     (unsigned)(READY_NS / 1000000000));
    }
    if (rc == 0) {
        __atomic_store_n(&board->go_ns, hr_clock_ns() + START_AFTER_NS, __ATOMIC_RELEASE);
        rc = await(run, board, mesh, &pids, true, run->most_ns);
        r->finished = rc == 0;
        rc = rc == -ETIMEDOUT ? 0 : rc; /* too slow is an answer */
    }
    if (rc == 0) {
        r->same = true;
        judge(run, board, &pids, r);
    }
    end(run, board, &pids);
    return rc;
}

int hr_block_run(const struct hr_block_run *run, struct hr_block_result *r)
{
    struct hr_histogram *commit = r->commit, *everywhere = r->everywhere, *due = r->due;
    struct board *board = board_new(blocks_of(run), run->validators);
    struct hr_mesh *mesh = NULL;
    char folder[HR_BLOCK_FOLDER_MAX];
    int rc;

    *r = (struct hr_block_result){.commit = commit, .everywhere = everywhere, .due = due};
    if (!board) {
        return -ENOMEM;
    }
    rc = hr_mesh_new(&mesh, run->validators);
    for (uint32_t i = 0; run->ledger && i < run->validators && rc == 0; i++) {
        rc = hr_block_folder(run->ledger, i, folder);
        if (rc == 0 && mkdir(folder, 0777)) {
            rc = hr_fail(errno, "%s: %s", folder, strerror(errno));
        }
    }
    rc = rc ? rc : drive(run, board, mesh, r);
    hr_mesh_free(mesh);
    munmap(board, board->bytes);
    return rc;
}
