/*
 * block_agree.h - how validators come to one opinion about a proposal: one small interface, two
 * protocols.
 *
 * In every round of a height each validator has an opinion: the hash of the proposed block, or
 * nothing. A protocol turns the opinions into a decision, the same for all if it can; what is
 * decided is then voted for (block_validator.h), and a block is committed by a quorum of votes that
 * carry one state root. So safety hangs on the votes alone: a protocol that fails costs a round.
 *
 *   quorum  every validator tells all others its opinion once; a quorum of one hash decides it.
 *   fpc     Fast Probabilistic Consensus: S. Popov and W. J. Buchanan, "FPC-BI: Fast Probabilistic
 *           Consensus within Byzantine Infrastructures", 2019 (arXiv 1905.10895). Polls: each asks
 *           k of the others, drawn with replacement, and holds the block if the share of those who
 *           do is above a threshold: fixed in the first poll, in later ones drawn for all alike
 *           from beta … 1 - beta. Who holds one opinion through l polls in a row, after a cooling
 *           off, has decided; after m_max polls it decides on nothing. The common random number is
 *           here SHA-256 of seed, height, round and poll: an adversary can know it beforehand,
 *           which the paper's would not allow.
 *
 * Quorums: q = (n + f) / 2 + 1 with f = (n - 1) / 3 byzantine validators: two quorums share an
 * honest one. n = 3 tolerates none (f = 0, q = 2), n = 4 one (q = 3), n = 7 two (q = 5).
 *
 * A pure state machine: messages in, messages out by `send`, the clock given. It takes no time of
 * its own and draws no random number that the seed does not give. Threads: one.
 */
#ifndef HR_BLOCK_AGREE_H
#define HR_BLOCK_AGREE_H

#include "suites/block.h"

#define HR_VALIDATORS_MAX 16u
#define HR_ROUNDS_MAX 64u
#define HR_TO_ALL UINT32_MAX /* all others */
#define HR_NEVER UINT64_MAX

struct hr_fpc_params {
    uint32_t k, l, cooling, m_max;
    double first, beta;
};

struct hr_agree_params {
    uint32_t validators, me;
    struct hr_fpc_params fpc;
    uint64_t seed;
    uint64_t poll_ns; /* who has not answered by then is not waited for */
    void (*send)(void *context, uint32_t to, const struct hr_block_message *m);
    void *context;
};

struct hr_agree_ops;
struct hr_agree {
    const struct hr_agree_ops *ops;
    struct hr_agree_params params;
    uint32_t quorum, faults; /* q and f */
    uint64_t height;
    uint32_t round;
    bool started; /* in this round */
    bool decided;
    uint8_t opinion[HR_HASH_BYTES]; /* in this round: ours; decided: the decision */
    bool held[HR_ROUNDS_MAX];       /* the rounds of this height that we had an opinion in, */
    uint8_t last[HR_ROUNDS_MAX][HR_HASH_BYTES]; /* and the last one there */
    uint64_t polls;                             /* since the height began */
    union {
        struct {
            bool has[HR_ROUNDS_MAX][HR_VALIDATORS_MAX];
            uint8_t votes[HR_ROUNDS_MAX][HR_VALIDATORS_MAX][HR_HASH_BYTES];
        } quorum_state;
        struct {
            uint32_t poll, same;
            uint64_t due_ns;
            uint32_t weight[HR_VALIDATORS_MAX]; /* how often each was drawn for this poll */
            bool answered[HR_VALIDATORS_MAX], holds[HR_VALIDATORS_MAX];
            bool asked[HR_VALIDATORS_MAX]; /* a question that waits for our opinion, */
            uint32_t asked_round[HR_VALIDATORS_MAX], asked_poll[HR_VALIDATORS_MAX];
            uint8_t proposal[HR_HASH_BYTES];
            uint32_t draws;
        } fpc_state;
    } of;
};

struct hr_agree_ops {
    const char *name, *summary;
    bool certifies; /* a decision shows that a quorum held it: a lock may be given up for it */
    /* One-way delays from the proposal's arrival to the decision, at the least: with one for the
     * proposal and one for the votes, what lies between sealing and the last commit. */
    uint32_t (*delays)(const struct hr_agree_params *params);
    /* Our opinion in this round; the round is a->round. */
    void (*start)(struct hr_agree *a, uint64_t now_ns);
    void (*receive)(struct hr_agree *a, uint64_t now_ns, uint32_t from,
                    const struct hr_block_message *m);
    /* Does what is due; when to come again. */
    uint64_t (*tick)(struct hr_agree *a, uint64_t now_ns);
    /* The latest round, at most a->round, in which a quorum was seen to hold one hash. False if
     * none, or if the protocol cannot show it. */
    bool (*certified)(const struct hr_agree *a, uint32_t *round, uint8_t hash[HR_HASH_BYTES]);
};

extern const struct hr_agree_ops hr_agree_quorum, hr_agree_fpc;
extern const struct hr_agree_ops *const hr_agree_all[]; /* ended by NULL */
/* NULL with a message. */
const struct hr_agree_ops *hr_agree_find(const char *name);

/* f and q, as above. */
uint32_t hr_faults(uint32_t validators);
uint32_t hr_quorum(uint32_t validators);

void hr_agree_init(struct hr_agree *a, const struct hr_agree_ops *ops,
                   const struct hr_agree_params *params);
void hr_agree_height(struct hr_agree *a, uint64_t height);
/* Before its start. */
void hr_agree_round(struct hr_agree *a, uint32_t round);
/* `opinion`: the proposal's hash or 32 bytes of 0. */
void hr_agree_start(struct hr_agree *a, uint64_t now_ns, const uint8_t opinion[HR_HASH_BYTES]);
/* Says our opinion of this height once more, for who did not hear it. */
void hr_agree_say_again(struct hr_agree *a);

#endif
