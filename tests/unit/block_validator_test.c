/* block_validator_test.c - whatever is lost, late, dead, restarted or lies: do no two honest
 * validators ever commit different blocks or roots at a height, and do they go on committing?
 *
 * Whole networks of validators in one thread, with a clock that the test moves: a seed decides
 * every delay, loss, death and lie, so that a failure is found again by its seed. */
#include "harness/error.h"
#include "harness/sha256.h"
#include "suites/block_validator.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)
#define HEIGHTS 6u
#define HEIGHTS_MAX 400u
#define QUEUE_MAX (1u << 16)
#define KNOWN_MAX 64u
#define END_NS (4000 * MS)
/* One thread lives in each world, and a sanitizer has seen after a fifth what it can see. */
#define WORLDS(seeds) (HR_SANITIZED ? (seeds) / 5 : (seeds))

enum fault { NONE, LOSS, SLOW, DEAD, RESTART, LIAR, FAULTS };

struct letter {
    uint64_t at_ns, order;
    uint32_t from, to;
    struct hr_block_message m;
    struct hr_block *block;
};

struct node {
    struct world *world;
    uint32_t me;
    struct hr_validator *v;
    struct hr_vote_record record;
    bool kept, dead, liar;
    uint64_t dies_ns, rises_ns, due_ns;
    uint8_t root[HR_HASH_BYTES];
    uint64_t bias; /* an engine that is wrong from this height on; 0: never */
    uint64_t height;
};

struct world {
    uint32_t n;
    uint64_t seed, now_ns, order, draw;
    enum fault fault;
    const struct hr_agree_ops *protocol;
    struct hr_fpc_params fpc;
    struct node nodes[HR_VALIDATORS_MAX];
    struct letter *queue[QUEUE_MAX];
    uint32_t queued;
    /* what honest validators committed */
    bool known[HEIGHTS_MAX];
    uint8_t hashes[HEIGHTS_MAX][HR_HASH_BYTES], roots[HEIGHTS_MAX][HR_HASH_BYTES];
    bool split;
    /* what liars have heard of */
    struct hr_block *blocks[KNOWN_MAX];
    struct {
        uint8_t hash[HR_HASH_BYTES], root[HR_HASH_BYTES];
    } pairs[KNOWN_MAX];
    uint32_t blocks_count, pairs_count;
};

static uint64_t roll(struct world *w, uint64_t below)
{
    w->draw ^= w->draw << 13;
    w->draw ^= w->draw >> 7;
    w->draw ^= w->draw << 17;
    return (w->draw * UINT64_C(0x2545F4914F6CDD1D) >> 11) % below;
}

/* ---- the post ---- */

