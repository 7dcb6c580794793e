/*
 * block_validator.c - what does one validator do with what it hears?
 *
 * How: three steps a round (wait for a proposal, agree about it, vote), each with a time limit;
 * what came for the next height waits; whatever is missing is asked for. What it cannot see:
 * whether the others are who they say; that is the link's to know.
 */
#include "suites/block_state.h"

#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>

void hr_validator_send(const struct hr_validator *v, uint32_t to, const struct hr_block_message *m)
{
    v->params.host->send(v->params.context, to, m);
}

static void agree_send(void *context, uint32_t to, const struct hr_block_message *m)
{
    hr_validator_send(context, to, m);
}

static const uint8_t *last_hash(const struct hr_validator *v)
{
    uint64_t here = v->committed - v->past.height;

    return here ? v->chain[here - 1]->hash : v->past.hash;
}

const struct hr_block *hr_validator_past(struct hr_validator *v, uint64_t height,
                                         const uint8_t **root, uint32_t *round)
{
    const struct hr_validator_host *host = v->params.host;

    if (height > v->past.height) {
        *root = v->roots[height - v->past.height - 1];
        *round = v->rounds[height - v->past.height - 1];
        return v->chain[height - v->past.height - 1];
    }
    if (!v->recalled || v->recalled->head.height != height) {
        free(v->recalled);
        v->recalled = host->recall ? host->recall(v->params.context, height, v->recalled_root,
                                                  &v->recalled_round)
                                   : NULL;
    }
    *root = v->recalled_root;
    *round = v->recalled_round;
    return v->recalled;
}

const struct hr_block *hr_validator_find(const struct hr_validator *v, const uint8_t *hash)
{
    for (uint32_t i = 0; i < v->seen_count; i++) {
        if (hr_hash_same(v->seen[i]->hash, hash)) {
            return v->seen[i];
        }
    }
    return NULL;
}

/* Does it stand on what is committed here? */
bool hr_validator_fits(const struct hr_validator *v, const struct hr_block *block)
{
    return block->head.height == hr_validator_height(v) && block->head.first == v->orders &&
           block->head.proposer < v->params.validators &&
           hr_hash_same(block->head.parent, last_hash(v)) && hr_block_sound(block);
}

/* Takes the block over; NULL (and freed) if there is no room for it. */
const struct hr_block *hr_validator_take(struct hr_validator *v, struct hr_block *block)
{
    const struct hr_block *had = block ? hr_validator_find(v, block->hash) : NULL;

    if (had || v->seen_count == HR_SEEN_MAX || !block) {
        free(block);
        return had;
    }
    v->seen[v->seen_count++] = block;
    return block;
}

/* ---- the engine ------------------------------------------------------------------------ */

static void undo(struct hr_validator *v)
{
    uint8_t root[HR_HASH_BYTES];

    v->applied = false;
    v->counts.rebuilds++;
    v->broken = v->params.host->reset(v->params.context);
    for (uint64_t i = 0; i < v->committed - v->past.height && v->broken == 0; i++) {
        v->broken = v->params.host->apply(v->params.context, v->chain[i], root);
        if (v->broken == 0 && !hr_hash_same(root, v->roots[i])) {
            v->broken = hr_fail(EBADMSG, "the engine came to another root for block %llu again",
                                (unsigned long long)(v->past.height + i + 1));
        }
    }
}

/* 0 if the engine now stands behind this block. */
static int apply(struct hr_validator *v, const struct hr_block *block)
{
    if (v->applied && hr_hash_same(v->applied_hash, block->hash)) {
        return 0;
    }
    if (v->applied) {
        undo(v);
    }
    if (v->broken == 0) {
        v->broken = v->params.host->apply(v->params.context, block, v->applied_root);
    }
    if (v->broken == 0) {
        v->applied = true;
        memcpy(v->applied_hash, block->hash, HR_HASH_BYTES);
    }
    return v->broken;
}

/* ---- committing ------------------------------------------------------------------------ */

static void drop_height(struct hr_validator *v)
{
    for (uint32_t i = 0; i < v->seen_count; i++) {
        free(v->seen[i]);
    }
    for (uint32_t i = 0; i < HR_VALIDATORS_MAX; i++) {
        free(v->said[i].block);
        v->said[i].block = NULL;
    }
    v->seen_count = 0;
}

