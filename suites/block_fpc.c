/*
 * block_fpc.c - Fast Probabilistic Consensus over "is this proposal held?", as block_agree.h has it
 * from the paper.
 *
 * What is drawn comes from SHA-256 of the seed: the threshold the same for all validators, whom to
 * ask different for each. A question that comes before we have an opinion waits for it. What it
 * cannot give: certainty. With few validators the share of liars in a poll is not small, and those
 * who know the threshold can keep a split alive from poll to poll.
 */
#include "suites/block_agree.h"

#include "harness/sha256.h"

/* 0 … 2^64 - 1, of these numbers. */
static uint64_t draw(const struct hr_agree *a, uint64_t who, uint64_t poll, uint64_t i)
{
    uint64_t of[6] = {a->params.seed, a->height, a->round, poll, who, i}, out;
    uint8_t hash[HR_HASH_BYTES];
    struct hr_sha256 s;

    hr_sha256_init(&s);
    hr_sha256_update(&s, of, sizeof(of));
    hr_sha256_final(&s, hash);
    memcpy(&out, hash, sizeof(out));
    return out;
}

static double threshold(const struct hr_agree *a)
{
    const struct hr_fpc_params *p = &a->params.fpc;
    double part = (double)(draw(a, UINT64_MAX, a->of.fpc_state.poll, 0) >> 11) / 9007199254740992.0;

    return a->of.fpc_state.poll == 0 ? p->first : p->beta + (1 - 2 * p->beta) * part;
}

/* Asks for a poll: k of the others, some perhaps more than once; each is sent one question. */
static void ask(struct hr_agree *a, uint64_t now_ns)
{
    struct hr_block_message m = {.kind = HR_BLOCK_QUERY,
                                 .height = a->height,
                                 .round = a->round,
                                 .poll = a->of.fpc_state.poll};
    uint32_t others = a->params.validators - 1;

    memset(a->of.fpc_state.weight, 0, sizeof(a->of.fpc_state.weight));
    memset(a->of.fpc_state.answered, 0, sizeof(a->of.fpc_state.answered));
    for (uint32_t i = 0; others && i < a->params.fpc.k; i++) {
        uint32_t who = (uint32_t)(draw(a, a->params.me, a->of.fpc_state.poll, i) % others);

        a->of.fpc_state.weight[who + (who >= a->params.me)]++;
    }
    a->of.fpc_state.due_ns = now_ns + a->params.poll_ns;
    a->polls++;
    for (uint32_t i = 0; i < a->params.validators; i++) {
        if (a->of.fpc_state.weight[i]) {
            a->params.send(a->params.context, i, &m);
        }
    }
}

static void answer(struct hr_agree *a, uint32_t to, uint32_t round, uint32_t poll)
{
    struct hr_block_message m = {
        .kind = HR_BLOCK_OPINION, .height = a->height, .round = round, .poll = poll};

    memcpy(m.hash, a->last[round], HR_HASH_BYTES);
    a->params.send(a->params.context, to, &m);
}

static void decide(struct hr_agree *a, const uint8_t *opinion)
{
    memcpy(a->opinion, opinion, HR_HASH_BYTES);
    memcpy(a->last[a->round], opinion, HR_HASH_BYTES);
    a->decided = true;
}