static bool before(const struct letter *a, const struct letter *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void push(struct world *w, struct letter *l)
{
    uint32_t i = w->queued++;

    CHECK(w->queued < QUEUE_MAX);
    for (; i && before(l, w->queue[(i - 1) / 2]); i = (i - 1) / 2) {
        w->queue[i] = w->queue[(i - 1) / 2];
    }
    w->queue[i] = l;
}

static struct letter *pop(struct world *w)
{
    struct letter *first = w->queue[0], *last = w->queue[--w->queued];
    uint32_t i = 0;

    for (uint32_t child; (child = 2 * i + 1) < w->queued; i = child) {
        child += child + 1 < w->queued && before(w->queue[child + 1], w->queue[child]);
        if (!before(w->queue[child], last)) {
            break;
        }
        w->queue[i] = w->queue[child];
    }
    w->queue[i] = last;
    return first;
}

static void post_one(struct world *w, uint32_t from, uint32_t to, const struct hr_block_message *m)
{
    struct letter *l;
    uint64_t late = 1 + roll(w, MS);

    if (w->nodes[from].liar && w->nodes[to].liar) {
        return; /* they share what they know */
    }
    if (w->fault == LOSS && w->now_ns < 500 * MS && roll(w, 4) == 0) {
        return;
    }
    if (w->fault == SLOW && (from == w->seed % w->n || to == w->seed % w->n)) {
        late += roll(w, 60 * MS);
    }
    l = calloc(1, sizeof(*l));
    *l = (struct letter){
        .at_ns = w->now_ns + late, .order = w->order++, .from = from, .to = to, .m = *m};
    if (m->block) {
        l->block = hr_block_copy(m->block);
        l->m.block = l->block;
    }
    push(w, l);
}

static void post(void *context, uint32_t to, const struct hr_block_message *m)
{
    struct node *node = context;

    for (uint32_t i = 0; i < node->world->n; i++) {
        if (i != node->me && (to == HR_TO_ALL || to == i)) {
            post_one(node->world, node->me, i, m);
        }
    }
}

/* ---- the host of a validator: an engine that is a chain of hashes ---- */

static struct hr_block *made(struct world *w, const struct hr_block_head *head)
{
    struct eut_request orders[3];
    struct hr_block_head filled = *head;

    memset(orders, 0, sizeof(orders));
    filled.count = (uint32_t)roll(w, 4);
    for (uint32_t i = 0; i < 3; i++) {
        orders[i].order = roll(w, UINT64_MAX >> 1);
    }
    return hr_block_seal(&filled, orders);
}

static struct hr_block *gather(void *context, uint64_t now_ns, const struct hr_block_head *head,
                               uint64_t *again_ns)
{
    struct node *node = context;
    uint64_t due = head->height * MS;

    if (now_ns < due) {
        *again_ns = due;
        return NULL;
    }
    return made(node->world, head);
}

static int apply(void *context, const struct hr_block *block, uint8_t root[HR_HASH_BYTES])
{
    struct node *node = context;
    struct hr_sha256 s;

    node->height = block->head.height;
    hr_sha256_init(&s);
    hr_sha256_update(&s, node->root, sizeof(node->root));
    hr_sha256_update(&s, block->hash, sizeof(block->hash));
    if (node->bias && node->height >= node->bias) {
        hr_sha256_update(&s, "wrong", 5);
    }
    hr_sha256_final(&s, node->root);
    memcpy(root, node->root, HR_HASH_BYTES);
    return 0;
}

static int reset(void *context)
{
    memset(((struct node *)context)->root, 0, HR_HASH_BYTES);
    return 0;
}

static void keep(void *context, const struct hr_vote_record *record)
{
    struct node *node = context;

    node->record = *record;
    node->kept = true;
}

static void committed(void *context, uint64_t now_ns, const struct hr_block *block,
                      const uint8_t root[HR_HASH_BYTES], uint32_t round)
{
    struct node *node = context;
    struct world *w = node->world;
    uint64_t h = block->head.height;

    (void)now_ns, (void)round;
    if (node->liar || h >= HEIGHTS_MAX) {
        return;
    }
    if (!w->known[h]) {
        w->known[h] = true;
        memcpy(w->hashes[h], block->hash, HR_HASH_BYTES);
        memcpy(w->roots[h], root, HR_HASH_BYTES);
    }
    w->split =
        w->split || !hr_hash_same(w->hashes[h], block->hash) || !hr_hash_same(w->roots[h], root);
}

static const struct hr_validator_host host = {.send = post,
                                              .gather = gather,
                                              .apply = apply,
                                              .reset = reset,
                                              .keep = keep,
                                              .committed = committed};

static void rise(struct world *w, struct node *node)
{
    struct hr_validator_params params = {.validators = w->n,
                                         .me = node->me,
                                         .protocol = w->protocol,
                                         .fpc = w->fpc,
                                         .seed = w->seed,
                                         .propose_ns = 20 * MS,
                                         .vote_ns = (w->protocol == &hr_agree_fpc ? 120 : 20) * MS,
                                         .poll_ns = 3 * MS,
                                         .again_ns = 15 * MS,
                                         .host = &host,
                                         .context = node};

    reset(node);
    node->dead = false;
    CHECK_EQ(hr_validator_new(&node->v, &params, node->kept ? &node->record : NULL), 0);
    hr_validator_start(node->v, w->now_ns);
    node->due_ns = 0;
}

/* ---- liars: each says to each what it likes, with what it has heard ---- */

static void hear_for_lies(struct world *w, const struct hr_block_message *m)
{
    if (m->block && m->kind == HR_BLOCK_PROPOSE) {
        if (w->blocks_count == KNOWN_MAX) { /* the oldest is forgotten */
            free(w->blocks[0]);
            memmove(w->blocks, w->blocks + 1, (KNOWN_MAX - 1) * sizeof(w->blocks[0]));
            w->blocks_count--;
        }
        w->blocks[w->blocks_count++] = hr_block_copy(m->block);
    }
    if (m->kind == HR_BLOCK_PRECOMMIT && !hr_hash_none(m->hash)) {
        uint32_t i = w->pairs_count < KNOWN_MAX ? w->pairs_count++ : (uint32_t)roll(w, KNOWN_MAX);

        memcpy(w->pairs[i].hash, m->hash, HR_HASH_BYTES);
        memcpy(w->pairs[i].root, m->root, HR_HASH_BYTES);
    }
}

static void some_hash(struct world *w, uint8_t hash[HR_HASH_BYTES])
{
    uint64_t pick = roll(w, 8);

    memset(hash, 0, HR_HASH_BYTES);
    if (pick && w->blocks_count) {
        uint32_t last = w->blocks_count < 4 ? w->blocks_count : 4;

        memcpy(hash, w->blocks[w->blocks_count - 1 - roll(w, last)]->hash, HR_HASH_BYTES);
    }
}

/* What an honest engine would come to; liars know all that was committed. */
static void true_root(const struct world *w, const struct hr_block *block,
                      uint8_t root[HR_HASH_BYTES])
{
    static const uint8_t genesis[HR_HASH_BYTES];
    uint64_t h = block->head.height;
    struct hr_sha256 s;

    hr_sha256_init(&s);
    hr_sha256_update(&s, h > 1 && h < HEIGHTS_MAX ? w->roots[h - 1] : genesis, HR_HASH_BYTES);
    hr_sha256_update(&s, block->hash, sizeof(block->hash));
    hr_sha256_final(&s, root);
}

/* To one, that this block is held and voted for. */
static void back_up(struct world *w, const struct node *node, uint32_t to, uint32_t round,
                    const struct hr_block *block)
{
    struct hr_block_message m = {
        .kind = HR_BLOCK_PREVOTE, .height = block->head.height, .round = round};

    memcpy(m.hash, block->hash, HR_HASH_BYTES);
    post_one(w, node->me, to, &m);
    m.kind = HR_BLOCK_PRECOMMIT;
    true_root(w, block, m.root);
    post_one(w, node->me, to, &m);
}

/* Two blocks at one height, to whom it likes. */
static void lie_as_leader(struct world *w, struct node *node, const struct hr_block_message *m)
{
    struct hr_block_head head = {.height = m->height, .proposer = node->me};
    const struct hr_block *base = NULL;
    struct hr_block *two[2];

    for (uint32_t i = 0; i < w->blocks_count; i++) {
        if (w->blocks[i]->head.height == m->height) {
            base = w->blocks[i];
        }
    }
    if (base) {
        head = base->head;
        head.proposer = node->me;
    } else if (m->height > 1 && w->known[m->height - 1]) {
        memcpy(head.parent, w->hashes[m->height - 1], HR_HASH_BYTES);
        for (uint32_t i = 0; i < w->blocks_count; i++) {
            if (hr_hash_same(w->blocks[i]->hash, head.parent)) {
                head.first = w->blocks[i]->head.first + w->blocks[i]->head.count;
            }
        }
    }
    for (int i = 0; i < 2; i++) {
        struct hr_block_message lie = {
            .kind = HR_BLOCK_PROPOSE, .height = m->height, .round = m->round};

        two[i] = made(w, &head);
        lie.block = two[i];
        hear_for_lies(w, &lie);
    }
    for (uint32_t to = 0; to < w->n; to++) {
        struct hr_block_message lie = {.kind = HR_BLOCK_PROPOSE,
                                       .height = m->height,
                                       .round = m->round,
                                       .block = two[roll(w, 2)]};

        if (to != node->me && roll(w, 5)) {
            post_one(w, node->me, to, &lie);
            back_up(w, node, to, m->round, lie.block);
        }
    }
    free(two[0]);
    free(two[1]);
}

static void lie(struct world *w, struct node *node, uint32_t from, const struct hr_block_message *m)
{
    hear_for_lies(w, m);
    if (m->kind == HR_BLOCK_QUERY && roll(w, 8)) {
        struct hr_block_message l = {
            .kind = HR_BLOCK_OPINION, .height = m->height, .round = m->round, .poll = m->poll};

        some_hash(w, l.hash);
        post_one(w, node->me, from, &l);
    }
    if (m->kind == HR_BLOCK_WANT || m->kind == HR_BLOCK_FETCH) {
        for (uint32_t i = 0; i < w->blocks_count; i++) {
            if (w->blocks[i]->head.height == m->height && roll(w, 2)) {
                struct hr_block_message l = {.kind = m->kind == HR_BLOCK_WANT ? HR_BLOCK_GIVE
                                                                              : HR_BLOCK_COMMITTED,
                                             .height = m->height,
                                             .block = w->blocks[i]};

                memcpy(l.hash, l.block->hash, HR_HASH_BYTES);
                post_one(w, node->me, from, &l);
            }
        }
    }
    if ((m->kind == HR_BLOCK_PREVOTE || m->kind == HR_BLOCK_PRECOMMIT ||
         m->kind == HR_BLOCK_PROPOSE) &&
        roll(w, 3) == 0) {
        for (uint32_t to = 0; to < w->n; to++) {
            struct hr_block_message l = {.kind = HR_BLOCK_PREVOTE,
                                         .height = m->height,
                                         .round = m->round + (uint32_t)roll(w, 2)};

            if (to == node->me) {
                continue;
            }
            some_hash(w, l.hash);
            post_one(w, node->me, to, &l);
            l.kind = HR_BLOCK_PRECOMMIT;
            l.round = m->round;
            if (w->pairs_count && roll(w, 4)) {
                uint32_t i = (uint32_t)roll(w, w->pairs_count);

                memcpy(l.hash, w->pairs[i].hash, HR_HASH_BYTES);
                memcpy(l.root, w->pairs[i].root, HR_HASH_BYTES);
            }
            post_one(w, node->me, to, &l);
        }
    }
    /* To each that it is right, whatever it holds. */
    for (uint32_t i = 0; m->kind == HR_BLOCK_PREVOTE && i < w->blocks_count; i++) {
        if (hr_hash_same(w->blocks[i]->hash, m->hash) && roll(w, 2)) {
            back_up(w, node, from, m->round, w->blocks[i]);
        }
    }
    for (uint32_t r = m->round; r < m->round + 2; r++) {
        if (hr_block_leader(m->height, r, w->n) == node->me && roll(w, 6) == 0) {
            struct hr_block_message l = *m;

            l.round = r;
            lie_as_leader(w, node, &l);
        }
    }
}

/* ---- the world ---- */

static struct world *world_new(uint32_t n, enum fault fault, const struct hr_agree_ops *protocol,
                               uint64_t seed, uint32_t liars)
{
    struct world *w = calloc(1, sizeof(*w));

    w->n = n;
    w->seed = seed;
    w->draw = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
    w->fault = fault;
    w->protocol = protocol;
    w->fpc = (struct hr_fpc_params){
        .k = fault == LIAR ? 60 : 10, .l = 5, .cooling = 1, .m_max = 30, .first = 0.5, .beta = 0.3};
    for (int i = 0; i < 5; i++) {
        roll(w, 2);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct node *node = &w->nodes[i];
        bool struck = (i + seed) % n < (hr_faults(n) ? hr_faults(n) : 1);

        node->world = w;
        node->me = i;
        node->dies_ns = node->rises_ns = HR_NEVER;
        node->liar = fault == LIAR && (i + seed) % n < liars;
        if (struck && (fault == DEAD || fault == RESTART)) {
            node->dies_ns = roll(w, 30 * MS);
            if (fault == RESTART) {
                node->rises_ns = node->dies_ns + roll(w, 100 * MS);
            }
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!w->nodes[i].liar) {
            rise(w, &w->nodes[i]);
        }
    }
    return w;
}

static void world_free(struct world *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        hr_validator_free(w->nodes[i].v);
    }
    for (uint32_t i = 0; i < w->queued; i++) {
        free(w->queue[i]->block);
        free(w->queue[i]);
    }
    for (uint32_t i = 0; i < w->blocks_count; i++) {
        free(w->blocks[i]);
    }
    free(w);
}

