/*
 * block_state.h - what a validator knows, shared by the two files that it is made of:
 * block_validator.c does, block_hear.c listens.
 */
#ifndef HR_BLOCK_STATE_H
#define HR_BLOCK_STATE_H

#include "suites/block_validator.h"

#define HR_SEEN_MAX 32u     /* blocks proposed at one height */
#define HR_WAITING_MAX 512u /* messages for the next height */

enum hr_validator_step { HR_STEP_WAIT, HR_STEP_AGREE, HR_STEP_VOTED };

struct hr_vote {
    bool has;
    uint8_t hash[HR_HASH_BYTES], root[HR_HASH_BYTES];
};

struct hr_waiting {
    uint32_t from;
    struct hr_block_message m;
    struct hr_block *block;
};

/* What a peer says was committed at our height. */
struct hr_said {
    struct hr_block *block;
    uint8_t root[HR_HASH_BYTES];
};

struct hr_validator {
    struct hr_validator_params params;
    struct hr_agree agree;
    struct hr_validator_counts counts;
    int broken;
    /* what is committed: up to the past in the host's keeping, and from there on here */
    struct hr_block_past past;
    struct hr_block *recalled; /* the last one that was asked for */
    uint8_t recalled_root[HR_HASH_BYTES];
    uint32_t recalled_round;
    struct hr_block **chain;
    uint8_t (*roots)[HR_HASH_BYTES];
    uint32_t *rounds; /* in which each was committed */
    uint64_t committed, chain_room, orders;
    /* what is applied beyond it */
    bool applied;
    uint8_t applied_hash[HR_HASH_BYTES], applied_root[HR_HASH_BYTES];
    /* this height */
    struct hr_block *seen[HR_SEEN_MAX];
    uint32_t seen_count;
    const struct hr_block *proposals[HR_ROUNDS_MAX];
    struct hr_vote votes[HR_ROUNDS_MAX][HR_VALIDATORS_MAX];
    uint32_t peer_round[HR_VALIDATORS_MAX];
    struct hr_said said[HR_VALIDATORS_MAX];
    bool holds, held_before; /* held_before: of an earlier life; we do not know all our votes */
    uint32_t held_round;
    uint8_t held[HR_HASH_BYTES];
    bool silent; /* we voted here in an earlier life, and do not know what for */
    bool wants;
    uint8_t wanted[HR_HASH_BYTES];
    /* this round */
    uint32_t round;
    enum hr_validator_step step;
    uint64_t step_due_ns, gather_ns, again_ns;
    /* beyond it */
    uint64_t ahead; /* the highest height that somebody claims */
    struct hr_waiting waiting[HR_WAITING_MAX];
    uint32_t waiting_count;
    struct hr_vote_record record; /* of the earlier life, until its height is over */
};

static inline uint64_t hr_validator_height(const struct hr_validator *v)
{
    return v->committed + 1;
}
/* A committed block; NULL: not to be had. */
const struct hr_block *hr_validator_past(struct hr_validator *v, uint64_t height,
                                         const uint8_t **root, uint32_t *round);
void hr_validator_send(const struct hr_validator *v, uint32_t to, const struct hr_block_message *m);
/* A block seen at this height; NULL: none. */
const struct hr_block *hr_validator_find(const struct hr_validator *v, const uint8_t *hash);
/* Takes the block over; NULL (and freed) if there is no room for it. */
const struct hr_block *hr_validator_take(struct hr_validator *v, struct hr_block *block);
/* Does it stand on what is committed here? */
bool hr_validator_fits(const struct hr_validator *v, const struct hr_block *block);
void hr_validator_commit(struct hr_validator *v, uint64_t now_ns, const struct hr_block *block,
                         const uint8_t *root, uint32_t round);
void hr_validator_enter_round(struct hr_validator *v, uint64_t now_ns, uint32_t round);
/* Where f + 1 are, one honest is: goes there. */
void hr_validator_catch_round(struct hr_validator *v, uint64_t now_ns);
/* Go on, if what was waited for is there. */
void hr_validator_check_proposal(struct hr_validator *v, uint64_t now_ns);
void hr_validator_check_decided(struct hr_validator *v, uint64_t now_ns);
void hr_validator_check_votes(struct hr_validator *v, uint64_t now_ns);
/* Asks all for what was committed at our height. */
void hr_validator_ask(struct hr_validator *v, uint64_t now_ns);

#endif
