/* cluster_messages.h - what rank 0 and a node say to each other (cluster.h), and what a node is.
 * Structs of one build: ranks_mpi.c refuses others. */
#ifndef HR_CLUSTER_MESSAGES_H
#define HR_CLUSTER_MESSAGES_H

#include "harness/cluster.h"

enum hr_cluster_kind {
    HR_CLUSTER_OPEN, /* body: hr_cluster_open */
    HR_CLUSTER_PART, /* requests of the node's part of the tape */
    HR_CLUSTER_MAKE, /* body: hr_cluster_make: the node makes its part itself */
    HR_CLUSTER_LOAD, /* build the books; answer READY */
    HR_CLUSTER_READY,
    HR_CLUSTER_GO,     /* drive the share; answer DONE */
    HR_CLUSTER_BATCH,  /* requests to be matched now; answer ACK */
    HR_CLUSTER_ACK,    /* body: hr_cluster_done, of the batch: requests, events, trades */
    HR_CLUSTER_FINISH, /* answer DONE */
    HR_CLUSTER_DONE,   /* body: hr_cluster_done, of the run */
    HR_CLUSTER_CLOSE,  /* free what OPEN took */
    HR_CLUSTER_FAILED, /* body: the message */
    HR_CLUSTER_PING,   /* count 1: answer with the whole message, else with its head */
    HR_CLUSTER_PONG,
};

struct hr_cluster_head {
    uint32_t kind, run; /* run: the number of the run, so that stale answers are known */
    uint32_t count;     /* requests behind it */
    uint32_t reserved;
};

struct hr_cluster_open {
    struct eut_limits limits;
    uint64_t load, steady; /* requests of its part */
    uint32_t engine, batch;
    uint32_t first, end; /* its markets */
    int32_t cpu;
    uint32_t made; /* 1: by the node */
};

/* A flow, and how much of it: of all markets. */
struct hr_cluster_make {
    struct hr_flow_params flow;
    uint64_t steady;
};

struct hr_cluster_done {
    uint64_t requests, events, trades, digest, ns;
    int64_t switches;
};

struct hr_cluster_message {
    struct hr_cluster_head head;
    union {
        struct hr_cluster_open open;
        struct hr_cluster_make make;
        struct hr_cluster_done done;
        char text[512];
        struct eut_request requests[HR_CLUSTER_BATCH_MAX];
        unsigned char all[HR_RANK_MESSAGE_MAX - sizeof(struct hr_cluster_head)];
    } body;
};
_Static_assert(sizeof(struct hr_cluster_message) == HR_RANK_MESSAGE_MAX, "a message fits a rank's");
_Static_assert(sizeof(struct hr_cluster_done) > 1, "a message of one byte sends a rank home");

/* A node: an engine, its markets, its part of the tape. Rank 0 has one of its own. */
struct hr_cluster_node {
    const struct hr_cluster_parts *parts;
    struct hr_cluster_open open;
    struct hr_path *path;
    struct eut_request *requests;
    uint64_t filled;
    /* What it made itself, and of what; kept for the next run of the same. */
    struct hr_tape made;
    struct hr_cluster_make made_of;
    uint32_t made_first, made_end;
    struct hr_cluster_done done; /* so far */
};

int hr_cluster_node_open(struct hr_cluster_node *node, const struct hr_cluster_open *open);
int hr_cluster_node_part(struct hr_cluster_node *node, const struct eut_request *requests,
                         uint32_t count);
int hr_cluster_node_make(struct hr_cluster_node *node, const struct hr_cluster_make *make);
int hr_cluster_node_load(struct hr_cluster_node *node);
/* Its share of the steady phase. */
int hr_cluster_node_go(struct hr_cluster_node *node);
/* ack: of this batch. */
int hr_cluster_node_batch(struct hr_cluster_node *node, const struct eut_request *requests,
                          uint32_t count, struct hr_cluster_done *ack);
/* What it did in all, with its digest. */
int hr_cluster_node_finish(struct hr_cluster_node *node, struct hr_cluster_done *done);
void hr_cluster_node_close(struct hr_cluster_node *node);
/* And what it made. */
void hr_cluster_node_free(struct hr_cluster_node *node);

#endif