/* Honest validators that live for good have this height. */
static bool all_have(const struct world *w, uint64_t height)
{
    for (uint32_t i = 0; i < w->n; i++) {
        const struct node *node = &w->nodes[i];
        bool gone = node->dies_ns != HR_NEVER && node->rises_ns == HR_NEVER;

        if (!node->liar && !gone && (!node->v || hr_validator_committed(node->v) < height)) {
            return false;
        }
    }
    return true;
}

static void live_and_die(struct world *w, struct node *node)
{
    if (node->dies_ns != HR_NEVER && w->now_ns >= node->dies_ns && !node->dead && node->v &&
        (node->rises_ns == HR_NEVER || w->now_ns < node->rises_ns)) {
        hr_validator_free(node->v); /* and all that it knew, but for its record */
        node->v = NULL;
        node->dead = true;
    }
    if (node->dead && node->rises_ns != HR_NEVER && w->now_ns >= node->rises_ns) {
        rise(w, node);
    }
}

static void deliver(struct world *w)
{
    struct letter *l = pop(w);
    struct node *to = &w->nodes[l->to];

    if (to->liar && w->queued > 200) {
        hear_for_lies(w, &l->m); /* enough was said */
    } else if (to->liar) {
        lie(w, to, l->from, &l->m);
    } else if (to->v) {
        hr_validator_receive(to->v, w->now_ns, l->from, &l->m);
        to->due_ns = 0;
    }
    free(l->block);
    free(l);
}