static void enter_height(struct hr_validator *v, uint64_t now_ns)
{
    bool before = v->record.height == hr_validator_height(v);
    struct hr_waiting waiting[HR_WAITING_MAX];
    uint32_t count = v->waiting_count;

    drop_height(v);
    memset(v->proposals, 0, sizeof(v->proposals));
    memset(v->votes, 0, sizeof(v->votes));
    memset(v->peer_round, 0, sizeof(v->peer_round));
    v->wants = false;
    v->silent = hr_validator_height(v) < v->record.height;
    v->holds = v->held_before = before && v->record.holds;
    v->held_round = v->record.held_round;
    memcpy(v->held, v->record.held, HR_HASH_BYTES);
    v->again_ns = now_ns + v->params.again_ns;
    hr_agree_height(&v->agree, hr_validator_height(v));
    hr_validator_enter_round(v, now_ns, before ? v->record.round + 1 : 0);
    memcpy(waiting, v->waiting, count * sizeof(waiting[0]));
    v->waiting_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        hr_validator_receive(v, now_ns, waiting[i].from, &waiting[i].m);
        free(waiting[i].block);
    }
}

static int append(struct hr_validator *v, const struct hr_block *block, const uint8_t *root,
                  uint32_t round)
{
    uint64_t here = v->committed - v->past.height;
    struct hr_block *copy;

    if (here == v->chain_room) {
        uint64_t room = v->chain_room ? 2 * v->chain_room : 64;
        struct hr_block **chain = realloc(v->chain, room * sizeof(*chain));
        uint8_t(*roots)[HR_HASH_BYTES] = realloc(v->roots, room * sizeof(*roots));

        uint32_t *rounds = realloc(v->rounds, room * sizeof(*rounds));

        v->chain = chain ? chain : v->chain;
        v->roots = roots ? roots : v->roots;
        v->rounds = rounds ? rounds : v->rounds;
        if (!chain || !roots || !rounds) {
            return hr_fail(ENOMEM, "no memory for %llu blocks", (unsigned long long)room);
        }
        v->chain_room = room;
    }
    copy = hr_block_copy(block);
    if (!copy) {
        return -ENOMEM;
    }
    v->chain[here] = copy;
    memcpy(v->roots[here], root, HR_HASH_BYTES);
    v->rounds[here] = round;
    v->committed++;
    v->orders += copy->head.count;
    return 0;
}

void hr_validator_commit(struct hr_validator *v, uint64_t now_ns, const struct hr_block *block,
                         const uint8_t *root, uint32_t round)
{
    if (apply(v, block)) {
        return;
    }
    if (!hr_hash_same(v->applied_root, root)) {
        v->broken = hr_fail(EBADMSG,
                            "this validator's engine came to another state root at height %llu "
                            "than the quorum",
                            (unsigned long long)hr_validator_height(v));
        return;
    }
    v->broken = append(v, block, root, round);
    if (v->broken) {
        return;
    }
    v->applied = false;
    v->counts.polls += v->agree.polls;
    v->counts.rounds += round;
    v->params.host->committed(v->params.context, now_ns,
                              v->chain[v->committed - v->past.height - 1], root, round);
    enter_height(v, now_ns);
}

/* ---- voting ---------------------------------------------------------------------------- */

static void keep(struct hr_validator *v)
{
    struct hr_vote_record record = {.height = hr_validator_height(v),
                                    .round = v->round,
                                    .holds = v->holds,
                                    .held_round = v->held_round};

    memcpy(record.held, v->held, HR_HASH_BYTES);
    v->params.host->keep(v->params.context, &record);
}

static void tell_vote(struct hr_validator *v, uint32_t round, uint8_t again)
{
    const struct hr_vote *vote = &v->votes[round][v->params.me];
    struct hr_block_message m = {.kind = HR_BLOCK_PRECOMMIT,
                                 .again = again,
                                 .height = hr_validator_height(v),
                                 .round = round};

    memcpy(m.hash, vote->hash, HR_HASH_BYTES);
    memcpy(m.root, vote->root, HR_HASH_BYTES);
    hr_validator_send(v, HR_TO_ALL, &m);
}

