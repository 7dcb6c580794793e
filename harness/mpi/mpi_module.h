/*
 * mpi_module.h - the seven calls that the program needs of an MPI, as a library of its own.
 *
 * Open MPI and MPICH do not share an ABI, and most hosts have neither: so the program links none.
 * mpi_module.c is built once by each MPI's own compiler, as headroom-openmpi.so and
 * headroom-mpich.so beside the program, and the one that started the program is opened at run time
 * (ranks_mpi.c).
 *
 * Threads: one, the one that called start(). Errors: negative numbers; text() says the last one's.
 */
#ifndef HR_MPI_MODULE_H
#define HR_MPI_MODULE_H

#include <stddef.h>
#include <stdint.h>

#define HR_MPI_MODULE_ABI 1u
#define HR_MPI_MODULE_ENTRY "hr_mpi_module_entry"

struct hr_mpi_module {
    uint32_t abi, struct_size;
    /* version: which MPI it is, "Open MPI v4.1.4", cut to size. */
    int (*start)(int *rank, int *size, char *version, size_t version_size);
    /* 1 if it is on its way (the bytes were copied), 0 if too many are, -1. count >= 1. */
    int (*send)(int to, const void *bytes, size_t count);
    /* The count of the oldest message that is here, 0 if there is none, -1. */
    int (*receive)(int *from, void *bytes, size_t room);
    const char *(*text)(void);
    void (*end)(void);         /* all ranks call it; waits for what is on its way */
    void (*abort)(int status); /* ends all ranks, the caller too */
};

typedef const struct hr_mpi_module *(*hr_mpi_module_entry_fn)(void);

#endif
