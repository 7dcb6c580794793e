/*
 * block_validator.h - one validator: proposals and votes in, votes and committed blocks out.
 *
 * Height by height. Validator (height + round) modulo n leads a round: it gathers a block and
 * proposes it. Each validator takes a sound proposal for its opinion, applies it on its own engine
 * meanwhile, comes to a decision with the others (block_agree.h), and votes for what was decided;
 * the vote carries the state root that its own engine came to. A quorum of votes for one hash and
 * one root in one round commits the block. A round without a commit is followed by the next.
 *
 * Safety. A validator votes once a round, and holds on to the block that it voted for: it votes for
 * another one at that height only after a later round's quorum of opinions for that one (protocols
 * that certify), or when the votes that it has seen show that no round in which it voted for its
 * block can have committed it. Two quorums share an honest validator, so no two honest validators
 * commit different blocks, or different roots, at a height, whatever messages are lost, late or
 * lies, as long as at most f lie (block_agree.h). Nothing is signed: what a liar said to one cannot
 * be shown to another, so that a liar can hold up a height. What a validator holds on to must
 * outlive it: keep() is called before a vote goes out, and who starts again must be given it.
 *
 * Who is behind asks for committed blocks, takes one when f + 1 say the same of it, applies it, and
 * must come to the same root. A block that was applied but another one committed is undone by
 * building the engine again from the blocks.
 *
 * A pure state machine, as block_agree.h says: clock given, sockets and engine behind `host`.
 * Threads: one. Errors: broken() with hr_error() text of the moment.
 */
#ifndef HR_BLOCK_VALIDATOR_H
#define HR_BLOCK_VALIDATOR_H

#include "suites/block_agree.h"

/* What must outlive a validator. */
struct hr_vote_record {
    uint64_t height;
    uint32_t round;
    uint32_t holds; /* 1: on to `held` */
    uint32_t held_round, reserved;
    uint8_t held[HR_HASH_BYTES];
};

/* Where a validator stands that comes back with its books: behind the last block it had. */
struct hr_block_past {
    uint64_t height, orders; /* of all blocks up to there */
    uint8_t hash[HR_HASH_BYTES];
};

struct hr_validator_host {
    void (*send)(void *context, uint32_t to, const struct hr_block_message *m);
    /* A block for this height on top of parent and `first` orders, owned by the caller; NULL if
     * there is none yet, and when to ask again. */
    struct hr_block *(*gather)(void *context, uint64_t now_ns, const struct hr_block_head *head,
                               uint64_t *again_ns);
    /* On top of what was applied; the state root. 0 or -errno. */
    int (*apply)(void *context, const struct hr_block *block, uint8_t root[HR_HASH_BYTES]);
    int (*reset)(void *context); /* to before the first block, or behind the past */
    void (*keep)(void *context, const struct hr_vote_record *record);
    void (*committed)(void *context, uint64_t now_ns, const struct hr_block *block,
                      const uint8_t root[HR_HASH_BYTES], uint32_t round);
    /* A block of the past, the validator's to free; NULL: not to be had. NULL without a past. */
    struct hr_block *(*recall)(void *context, uint64_t height, uint8_t root[HR_HASH_BYTES],
                               uint32_t *round);
};

struct hr_validator_params {
    uint32_t validators, me;
    const struct hr_agree_ops *protocol;
    struct hr_fpc_params fpc;
    uint64_t seed;
    uint64_t propose_ns; /* a leader is waited for so long; a round later, twice as long … */
    uint64_t vote_ns;    /* and opinions and votes */
    uint64_t poll_ns;    /* and the answers to a poll */
    uint64_t again_ns;   /* things are said again after so long without a commit */
    const struct hr_validator_host *host;
    void *context;
};

struct hr_validator;
/* record may be NULL: never ran before. */
int hr_validator_new(struct hr_validator **v, const struct hr_validator_params *params,
                     const struct hr_vote_record *record);
/* Before it starts: what was committed is behind it, and its engine stands there. */
void hr_validator_stand(struct hr_validator *v, const struct hr_block_past *past);
void hr_validator_start(struct hr_validator *v, uint64_t now_ns);
void hr_validator_free(struct hr_validator *v); /* accepts NULL */
void hr_validator_receive(struct hr_validator *v, uint64_t now_ns, uint32_t from,
                          const struct hr_block_message *m);
/* Does what is due; when to come again at the latest. */
uint64_t hr_validator_tick(struct hr_validator *v, uint64_t now_ns);

uint64_t hr_validator_committed(const struct hr_validator *v); /* height */
/* NULL if not committed in this life; heights from 1. */
const struct hr_block *hr_validator_block(const struct hr_validator *v, uint64_t height,
                                          const uint8_t **root);
/* 0, or why it stopped: its engine failed, or came to another root than the quorum. */
int hr_validator_broken(const struct hr_validator *v);
struct hr_validator_counts {
    uint64_t rounds;   /* beyond the first of each height */
    uint64_t rebuilds; /* of the engine */
    uint64_t fetched;  /* blocks taken from others when behind */
    uint64_t polls;
    uint64_t unlike; /* votes of others for a block of ours with another root */
};
const struct hr_validator_counts *hr_validator_counts(const struct hr_validator *v);
static inline uint32_t hr_block_leader(uint64_t height, uint32_t round, uint32_t validators)
{
    return (uint32_t)((height + round) % validators);
}

#endif