/* Until all have this height, or the end. */
static bool world_run(struct world *w, uint64_t height)
{
    while (!all_have(w, height) && !w->split) {
        uint64_t next = w->queued ? w->queue[0]->at_ns : HR_NEVER;

        for (uint32_t i = 0; i < w->n; i++) {
            struct node *node = &w->nodes[i];

            live_and_die(w, node);
            if (node->v && w->now_ns >= node->due_ns) {
                node->due_ns = hr_validator_tick(node->v, w->now_ns);
            }
            if (node->v && node->due_ns < next) {
                next = node->due_ns;
            }
            if (node->dies_ns > w->now_ns && node->dies_ns < next) {
                next = node->dies_ns;
            }
            if (node->dead && node->rises_ns < next) {
                next = node->rises_ns;
            }
        }
        next = w->queued && w->queue[0]->at_ns < next ? w->queue[0]->at_ns : next;
        if (next > END_NS) {
            return false;
        }
        w->now_ns = next > w->now_ns ? next : w->now_ns;
        while (w->queued && w->queue[0]->at_ns <= w->now_ns) {
            deliver(w);
        }
    }
    return !w->split;
}

static const char *const fault_names[FAULTS] = {"none", "loss", "slow", "dead", "restart", "liar"};

/* How many of the seeds did not come to the end. */
static unsigned many(const struct hr_agree_ops *protocol, enum fault fault, uint32_t n,
                     uint64_t seeds)
{
    unsigned stalled = 0;

    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct world *w = world_new(n, fault, protocol, seed, hr_faults(n));

        stalled += !world_run(w, HEIGHTS);
        if (w->split) {
            FAIL("%s, %u validators, %s, seed %llu: two honest validators committed differently",
                 protocol->name, n, fault_names[fault], (unsigned long long)seed);
        }
        for (uint32_t i = 0; i < n; i++) {
            if (w->nodes[i].v && hr_validator_broken(w->nodes[i].v)) {
                FAIL("%s, %u validators, %s, seed %llu: %s", protocol->name, n, fault_names[fault],
                     (unsigned long long)seed, hr_error());
            }
        }
        world_free(w);
    }
    return stalled;
}