/* For a block that is applied, or, with NULL, for nothing. */
static void vote(struct hr_validator *v, uint64_t now_ns, const struct hr_block *block)
{
    struct hr_vote *mine = &v->votes[v->round][v->params.me];

    v->step = HR_STEP_VOTED;
    v->step_due_ns = now_ns + v->params.vote_ns * (v->round + 1);
    mine->has = true;
    if (block) {
        memcpy(mine->hash, block->hash, HR_HASH_BYTES);
        memcpy(mine->root, v->applied_root, HR_HASH_BYTES);
        v->held_before = v->held_before && hr_hash_same(v->held, block->hash);
        v->holds = true;
        v->held_round = v->round;
        memcpy(v->held, block->hash, HR_HASH_BYTES);
    }
    keep(v);
    tell_vote(v, v->round, 0);
    hr_validator_check_votes(v, now_ns);
}

/* Can any round in which we voted for what we hold have committed it? */
static bool can_be_committed(const struct hr_validator *v)
{
    for (uint32_t r = 0; r <= v->round; r++) {
        const struct hr_vote *mine = &v->votes[r][v->params.me];
        uint32_t others = 0;

        if (!mine->has || !hr_hash_same(mine->hash, v->held)) {
            continue;
        }
        for (uint32_t i = 0; i < v->params.validators; i++) {
            others += v->votes[r][i].has && !hr_hash_same(v->votes[r][i].hash, v->held);
        }
        if (v->params.validators - others + v->agree.faults >= v->agree.quorum) {
            return true;
        }
    }
    return v->held_before;
}

static void let_go(struct hr_validator *v)
{
    uint8_t hash[HR_HASH_BYTES];
    uint32_t round;

    if (!v->holds) {
        return;
    }
    if (v->agree.ops->certified(&v->agree, &round, hash) && round > v->held_round &&
        !hr_hash_same(hash, v->held)) {
        v->holds = v->held_before = false;
    } else if (!can_be_committed(v)) {
        v->holds = false;
    }
}

static void want(struct hr_validator *v, const uint8_t *hash)
{
    struct hr_block_message m = {.kind = HR_BLOCK_WANT, .height = hr_validator_height(v)};

    v->wants = true;
    memcpy(v->wanted, hash, HR_HASH_BYTES);
    memcpy(m.hash, hash, HR_HASH_BYTES);
    hr_validator_send(v, HR_TO_ALL, &m);
}

void hr_validator_check_decided(struct hr_validator *v, uint64_t now_ns)
{
    const struct hr_block *block;

    if (v->step != HR_STEP_AGREE || !v->agree.decided || v->broken) {
        return;
    }
    if (hr_hash_none(v->agree.opinion)) {
        vote(v, now_ns, NULL);
        return;
    }
    block = hr_validator_find(v, v->agree.opinion);
    if (!block) {
        if (!v->wants || !hr_hash_same(v->wanted, v->agree.opinion)) {
            want(v, v->agree.opinion);
        }
        return;
    }
    let_go(v);
    if (v->holds && !hr_hash_same(v->held, block->hash) && !v->agree.ops->certifies) {
        vote(v, now_ns, NULL);
    } else if (apply(v, block) == 0) {
        vote(v, now_ns, block);
    }
}

void hr_validator_check_votes(struct hr_validator *v, uint64_t now_ns)
{
    for (uint32_t r = 0; r < HR_ROUNDS_MAX && !v->broken; r++) {
        for (uint32_t i = 0; i < v->params.validators; i++) {
            const struct hr_vote *a = &v->votes[r][i];
            const struct hr_block *block;
            uint8_t root[HR_HASH_BYTES];
            uint32_t same = 0;

            if (!a->has || hr_hash_none(a->hash)) {
                continue;
            }
            for (uint32_t j = 0; j < v->params.validators; j++) {
                const struct hr_vote *b = &v->votes[r][j];

                same += b->has && hr_hash_same(a->hash, b->hash) && hr_hash_same(a->root, b->root);
            }
            if (same < v->agree.quorum) {
                continue;
            }
            block = hr_validator_find(v, a->hash);
            if (block) {
                memcpy(root, a->root, sizeof(root));
                hr_validator_commit(v, now_ns, block, root, r);
            } else if (!v->wants || !hr_hash_same(v->wanted, a->hash)) {
                want(v, a->hash);
            }
            return;
        }
    }
}

/* ---- rounds ---------------------------------------------------------------------------- */

