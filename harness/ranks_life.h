/*
 * ranks_life.h - which rank died? A TCP connection from each rank to rank 0 that carries nothing.
 *
 * MPI does not tell that a rank died, and its process managers kill the rest without saying which
 * was first. The kernel closes a dead process's connections at once, on every host; so each rank
 * holds one to rank 0, and closed means gone. Rank 0's ends are held by its witness too: a process
 * that waits for nothing else, remembers the first that closed, and outlives rank 0.
 *
 * The port is whatever the system gives, on all addresses; who connects must know a random token
 * that went over MPI.
 *
 * Threads: one. Errors: 0 or a negative errno with hr_error().
 */
#ifndef HR_RANKS_LIFE_H
#define HR_RANKS_LIFE_H

#include "harness/ranks_backend.h"

#define HR_LIFE_CALL_MAX 1024

struct hr_life;

/* Rank 0: listens; call is what the others need, "TOKEN PORT ADDRESS …". */
int hr_life_listen(struct hr_life **life, int size, char call[HR_LIFE_CALL_MAX]);
/* Another rank: connects to the first address that answers. */
int hr_life_connect(struct hr_life **life, int rank, const char *call);
/* Rank 0, when all others said that they connected (or could not): takes those connections. How
 * many are missing. */
int hr_life_accept(struct hr_life *life);
/* Rank 0: starts the witness. facts: of each rank, copied. */
int hr_life_watch(struct hr_life *life, const struct hr_rank_facts *facts, hr_ranks_widow widow);
void hr_life_folder(struct hr_life *life, const char *folder);
/* The first rank whose connection closed (on the others: 0), or -1. */
int hr_life_lost(struct hr_life *life);
/* The end is orderly: the witness goes; the connections stay. Accepts NULL. */
void hr_life_dismiss(struct hr_life *life);
/* The same, and closes. Accepts NULL. */
void hr_life_end(struct hr_life *life);

#endif