static void all_faults(const struct hr_agree_ops *protocol, uint64_t seeds)
{
    static const uint32_t sizes[] = {3, 4, 7};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        for (enum fault fault = NONE; fault < LIAR; fault++) {
            unsigned stalled = many(protocol, fault, sizes[i], seeds);

            if (stalled) {
                FAIL("%s, %u validators, %s: %u of %llu seeds stalled", protocol->name, sizes[i],
                     fault_names[fault], stalled, (unsigned long long)seeds);
            }
        }
    }
}

TEST(block_validator, quorum_agrees_through_loss_delay_death_and_restart)
{
    all_faults(&hr_agree_quorum, WORLDS(150));
}

TEST(block_validator, fpc_agrees_through_loss_delay_death_and_restart)
{
    all_faults(&hr_agree_fpc, WORLDS(30));
}

/* Nothing is signed, so that what a liar said to one cannot be shown to another: it can hold up a
 * height, now and then, and FPC more often; it can never split one. */
TEST(block_validator, liars_cannot_split_a_quorum)
{
    CHECK(many(&hr_agree_quorum, LIAR, 4, WORLDS(400)) < WORLDS(400) / 20);
    CHECK(many(&hr_agree_quorum, LIAR, 7, WORLDS(100)) <= WORLDS(100) / 20);
}