/* What the answers of this poll make of our opinion; then the next poll. */
static void count(struct hr_agree *a, uint64_t now_ns)
{
    static const uint8_t nothing[HR_HASH_BYTES];
    const struct hr_fpc_params *p = &a->params.fpc;
    uint32_t asked = 0, hold = 0;
    bool holds, held = !hr_hash_none(a->opinion);

    for (uint32_t i = 0; i < a->params.validators; i++) {
        if (a->of.fpc_state.answered[i]) {
            asked += a->of.fpc_state.weight[i];
            hold += a->of.fpc_state.holds[i] ? a->of.fpc_state.weight[i] : 0;
        }
    }
    /* Nobody answered: nothing was learned. Who has no proposal cannot hold one. */
    holds = asked ? (double)hold / asked > threshold(a) : held;
    holds = holds && !hr_hash_none(a->of.fpc_state.proposal);
    a->of.fpc_state.poll++;
    if (a->of.fpc_state.poll > p->cooling) {
        a->of.fpc_state.same = holds == held ? a->of.fpc_state.same + 1 : 1;
    }
    memcpy(a->opinion, holds ? a->of.fpc_state.proposal : nothing, HR_HASH_BYTES);
    memcpy(a->last[a->round], a->opinion, HR_HASH_BYTES);
    if (a->of.fpc_state.same >= p->l) {
        decide(a, a->opinion);
    } else if (a->of.fpc_state.poll >= p->m_max) {
        decide(a, nothing);
    } else {
        ask(a, now_ns);
    }
}

static void fpc_start(struct hr_agree *a, uint64_t now_ns)
{
    a->of.fpc_state.poll = a->of.fpc_state.same = 0;
    memcpy(a->of.fpc_state.proposal, a->opinion, HR_HASH_BYTES);
    for (uint32_t i = 0; i < a->params.validators; i++) {
        if (a->of.fpc_state.asked[i] && a->of.fpc_state.asked_round[i] == a->round) {
            a->of.fpc_state.asked[i] = false;
            answer(a, i, a->round, a->of.fpc_state.asked_poll[i]);
        }
    }
    ask(a, now_ns);
}

static void note(struct hr_agree *a, uint64_t now_ns, uint32_t from,
                 const struct hr_block_message *m)
{
    if (!a->started || a->decided || m->round != a->round || m->poll != a->of.fpc_state.poll ||
        !a->of.fpc_state.weight[from] || a->of.fpc_state.answered[from]) {
        return;
    }
    a->of.fpc_state.answered[from] = true;
    /* Another block than ours is held by who was shown another: that is no vote for ours. */
    a->of.fpc_state.holds[from] =
        !hr_hash_none(m->hash) && hr_hash_same(m->hash, a->of.fpc_state.proposal);
    for (uint32_t i = 0; i < a->params.validators; i++) {
        if (a->of.fpc_state.weight[i] && !a->of.fpc_state.answered[i]) {
            return;
        }
    }
    count(a, now_ns);
}

static void fpc_receive(struct hr_agree *a, uint64_t now_ns, uint32_t from,
                        const struct hr_block_message *m)
{
    if (m->round >= HR_ROUNDS_MAX) {
        return;
    }
    if (m->kind == HR_BLOCK_QUERY && a->held[m->round]) {
        answer(a, from, m->round, m->poll);
    } else if (m->kind == HR_BLOCK_QUERY) {
        a->of.fpc_state.asked[from] = true;
        a->of.fpc_state.asked_round[from] = m->round;
        a->of.fpc_state.asked_poll[from] = m->poll;
    } else if (m->kind == HR_BLOCK_OPINION) {
        note(a, now_ns, from, m);
    }
}

static uint64_t fpc_tick(struct hr_agree *a, uint64_t now_ns)
{
    while (a->started && !a->decided && now_ns >= a->of.fpc_state.due_ns) {
        count(a, now_ns);
    }
    return a->started && !a->decided ? a->of.fpc_state.due_ns : HR_NEVER;
}

static bool fpc_certified(const struct hr_agree *a, uint32_t *round, uint8_t hash[HR_HASH_BYTES])
{
    (void)a, (void)round, (void)hash;
    return false;
}

static uint32_t fpc_delays(const struct hr_agree_params *params)
{
    /* The first poll that counts is the one after the cooling off. A question that meets nobody
     * with an opinion waits, so that a poll is two delays. */
    return 2 * (params->fpc.cooling + params->fpc.l);
}

const struct hr_agree_ops hr_agree_fpc = {
    .name = "fpc",
    .summary = "Fast Probabilistic Consensus: polls against a random threshold",
    .delays = fpc_delays,
    .start = fpc_start,
    .receive = fpc_receive,
    .tick = fpc_tick,
    .certified = fpc_certified,
};
