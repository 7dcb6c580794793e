/*
 * run_ranks.h - the other processes of `headroom run`: those that mpirun started, or those forked
 * for the suite cluster where it started none.
 */
#ifndef HR_RUN_RANKS_H
#define HR_RUN_RANKS_H

#include "suites/suite.h"

/* Whom rank 0 would lead: as many as mpirun started, else as many as would be forked. */
int hr_run_ranks_size(const struct hr_bench *bench);
/* Joins mpirun's ranks; bench->ranks stays NULL without. */
int hr_run_ranks_join(struct hr_bench *bench);
/* This process is not rank 0: it does what that says until it is sent home. parts: its engines, or
 * why there are none. Ends bench->ranks. */
int hr_run_ranks_serve(struct hr_bench *bench, const struct hr_cluster_parts *parts);
/* Forks ranks that have bench->parts, if mpirun started none and the plan has a case of theirs. A
 * host that does not let them start is told in bench->no_ranks: one suite is skipped for it. */
void hr_run_ranks_fork(struct hr_bench *bench, const json_t *plan);
/* Sends them home; under MPI, with a rank gone, this is where the process ends. */
void hr_run_ranks_end(struct hr_bench *bench, int status);

#endif