TEST(block_validator, liars_cannot_split_what_fpc_decided)
{
    CHECK(many(&hr_agree_fpc, LIAR, 4, WORLDS(100)) < WORLDS(100) / 2);
    many(&hr_agree_fpc, LIAR, 7, WORLDS(20));
}

/* With three, f = 0: the promise is made for no liar at all, and one is enough to break it. */
TEST(block_validator, three_validators_withstand_no_liar)
{
    unsigned split = 0;

    for (uint64_t seed = 1; seed <= 300 && !split; seed++) {
        struct world *w = world_new(3, LIAR, &hr_agree_quorum, seed, 1);

        world_run(w, HEIGHTS);
        split += w->split;
        world_free(w);
    }
    CHECK(split > 0);
    CHECK_EQ(hr_faults(3), 0);
    CHECK_EQ(hr_quorum(3), 2);
    CHECK_EQ(hr_quorum(4), 3);
    CHECK_EQ(hr_quorum(7), 5);
}

/* An engine that goes wrong does not commit: it stops and says why; the others go on. */
TEST(block_validator, another_root_is_noticed_by_who_has_it)
{
    struct world *w = world_new(4, NONE, &hr_agree_quorum, 5, 0);

    w->nodes[2].bias = 3;
    for (uint32_t i = 0; i < 4; i++) {
        w->nodes[i].rises_ns = HR_NEVER;
    }
    w->nodes[2].dies_ns = HR_NEVER - 1; /* nobody waits for it */
    CHECK(world_run(w, HEIGHTS));
    CHECK_EQ(hr_validator_committed(w->nodes[2].v), 2);
    CHECK_EQ(hr_validator_broken(w->nodes[2].v), -EBADMSG);
    CHECK(strstr(hr_error(), "another state root at height 3") != NULL);
    world_free(w);
}

/* Who was away for long has to fetch every block, and comes to the same root by itself. */
TEST(block_validator, a_late_one_catches_up)
{
    struct world *w = world_new(4, RESTART, &hr_agree_quorum, 4, 0);
    struct node *late = &w->nodes[0];
    const uint8_t *root;

    CHECK(late->dies_ns != HR_NEVER);
    late->rises_ns = 200 * MS;
    CHECK(world_run(w, 60));
    CHECK(hr_validator_counts(late->v)->fetched > 10);
    CHECK(hr_validator_block(late->v, 60, &root) != NULL);
    CHECK(hr_hash_same(root, w->roots[60]));
    CHECK(hr_validator_block(late->v, 0, NULL) == NULL);
    world_free(w);
}

/* Who voted at a height and forgot for what says nothing there: it fetches what was committed, and
 * in the height of its record goes on holding what it held, a round later. */
TEST(block_validator, who_comes_back_does_not_vote_twice)
{
    struct world *w = world_new(4, NONE, &hr_agree_quorum, 9, 0);
    struct node *back = &w->nodes[2];
    struct hr_block_head head = {.height = 1, .proposer = 1};
    struct hr_block *block = made(w, &head);
    struct hr_block_message m = {.kind = HR_BLOCK_PROPOSE, .height = 1, .block = block};
    uint32_t fetches = 0;

    hr_validator_free(back->v);
    back->record = (struct hr_vote_record){.height = 3, .round = 1};
    back->kept = true;
    rise(w, back);
    hr_validator_receive(back->v, w->now_ns, 1, &m);
    hr_validator_tick(back->v, w->now_ns + 10 * MS);
    for (uint32_t i = 0; i < w->queued; i++) {
        if (w->queue[i]->from == 2) {
            fetches += w->queue[i]->m.kind == HR_BLOCK_FETCH;
            CHECK_EQ(w->queue[i]->m.kind, HR_BLOCK_FETCH);
        }
    }
    CHECK_EQ(fetches, 3);
    free(block);
    CHECK(world_run(w, HEIGHTS));
    CHECK(hr_validator_counts(back->v)->fetched >= 2);
    world_free(w);
}
