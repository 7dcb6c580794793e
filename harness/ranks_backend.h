/* ranks_backend.h - what a back end of ranks.h implements; seen by ranks*.c alone. */
#ifndef HR_RANKS_BACKEND_H
#define HR_RANKS_BACKEND_H

#include "harness/platform/platform.h"
#include "harness/ranks.h"

#define HR_RANK_HOST_MAX 64

struct hr_ranks_ops {
    /* 1 if it was taken, 0 if not now, -errno. */
    int (*send)(struct hr_ranks *ranks, int to, const void *bytes, size_t count);
    /* The count of a message, 0 if there is none, -errno. */
    int (*receive)(struct hr_ranks *ranks, int *from, void *bytes);
    /* Sets ranks->lost (and how it ended, if known) if a rank's connection is closed. Cheap enough
     * for every turn of a waiting loop. */
    void (*look)(struct hr_ranks *ranks);
    void (*folder)(struct hr_ranks *ranks, const char *folder); /* may be NULL */
    void (*end)(struct hr_ranks *ranks, int status);
};

struct hr_rank_facts {
    char host[HR_RANK_HOST_MAX]; /* its name, to be shown */
    char boot[HR_BOOT_ID_MAX];   /* what tells hosts apart: each container has a name of its own */
    long process;
};

struct hr_ranks {
    const struct hr_ranks_ops *ops;
    void *backend;
    int rank, size;
    int lost;     /* -1: none */
    char how[64]; /* "signal 9", or "" */
    char kind[96];
    struct hr_rank_facts *facts; /* of each; on rank 0 only */
};

struct hr_ranks *hr_ranks_new(const struct hr_ranks_ops *ops, int rank, int size);
void hr_ranks_free(struct hr_ranks *ranks);
/* This host's name and this process. */
void hr_rank_self(struct hr_rank_facts *facts);
/* "rank 2 of 3 (host h, process 71) died: signal 9", into text. */
void hr_rank_obituary(int rank, int size, const struct hr_rank_facts *facts, const char *how,
                      char *text, size_t bytes);

/* Sets up a rank's connection: it never blocks, never raises SIGPIPE, is closed on exec. 0 or -1.
 */
int hr_rank_socket(int fd);

/* ---- ranks_mpi.c: the other way to be one ---- */
int hr_ranks_mpi_join(struct hr_ranks **ranks, hr_ranks_widow widow);

#endif
