/*
 * ranks_mpi.c - ranks that an mpirun started: which MPI was it, and who are the others?
 *
 * The environment tells which MPI; its module (mpi/mpi_module.h) lies beside the program. Rank 0
 * then greets all: what does not run the same build is refused, since messages are structs of this
 * program. Deaths are seen by ranks_life.h.
 */
#include "harness/ranks_backend.h"

#include "harness/build.h"
#include "harness/error.h"
#include "harness/mpi/mpi_module.h"
#include "harness/platform/platform.h"
#include "harness/ranks_life.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GREETING_TURNS_MAX 60000u /* of a millisecond, once they sleep */

struct mpi_ranks {
    const struct hr_mpi_module *module;
    struct hr_life *life;
};

/* One to each, and one back. */
struct greeting {
    char build[128];
    char call[HR_LIFE_CALL_MAX];
    struct hr_rank_facts facts;
    int reached; /* the life line is there */
    char why[128];
};

/* By whose variables: mpirun's of Open MPI, PMIx (srun, prterun), PMI (MPICH's hydra, srun). */
static const char *module_name(void)
{
    const char *asked = getenv("HEADROOM_MPI");

    if (asked && *asked) {
        return asked;
    }
    return getenv("OMPI_COMM_WORLD_RANK") || getenv("PMIX_RANK") ? "openmpi" : "mpich";
}

static int open_module(const struct hr_mpi_module **module)
{
    char path[1200], *slash;
    const char *name = module_name();
    hr_mpi_module_entry_fn entry = NULL;
    void *library, *symbol;

    if (strcmp(name, "openmpi") != 0 && strcmp(name, "mpich") != 0) {
        return hr_fail(EINVAL, "HEADROOM_MPI=%.40s: openmpi, mpich or none", name);
    }
    if (hr_program_path(path, 1024)) {
        return hr_fail(ENODEV, "the program does not know where it lies");
    }
    slash = strrchr(path, '/');
    snprintf(slash ? slash + 1 : path, 64, "headroom-%s.so", name);
    library = dlopen(path, RTLD_NOW | RTLD_GLOBAL); /* an MPI's own plug-ins look for its symbols */
    if (!library) {
        return hr_fail(ENODEV,
                       "started by mpirun as rank %d, but this build has no %s: scripts/bootstrap "
                       "brings it, then make (%.300s)",
                       hr_ranks_given(), name, dlerror());
    }
    symbol = dlsym(library, HR_MPI_MODULE_ENTRY);
    memcpy(&entry, &symbol, sizeof(entry));
    *module = entry ? entry() : NULL;
    if (!*module || (*module)->abi != HR_MPI_MODULE_ABI ||
        (*module)->struct_size != sizeof(**module)) {
        return hr_fail(ENODEV, "%.300s is of another build: make again", path);
    }
    return 0;
}

static int mpi_failed(const struct mpi_ranks *m)
{
    return hr_fail(EIO, "MPI: %.200s", m->module->text());
}

static int mpi_send(struct hr_ranks *ranks, int to, const void *bytes, size_t count)
{
    struct mpi_ranks *m = ranks->backend;
    int rc = m->module->send(to, bytes, count);

    return rc < 0 ? mpi_failed(m) : rc;
}

static int mpi_receive(struct hr_ranks *ranks, int *from, void *bytes)
{
    struct mpi_ranks *m = ranks->backend;
    int rc = m->module->receive(from, bytes, HR_RANK_MESSAGE_MAX);

    return rc < 0 ? mpi_failed(m) : rc;
}

static void mpi_look(struct hr_ranks *ranks)
{
    struct mpi_ranks *m = ranks->backend;

    if (m->life && ranks->lost < 0) {
        ranks->lost = hr_life_lost(m->life);
    }
}

static void mpi_folder(struct hr_ranks *ranks, const char *folder)
{
    struct mpi_ranks *m = ranks->backend;

    if (m->life) {
        hr_life_folder(m->life, folder);
    }
}

/* With a rank gone, MPI's own end would wait for it. */
static void mpi_end(struct hr_ranks *ranks, int status)
{
    struct mpi_ranks *m = ranks->backend;

    fflush(NULL);
    hr_life_dismiss(m->life); /* before the others close theirs */
    if (ranks->lost >= 0) {
        m->module->abort(status ? status : 1);
    } else {
        m->module->end();
    }
    hr_life_end(m->life);
    free(m);
}

static const struct hr_ranks_ops mpi_ops = {
    .send = mpi_send,
    .receive = mpi_receive,
    .look = mpi_look,
    .folder = mpi_folder,
    .end = mpi_end,
};