void hr_validator_check_proposal(struct hr_validator *v, uint64_t now_ns)
{
    static const uint8_t nothing[HR_HASH_BYTES];
    const struct hr_block *block = v->proposals[v->round];
    bool hold;

    if (v->step != HR_STEP_WAIT || !block || v->broken) {
        return;
    }
    let_go(v);
    hold = !v->holds || hr_hash_same(v->held, block->hash);
    v->step = HR_STEP_AGREE;
    v->step_due_ns = now_ns + v->params.vote_ns * (v->round + 1);
    keep(v);
    hr_agree_start(&v->agree, now_ns, hold ? block->hash : nothing);
    if (hold) {
        apply(v, block); /* while the others' opinions are on their way */
    }
    hr_validator_check_decided(v, now_ns);
}

/* Leads the round, if it is ours and there is something to propose. */
static void check_lead(struct hr_validator *v, uint64_t now_ns)
{
    struct hr_block_head head = {
        .height = hr_validator_height(v), .first = v->orders, .proposer = v->params.me};
    struct hr_block_message m = {.kind = HR_BLOCK_PROPOSE, .height = head.height};
    const struct hr_block *block = NULL;
    uint8_t hash[HR_HASH_BYTES];
    uint32_t round;

    v->gather_ns = HR_NEVER;
    if (v->step != HR_STEP_WAIT || v->proposals[v->round] || v->broken ||
        hr_block_leader(head.height, v->round, v->params.validators) != v->params.me) {
        return;
    }
    let_go(v);
    if (v->agree.ops->certified(&v->agree, &round, hash)) {
        block = hr_validator_find(v, hash);
    }
    if (!block && v->holds) {
        block = hr_validator_find(v, v->held);
    }
    if (!block) {
        memcpy(head.parent, last_hash(v), HR_HASH_BYTES);
        block = hr_validator_take(
            v, v->params.host->gather(v->params.context, now_ns, &head, &v->gather_ns));
    }
    if (block) {
        v->proposals[v->round] = block;
        m.round = v->round;
        m.block = block;
        hr_validator_send(v, HR_TO_ALL, &m);
        hr_validator_check_proposal(v, now_ns);
    }
}

void hr_validator_enter_round(struct hr_validator *v, uint64_t now_ns, uint32_t round)
{
    if (round >= HR_ROUNDS_MAX) {
        v->step_due_ns = HR_NEVER; /* what is said again may still help */
        return;
    }
    v->round = round;
    v->step = HR_STEP_WAIT;
    v->step_due_ns = now_ns + v->params.propose_ns * (round + 1);
    v->peer_round[v->params.me] = round;
    hr_agree_round(&v->agree, round);
    v->gather_ns = HR_NEVER;
    if (v->silent) {
        v->step_due_ns = HR_NEVER;
        return;
    }
    check_lead(v, now_ns);
    if (v->round == round && v->step == HR_STEP_WAIT) {
        hr_validator_check_proposal(v, now_ns);
    }
}

void hr_validator_catch_round(struct hr_validator *v, uint64_t now_ns)
{
    for (uint32_t i = 0; i < v->params.validators; i++) {
        uint32_t there = 0;

        for (uint32_t j = 0; v->peer_round[i] > v->round && j < v->params.validators; j++) {
            there += v->peer_round[j] >= v->peer_round[i];
        }
        if (there > v->agree.faults) {
            hr_validator_enter_round(v, now_ns, v->peer_round[i]);
            return;
        }
    }
}

static void step_over(struct hr_validator *v, uint64_t now_ns)
{
    static const uint8_t nothing[HR_HASH_BYTES];

    if (v->step == HR_STEP_WAIT) {
        v->step = HR_STEP_AGREE;
        v->step_due_ns = now_ns + v->params.vote_ns * (v->round + 1);
        keep(v);
        hr_agree_start(&v->agree, now_ns, nothing);
        hr_validator_check_decided(v, now_ns);
    } else if (v->step == HR_STEP_AGREE) {
        vote(v, now_ns, NULL);
    } else {
        hr_validator_enter_round(v, now_ns, v->round + 1);
    }
}

void hr_validator_ask(struct hr_validator *v, uint64_t now_ns)
{
    v->again_ns = now_ns + v->params.again_ns;
    hr_validator_send(
        v, HR_TO_ALL,
        &(struct hr_block_message){.kind = HR_BLOCK_FETCH, .height = hr_validator_height(v)});
}

