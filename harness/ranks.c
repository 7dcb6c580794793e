/*
 * ranks.c - what both back ends share: how a message waits for its way, how a death is told.
 */
#include "harness/ranks_backend.h"

#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SPINS 50u
#define YIELDS 20000u
#define NAP_NS 50000
#define LONG_NAP_NS 1000000

static const unsigned char farewell; /* a message of one byte sends a rank home */

int hr_ranks_given(void)
{
    static const struct {
        const char *rank, *size;
    } names[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                 {"PMIX_RANK", "SLURM_NTASKS"},
                 {"PMI_RANK", "PMI_SIZE"}};
    const char *asked = getenv("HEADROOM_MPI");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *rank = getenv(names[i].rank), *size = getenv(names[i].size);

        if (rank && *rank && !(size && strcmp(size, "1") == 0) &&
            !(asked && strcmp(asked, "none") == 0)) {
            return atoi(rank);
        }
    }
    return -1;
}

int hr_ranks_join(struct hr_ranks **ranks, hr_ranks_widow widow)
{
    *ranks = NULL;
    return hr_ranks_given() < 0 ? 0 : hr_ranks_mpi_join(ranks, widow);
}

struct hr_ranks *hr_ranks_new(const struct hr_ranks_ops *ops, int rank, int size)
{
    struct hr_ranks *ranks = calloc(1, sizeof(*ranks));

    if (ranks) {
        ranks->facts = calloc((size_t)size, sizeof(*ranks->facts));
    }
    if (!ranks || !ranks->facts) {
        free(ranks);
        hr_fail(ENOMEM, "no memory for %d ranks", size);
        return NULL;
    }
    ranks->ops = ops;
    ranks->rank = rank;
    ranks->size = size;
    ranks->lost = -1;
    return ranks;
}

void hr_ranks_free(struct hr_ranks *ranks)
{
    if (ranks) {
        free(ranks->facts);
    }
    free(ranks);
}

void hr_rank_self(struct hr_rank_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    if (gethostname(facts->host, sizeof(facts->host) - 1)) {
        snprintf(facts->host, sizeof(facts->host), "unknown");
    }
    hr_boot_id(facts->boot);
    facts->process = getpid();
}

void hr_rank_obituary(int rank, int size, const struct hr_rank_facts *facts, const char *how,
                      char *text, size_t bytes)
{
    snprintf(text, bytes, "rank %d of %d (host %s, process %ld) died%s%s", rank, size, facts->host,
             facts->process, *how ? ": " : "", how);
}

int hr_rank_socket(int fd)
{
#ifdef SO_NOSIGPIPE
    if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int))) {
        return -1;
    }
#endif
    return fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK) ? -1 : 0;
}

int hr_ranks_rank(const struct hr_ranks *ranks)
{
    return ranks->rank;
}

int hr_ranks_size(const struct hr_ranks *ranks)
{
    return ranks->size;
}

const char *hr_ranks_kind(const struct hr_ranks *ranks)
{
    return ranks->kind;
}

const char *hr_ranks_host(const struct hr_ranks *ranks, int rank)
{
    return ranks->facts[rank].host;
}

long hr_ranks_process(const struct hr_ranks *ranks, int rank)
{
    return ranks->facts[rank].process;
}

static bool same_host(const struct hr_rank_facts *a, const struct hr_rank_facts *b)
{
    return *a->boot && *b->boot ? strcmp(a->boot, b->boot) == 0 : strcmp(a->host, b->host) == 0;
}

int hr_ranks_hosts(const struct hr_ranks *ranks, int first, int count)
{
    int hosts = 0;

    for (int i = first; i < first + count; i++) {
        int k = first;

        while (k < i && !same_host(ranks->facts + k, ranks->facts + i)) {
            k++;
        }
        hosts += k == i;
    }
    return hosts;
}

int hr_ranks_lost(const struct hr_ranks *ranks)
{
    return ranks->lost;
}

void hr_ranks_give_up(struct hr_ranks *ranks, int rank)
{
    if (ranks->lost < 0) {
        ranks->lost = rank;
        snprintf(ranks->how, sizeof(ranks->how), "it did not answer");
    }
}

int hr_ranks_tell_lost(const struct hr_ranks *ranks)
{
    char text[256];

    if (ranks->rank > 0) {
        return hr_fail(EPIPE, "rank 0 is gone");
    }
    hr_rank_obituary(ranks->lost, ranks->size, ranks->facts + ranks->lost, ranks->how, text,
                     sizeof(text));
    return hr_fail(EPIPE, "%s", text);
}

/* Ctrl-C ends rank 0, and that the others. */
static int stopped(const struct hr_ranks *ranks)
{
    return ranks->rank == 0 && hr_stop_signal() ? hr_fail(EINTR, "interrupted") : 0;
}

int hr_ranks_send(struct hr_ranks *ranks, int to, const void *bytes, size_t count)
{
    for (unsigned idle = 0;; idle++) {
        int rc = ranks->lost < 0 ? ranks->ops->send(ranks, to, bytes, count) : -EPIPE;

        if (rc == 1) {
            return 0;
        }
        if (rc == 0) {
            ranks->ops->look(ranks);
            rc = stopped(ranks);
        }
        if (ranks->lost >= 0) {
            return hr_ranks_tell_lost(ranks);
        }
        if (rc) {
            return rc;
        }
        hr_ranks_rest(idle);
    }
}

int hr_ranks_receive(struct hr_ranks *ranks, int *from, void *bytes)
{
    int rc = ranks->lost < 0 ? ranks->ops->receive(ranks, from, bytes) : -EPIPE;

    if (rc == 0) {
        ranks->ops->look(ranks);
        rc = stopped(ranks);
    }
    if (ranks->lost >= 0) {
        return hr_ranks_tell_lost(ranks);
    }
    return rc == 1 && ranks->rank > 0 ? -ESHUTDOWN : rc;
}

void hr_ranks_rest(unsigned idle)
{
    if (idle < SPINS) {
        return;
    }
    if (idle < YIELDS) {
        sched_yield();
    } else {
        nanosleep(&(struct timespec){.tv_nsec = idle < HR_RANKS_ASLEEP ? NAP_NS : LONG_NAP_NS},
                  NULL);
    }
}

void hr_ranks_folder(struct hr_ranks *ranks, const char *folder)
{
    if (ranks->ops->folder) {
        ranks->ops->folder(ranks, folder);
    }
}

void hr_ranks_end(struct hr_ranks *ranks, int status)
{
    if (!ranks) {
        return;
    }
    for (int r = 1; ranks->rank == 0 && r < ranks->size && ranks->lost < 0; r++) {
        for (unsigned idle = 0; ranks->ops->send(ranks, r, &farewell, 1) == 0; idle++) {
            ranks->ops->look(ranks);
            if (ranks->lost >= 0) {
                break;
            }
            hr_ranks_rest(idle);
        }
    }
    ranks->ops->end(ranks, status);
    hr_ranks_free(ranks);
}
