/*
 * block_quorum.c - does a quorum of validators hold this block? Everyone tells everyone, once a
 * round: the plainest protocol there is, and the ruler of the other. And what both share.
 */
#include "suites/block_agree.h"

#include "harness/error.h"

#include <errno.h>

const struct hr_agree_ops *const hr_agree_all[] = {&hr_agree_quorum, &hr_agree_fpc, NULL};

const struct hr_agree_ops *hr_agree_find(const char *name)
{
    for (int i = 0; hr_agree_all[i]; i++) {
        if (strcmp(hr_agree_all[i]->name, name) == 0) {
            return hr_agree_all[i];
        }
    }
    hr_fail(EINVAL, "no block protocol '%s': there are quorum and fpc", name);
    return NULL;
}

uint32_t hr_faults(uint32_t validators)
{
    return (validators - 1) / 3;
}

uint32_t hr_quorum(uint32_t validators)
{
    return (validators + hr_faults(validators)) / 2 + 1;
}

void hr_agree_init(struct hr_agree *a, const struct hr_agree_ops *ops,
                   const struct hr_agree_params *params)
{
    *a = (struct hr_agree){.ops = ops,
                           .params = *params,
                           .quorum = hr_quorum(params->validators),
                           .faults = hr_faults(params->validators)};
}

void hr_agree_height(struct hr_agree *a, uint64_t height)
{
    struct hr_agree_params params = a->params;

    hr_agree_init(a, a->ops, &params);
    a->height = height;
}

void hr_agree_round(struct hr_agree *a, uint32_t round)
{
    a->round = round;
    a->started = a->decided = false;
}

void hr_agree_start(struct hr_agree *a, uint64_t now_ns, const uint8_t opinion[HR_HASH_BYTES])
{
    a->started = true;
    a->held[a->round] = true;
    memcpy(a->opinion, opinion, HR_HASH_BYTES);
    memcpy(a->last[a->round], opinion, HR_HASH_BYTES);
    a->ops->start(a, now_ns);
}

static void tell(struct hr_agree *a, uint32_t round, uint8_t again)
{
    struct hr_block_message m = {
        .kind = HR_BLOCK_PREVOTE, .again = again, .height = a->height, .round = round};

    memcpy(m.hash, a->last[round], HR_HASH_BYTES);
    a->params.send(a->params.context, HR_TO_ALL, &m);
}

void hr_agree_say_again(struct hr_agree *a)
{
    for (uint32_t round = 0; round <= a->round && a->ops == &hr_agree_quorum; round++) {
        if (a->held[round]) {
            tell(a, round, 1);
        }
    }
}

/* The hash that a quorum holds in this round; NULL if there is none. */
static const uint8_t *of_quorum(const struct hr_agree *a, uint32_t round)
{
    for (uint32_t i = 0; i < a->params.validators; i++) {
        uint32_t same = 0;

        for (uint32_t j = 0; a->of.quorum_state.has[round][i] && j < a->params.validators; j++) {
            same += a->of.quorum_state.has[round][j] &&
                    hr_hash_same(a->of.quorum_state.votes[round][i],
                                 a->of.quorum_state.votes[round][j]);
        }
        if (same >= a->quorum) {
            return a->of.quorum_state.votes[round][i];
        }
    }
    return NULL;
}

static void note(struct hr_agree *a, uint32_t round, uint32_t from, const uint8_t *hash)
{
    if (round >= HR_ROUNDS_MAX || a->of.quorum_state.has[round][from]) {
        return; /* who says two things is held to the first */
    }
    a->of.quorum_state.has[round][from] = true;
    memcpy(a->of.quorum_state.votes[round][from], hash, HR_HASH_BYTES);
    if (a->started && !a->decided && round == a->round) {
        const uint8_t *held = of_quorum(a, round);

        if (held) {
            a->decided = true;
            memcpy(a->opinion, held, HR_HASH_BYTES);
        }
    }
}

static void quorum_start(struct hr_agree *a, uint64_t now_ns)
{
    const uint8_t *held;

    (void)now_ns;
    tell(a, a->round, 0);
    note(a, a->round, a->params.me, a->last[a->round]);
    held = of_quorum(a, a->round); /* of votes that came before our own, too */
    if (held) {
        a->decided = true;
        memcpy(a->opinion, held, HR_HASH_BYTES);
    }
}

static void quorum_receive(struct hr_agree *a, uint64_t now_ns, uint32_t from,
                           const struct hr_block_message *m)
{
    (void)now_ns;
    if (m->kind == HR_BLOCK_PREVOTE) {
        note(a, m->round, from, m->hash);
    }
}

static uint64_t quorum_tick(struct hr_agree *a, uint64_t now_ns)
{
    (void)a, (void)now_ns;
    return HR_NEVER;
}

static bool quorum_certified(const struct hr_agree *a, uint32_t *round, uint8_t hash[HR_HASH_BYTES])
{
    for (uint32_t r = a->round + 1; r-- > 0;) {
        const uint8_t *held = of_quorum(a, r);

        if (held && !hr_hash_none(held)) {
            *round = r;
            memcpy(hash, held, HR_HASH_BYTES);
            return true;
        }
    }
    return false;
}

static uint32_t quorum_delays(const struct hr_agree_params *params)
{
    /* A quorum of two is who proposes and who hears of it. */
    return hr_quorum(params->validators) > 2;
}

const struct hr_agree_ops hr_agree_quorum = {
    .name = "quorum",
    .summary = "each tells all; a quorum decides",
    .certifies = true,
    .delays = quorum_delays,
    .start = quorum_start,
    .receive = quorum_receive,
    .tick = quorum_tick,
    .certified = quorum_certified,
};
