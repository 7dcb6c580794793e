/*
 * ranks.h - several processes of this program, perhaps on several machines, and messages between
 * rank 0 and each of the others.
 *
 * Two back ends: MPI, when mpirun (or srun …) started the program (ranks_mpi.c), and plain
 * processes, forked on this host, that need nothing (ranks_fork.c). Rank 0 leads: it measures and
 * reports; the others answer it and say nothing. Messages of one pair of ranks stay in order.
 *
 * A rank that dies is noticed by its connection, which the kernel closes: rank 0's next call then
 * fails with -EPIPE and a message that names the rank, its host and process. A process manager that
 * then kills rank 0 too (MPICH's does, within milliseconds) meets a witness: a process of rank 0's
 * own that looks at the same connections and outlives it, to say who died first and to finish the
 * report from what was saved.
 *
 * Threads: one. Errors: 0 or a negative errno with hr_error().
 */
#ifndef HR_RANKS_H
#define HR_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_RANK_MESSAGE_MAX 65536u /* bytes of a message */
#define HR_RANKS_MAX 1024

struct hr_ranks;

/* The rank that an mpirun gave this process, by its environment; -1 if none did, if it is the only
 * one (srun numbers every program), or with HEADROOM_MPI=none. */
int hr_ranks_given(void);

/* Called by the witness when rank 0 died before hr_ranks_end(): which rank died first, in words,
 * and the folder of hr_ranks_folder(). */
typedef void (*hr_ranks_widow)(const char *folder, const char *why);

/* Joins the ranks that mpirun started; *ranks is NULL, and 0 returned, if none did. -ENODEV if this
 * build has no module for that MPI. */
int hr_ranks_join(struct hr_ranks **ranks, hr_ranks_widow widow);
/* Forks size - 1 processes, each of which does body(ranks, context) and ends; the caller is rank 0
 * of size. */
int hr_ranks_fork(struct hr_ranks **ranks, int size, void (*body)(struct hr_ranks *, void *),
                  void *context);

int hr_ranks_rank(const struct hr_ranks *ranks);
int hr_ranks_size(const struct hr_ranks *ranks);
bool hr_ranks_forked(const struct hr_ranks *ranks);
const char *hr_ranks_kind(const struct hr_ranks *ranks); /* "Open MPI v4.1.4", "forked processes" */
/* On rank 0 only: of that rank. */
const char *hr_ranks_host(const struct hr_ranks *ranks, int rank);
long hr_ranks_process(const struct hr_ranks *ranks, int rank);
/* How many different ones these ranks have. Containers of one machine share its kernel, and are one
 * host whatever they are called; virtual machines cannot be told from machines. */
int hr_ranks_hosts(const struct hr_ranks *ranks, int first, int count);

/* Rank 0 sends to each, the others to 0. Returns when the bytes were taken, not when they arrived;
 * the protocol above bounds what is on its way. count 1 … HR_RANK_MESSAGE_MAX. -EINTR after Ctrl-C
 * on rank 0. */
int hr_ranks_send(struct hr_ranks *ranks, int to, const void *bytes, size_t count);
/* The next message, if one is here: its count; 0 if none is. bytes has HR_RANK_MESSAGE_MAX.
 * -ESHUTDOWN on ranks that rank 0 has sent home. */
int hr_ranks_receive(struct hr_ranks *ranks, int *from, void *bytes);
/* Between two receives that had nothing; idle counts them from 0. Gives the processor away, since
 * there may be more ranks than processors, and sleeps when nothing came for long. */
void hr_ranks_rest(unsigned idle);
#define HR_RANKS_ASLEEP 24000u /* from this many on it sleeps a millisecond each time */

/* The rank that is gone, or -1. */
int hr_ranks_lost(const struct hr_ranks *ranks);
/* -EPIPE, and the message that names it. */
int hr_ranks_tell_lost(const struct hr_ranks *ranks);
/* One that is still there but does not answer counts as gone from now on. */
void hr_ranks_give_up(struct hr_ranks *ranks, int rank);
/* Where this run's result goes, for the witness. */
void hr_ranks_folder(struct hr_ranks *ranks, const char *folder);
/* Sends all home. If a rank is gone the rest is ended with status, and under MPI this process with
 * them: nothing may be left to do. Accepts NULL. */
void hr_ranks_end(struct hr_ranks *ranks, int status);

#endif