/* ---- the greeting ------------------------------------------------------------------ */

static void describe(struct greeting *g)
{
    memset(g, 0, sizeof(*g));
    snprintf(g->build, sizeof(g->build), "%s %.40s%s", hr_build.version, hr_build.git_sha,
             hr_build.git_dirty ? "+" : "");
    hr_rank_self(&g->facts);
}

static int next_greeting(struct hr_ranks *ranks, int *from, struct greeting *g,
                         unsigned char *message)
{
    for (unsigned idle = 0; idle < GREETING_TURNS_MAX; idle++) {
        int rc = hr_ranks_receive(ranks, from, message);

        if (rc < 0) {
            return rc;
        }
        if (rc > 0 && (size_t)rc != sizeof(*g)) {
            return hr_fail(EPROTO, "rank %d runs another build of headroom", *from);
        }
        if (rc > 0) {
            memcpy(g, message, sizeof(*g));
            return 0;
        }
        hr_ranks_rest(idle);
    }
    return hr_fail(ETIMEDOUT, "not all ranks greeted: does mpirun start `headroom run` on each?");
}

static int greet_all(struct hr_ranks *ranks, hr_ranks_widow widow, unsigned char *message)
{
    struct mpi_ranks *m = ranks->backend;
    struct greeting mine, theirs;
    int from, rc;

    describe(&mine);
    ranks->facts[0] = mine.facts;
    rc = hr_life_listen(&m->life, ranks->size, mine.call);
    for (int r = 1; r < ranks->size && rc == 0; r++) {
        rc = hr_ranks_send(ranks, r, &mine, sizeof(mine));
    }
    for (int r = 1; r < ranks->size && rc == 0; r++) {
        rc = next_greeting(ranks, &from, &theirs, message);
        if (rc == 0 && strcmp(theirs.build, mine.build) != 0) {
            rc = hr_fail(EINVAL,
                         "rank %d (host %s) runs headroom %s, rank 0 %s: put one build on "
                         "all hosts",
                         from, theirs.facts.host, theirs.build, mine.build);
        }
        if (rc == 0) {
            ranks->facts[from] = theirs.facts;
        }
    }
    if (rc) {
        return rc;
    }
    if (hr_life_accept(m->life)) {
        fprintf(stderr, "headroom: not every rank can reach rank 0 by TCP: the death of one that "
                        "cannot is noticed by its silence only\n");
    }
    return hr_life_watch(m->life, ranks->facts, widow);
}

static int greet_back(struct hr_ranks *ranks, unsigned char *message)
{
    struct mpi_ranks *m = ranks->backend;
    struct greeting mine, theirs;
    int from, rc = next_greeting(ranks, &from, &theirs, message);

    if (rc) {
        return rc;
    }
    describe(&mine);
    mine.reached = hr_life_connect(&m->life, ranks->rank, theirs.call) == 0;
    hr_error_clear();
    /* Ctrl-C and the process manager's are rank 0's to answer; it sends this one home. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    return hr_ranks_send(ranks, 0, &mine, sizeof(mine));
}

int hr_ranks_mpi_join(struct hr_ranks **out, hr_ranks_widow widow)
{
    const struct hr_mpi_module *module;
    unsigned char *message = malloc(HR_RANK_MESSAGE_MAX);
    struct mpi_ranks *m = calloc(1, sizeof(*m));
    struct hr_ranks *ranks = NULL;
    char kind[sizeof(ranks->kind)] = "";
    int rank = 0, size = 1, rc = message && m ? open_module(&module) : -ENOMEM;

    *out = NULL;
    if (rc == 0) {
        m->module = module;
        rc = module->start(&rank, &size, kind, sizeof(kind)) ? mpi_failed(m) : 0;
    }
    ranks = rc ? NULL : hr_ranks_new(&mpi_ops, rank, size);
    if (ranks) {
        ranks->backend = m;
        snprintf(ranks->kind, sizeof(ranks->kind), "%s", kind);
        rc = size > HR_RANKS_MAX ? hr_fail(EINVAL, "%d ranks: at most %d", size, HR_RANKS_MAX)
             : rank == 0         ? greet_all(ranks, widow, message)
                                 : greet_back(ranks, message);
        if (rc == 0) {
            *out = ranks;
            free(message);
            return 0;
        }
        if (rank == 0) {
            fprintf(stderr, "headroom: %s\n", hr_error());
        }
        ranks->lost = ranks->lost < 0 ? 0 : ranks->lost; /* they are ended, not sent home */
        hr_ranks_end(ranks, hr_exit_of(rc));
        m = NULL;
    }
    free(message);
    free(m);
    return rc ? rc : -ENOMEM;
}
