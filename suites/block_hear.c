/*
 * block_hear.c - what does a validator make of a message? Nothing in it is trusted: it may be old,
 * early, twice, or a lie. Whom it is from is the link's to know.
 */
#include "suites/block_state.h"

#include <stdlib.h>

/* Whoever is still at a height that is committed here is told so; and what is committed is backed
 * up in whatever round he is, since without us he may never see a quorum for it. */
static void hear_past(struct hr_validator *v, uint32_t from, const struct hr_block_message *m)
{
    const uint8_t *root;
    uint32_t round;
    const struct hr_block *block = hr_validator_past(v, m->height, &root, &round);
    struct hr_block_message reply = {
        .kind = m->kind, .height = m->height, .round = m->round, .poll = m->poll};

    if (!block) {
        return;
    }
    memcpy(reply.hash, block->hash, HR_HASH_BYTES);
    memcpy(reply.root, root, HR_HASH_BYTES);
    switch (m->kind) {
    case HR_BLOCK_FETCH:
        reply.kind = HR_BLOCK_COMMITTED;
        reply.block = block;
        break;
    case HR_BLOCK_QUERY:
        reply.kind = HR_BLOCK_OPINION;
        break;
    case HR_BLOCK_WANT:
        if (!hr_hash_same(m->hash, block->hash)) {
            return;
        }
        reply.kind = HR_BLOCK_GIVE;
        reply.block = block;
        break;
    case HR_BLOCK_PREVOTE:
    case HR_BLOCK_PRECOMMIT:
        if (!m->again && m->round <= round) {
            return; /* it was only on its way */
        }
        hr_validator_send(v, from, &reply);
        reply = (struct hr_block_message){.kind = HR_BLOCK_AHEAD, .height = hr_validator_height(v)};
        break;
    default:
        return;
    }
    hr_validator_send(v, from, &reply);
}

static void hear_next(struct hr_validator *v, uint32_t from, const struct hr_block_message *m)
{
    struct hr_waiting *w = &v->waiting[v->waiting_count];

    if (m->height > v->ahead) {
        v->ahead = m->height;
    }
    if (m->height != hr_validator_height(v) + 1 || v->waiting_count == HR_WAITING_MAX ||
        m->kind == HR_BLOCK_FETCH || m->kind == HR_BLOCK_AHEAD) {
        return;
    }
    *w = (struct hr_waiting){.from = from, .m = *m};
    if (m->block) {
        w->block = hr_block_copy(m->block);
        w->m.block = w->block;
        if (!w->block) {
            return;
        }
    }
    v->waiting_count++;
}

static void hear_proposal(struct hr_validator *v, uint64_t now_ns, uint32_t from,
                          const struct hr_block_message *m)
{
    const struct hr_block *block;

    if (m->round >= HR_ROUNDS_MAX || v->proposals[m->round] || !m->block ||
        hr_block_leader(m->height, m->round, v->params.validators) != from ||
        !hr_validator_fits(v, m->block)) {
        return;
    }
    block = hr_validator_take(v, hr_block_copy(m->block));
    v->proposals[m->round] = block;
    if (m->round == v->round) {
        hr_validator_check_proposal(v, now_ns);
    }
    hr_validator_check_decided(v, now_ns);
}

static void hear_given(struct hr_validator *v, uint64_t now_ns, const struct hr_block_message *m)
{
    if (v->wants && m->block && hr_hash_same(v->wanted, m->block->hash) &&
        hr_validator_fits(v, m->block)) {
        hr_validator_take(v, hr_block_copy(m->block));
        v->wants = false;
        hr_validator_check_decided(v, now_ns);
        hr_validator_check_votes(v, now_ns);
    }
}

static void hear_vote(struct hr_validator *v, uint64_t now_ns, uint32_t from,
                      const struct hr_block_message *m)
{
    struct hr_vote *vote;

    if (m->round >= HR_ROUNDS_MAX || v->votes[m->round][from].has) {
        return;
    }
    vote = &v->votes[m->round][from];
    vote->has = true;
    memcpy(vote->hash, m->hash, HR_HASH_BYTES);
    memcpy(vote->root, m->root, HR_HASH_BYTES);
    v->counts.unlike += v->applied && hr_hash_same(v->applied_hash, m->hash) &&
                        !hr_hash_same(v->applied_root, m->root);
    hr_validator_check_votes(v, now_ns);
}

static void hear_committed(struct hr_validator *v, uint64_t now_ns, uint32_t from,
                           const struct hr_block_message *m)
{
    uint32_t same = 0;

    if (!m->block || !hr_validator_fits(v, m->block)) {
        return;
    }
    free(v->said[from].block);
    v->said[from].block = hr_block_copy(m->block);
    memcpy(v->said[from].root, m->root, HR_HASH_BYTES);
    for (uint32_t i = 0; i < v->params.validators; i++) {
        same += v->said[i].block && hr_hash_same(v->said[i].block->hash, m->block->hash) &&
                hr_hash_same(v->said[i].root, m->root);
    }
    if (same > v->agree.faults) {
        uint64_t height = hr_validator_height(v);

        v->counts.fetched++;
        hr_validator_commit(v, now_ns, m->block, m->root, 0);
        if (hr_validator_height(v) > height && v->ahead > hr_validator_height(v)) {
            hr_validator_ask(v, now_ns);
        }
    }
}

void hr_validator_receive(struct hr_validator *v, uint64_t now_ns, uint32_t from,
                          const struct hr_block_message *m)
{
    if (v->broken || from >= v->params.validators || from == v->params.me || m->height == 0) {
        return;
    }
    if (m->height < hr_validator_height(v)) {
        hear_past(v, from, m);
        return;
    }
    if (m->height > hr_validator_height(v)) {
        hear_next(v, from, m);
        return;
    }
    if (v->silent && m->kind != HR_BLOCK_COMMITTED) {
        return;
    }
    if (m->round > v->peer_round[from] && m->round < HR_ROUNDS_MAX &&
        (m->kind == HR_BLOCK_PREVOTE || m->kind == HR_BLOCK_PRECOMMIT ||
         m->kind == HR_BLOCK_QUERY)) {
        v->peer_round[from] = m->round;
        hr_validator_catch_round(v, now_ns);
    }
    switch (m->kind) {
    case HR_BLOCK_PROPOSE:
        hear_proposal(v, now_ns, from, m);
        break;
    case HR_BLOCK_PRECOMMIT:
        hear_vote(v, now_ns, from, m);
        break;
    case HR_BLOCK_COMMITTED:
        hear_committed(v, now_ns, from, m);
        break;
    case HR_BLOCK_GIVE:
        hear_given(v, now_ns, m);
        break;
    case HR_BLOCK_WANT: {
        const struct hr_block *block = hr_validator_find(v, m->hash);

        if (block) {
            hr_validator_send(v, from,
                              &(struct hr_block_message){
                                  .kind = HR_BLOCK_GIVE, .height = m->height, .block = block});
        }
        break;
    }
    default:
        v->agree.ops->receive(&v->agree, now_ns, from, m);
        hr_validator_check_decided(v, now_ns);
    }
}