static void say_again(struct hr_validator *v, uint64_t now_ns)
{
    const struct hr_block *block = v->proposals[v->round];

    v->again_ns = now_ns + v->params.again_ns;
    if (block &&
        hr_block_leader(hr_validator_height(v), v->round, v->params.validators) == v->params.me) {
        hr_validator_send(v, HR_TO_ALL,
                          &(struct hr_block_message){.kind = HR_BLOCK_PROPOSE,
                                                     .again = 1,
                                                     .height = hr_validator_height(v),
                                                     .round = v->round,
                                                     .block = block});
    }
    hr_agree_say_again(&v->agree);
    for (uint32_t r = 0; r <= v->round; r++) {
        if (v->votes[r][v->params.me].has) {
            tell_vote(v, r, 1);
        }
    }
    if (v->wants) {
        want(v, v->wanted);
    }
    if (v->ahead > hr_validator_height(v) || v->silent) {
        hr_validator_ask(v, now_ns);
    }
}

uint64_t hr_validator_tick(struct hr_validator *v, uint64_t now_ns)
{
    uint64_t agree_ns;

    if (v->broken) {
        return HR_NEVER;
    }
    if (now_ns >= v->gather_ns) {
        check_lead(v, now_ns);
    }
    agree_ns = v->agree.ops->tick(&v->agree, now_ns);
    hr_validator_check_decided(v, now_ns);
    if (now_ns >= v->step_due_ns) {
        step_over(v, now_ns);
    }
    if (now_ns >= v->again_ns) {
        say_again(v, now_ns);
    }
    agree_ns = agree_ns < v->step_due_ns ? agree_ns : v->step_due_ns;
    agree_ns = agree_ns < v->gather_ns ? agree_ns : v->gather_ns;
    return agree_ns < v->again_ns ? agree_ns : v->again_ns;
}

/* ---- its life ---------------------------------------------------------------------------- */

int hr_validator_new(struct hr_validator **out, const struct hr_validator_params *params,
                     const struct hr_vote_record *record)
{
    struct hr_validator *v = calloc(1, sizeof(*v));

    *out = NULL;
    if (!v) {
        return hr_fail(ENOMEM, "no memory for a validator");
    }
    v->params = *params;
    if (record) {
        v->record = *record;
        v->ahead = record->height;
    }
    hr_agree_init(&v->agree, params->protocol,
                  &(struct hr_agree_params){.validators = params->validators,
                                            .me = params->me,
                                            .fpc = params->fpc,
                                            .seed = params->seed,
                                            .poll_ns = params->poll_ns,
                                            .send = agree_send,
                                            .context = v});
    v->gather_ns = HR_NEVER;
    *out = v;
    return 0;
}

void hr_validator_free(struct hr_validator *v)
{
    if (!v) {
        return;
    }
    drop_height(v);
    for (uint32_t i = 0; i < v->waiting_count; i++) {
        free(v->waiting[i].block);
    }
    for (uint64_t i = 0; i < v->committed - v->past.height; i++) {
        free(v->chain[i]);
    }
    free(v->recalled);
    free(v->chain);
    free(v->roots);
    free(v->rounds);
    free(v);
}

void hr_validator_stand(struct hr_validator *v, const struct hr_block_past *past)
{
    v->past = *past;
    v->committed = past->height;
    v->orders = past->orders;
}

void hr_validator_start(struct hr_validator *v, uint64_t now_ns)
{
    enter_height(v, now_ns);
    if (v->silent || v->past.height) {
        hr_validator_ask(v, now_ns);
    }
}

uint64_t hr_validator_committed(const struct hr_validator *v)
{
    return v->committed;
}

const struct hr_block *hr_validator_block(const struct hr_validator *v, uint64_t height,
                                          const uint8_t **root)
{
    if (height <= v->past.height || height > v->committed) {
        return NULL;
    }
    if (root) {
        *root = v->roots[height - v->past.height - 1];
    }
    return v->chain[height - v->past.height - 1];
}

int hr_validator_broken(const struct hr_validator *v)
{
    return v->broken;
}

const struct hr_validator_counts *hr_validator_counts(const struct hr_validator *v)
{
    return &v->counts;
}
