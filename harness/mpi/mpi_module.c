/*
 * mpi_module.c - how do bytes go from rank to rank? By MPI_Isend and MPI_Improbe, nothing else.
 *
 * Built by an MPI's own compiler, against its own mpi.h; knows nothing of the program but its
 * header. Sending copies into a slot, so that the caller's memory is free at once; a slot is free
 * again when MPI says so. It cannot see that a rank died: some MPIs never tell.
 */
#include "harness/mpi/mpi_module.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG 7
#define SLOTS 64
#define SLOT_BYTES 65536

struct slot {
    MPI_Request request;
    unsigned char *bytes;
};

static struct slot slots[SLOTS];
static int slots_next;
static char why[MPI_MAX_ERROR_STRING + 1];

static int failed(int code)
{
    int length = 0;

    if (MPI_Error_string(code, why, &length) != MPI_SUCCESS) {
        strcpy(why, "an MPI error without words");
    }
    return -1;
}

/* "Open MPI v4.1.4, package: …" and "MPICH Version:\t4.0.2\n…" */
static void tell_version(char *words, char *version, size_t size)
{
    static const char mpich[] = "MPICH Version:";

    words[strcspn(words, ",\n")] = '\0';
    if (strncmp(words, mpich, strlen(mpich)) == 0) {
        const char *number = words + strlen(mpich);

        snprintf(version, size, "MPICH %s", number + strspn(number, " \t"));
    } else {
        snprintf(version, size, "%s", words);
    }
}

static int start(int *rank, int *size, char *version, size_t version_size)
{
    char words[MPI_MAX_LIBRARY_VERSION_STRING];
    int granted, length = 0, rc = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &granted);

    if (rc != MPI_SUCCESS) {
        return failed(rc);
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
    MPI_Get_library_version(words, &length);
    tell_version(words, version, version_size);
    for (int i = 0; i < SLOTS; i++) {
        slots[i].request = MPI_REQUEST_NULL;
        slots[i].bytes = malloc(SLOT_BYTES);
        if (!slots[i].bytes) {
            strcpy(why, "no memory for messages");
            return -1;
        }
    }
    return 0;
}

static int send(int to, const void *bytes, size_t count)
{
    struct slot *slot = slots + slots_next;
    int done = 0, rc = MPI_Test(&slot->request, &done, MPI_STATUS_IGNORE);

    if (rc != MPI_SUCCESS) {
        return failed(rc);
    }
    if (!done) {
        return 0;
    }
    if (count > SLOT_BYTES) {
        strcpy(why, "a message longer than a slot");
        return -1;
    }
    memcpy(slot->bytes, bytes, count);
    rc = MPI_Isend(slot->bytes, (int)count, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &slot->request);
    slots_next = (slots_next + 1) % SLOTS;
    return rc == MPI_SUCCESS ? 1 : failed(rc);
}

static int receive(int *from, void *bytes, size_t room)
{
    MPI_Message message;
    MPI_Status status;
    int here = 0, count = 0,
        rc = MPI_Improbe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &here, &message, &status);

    if (rc == MPI_SUCCESS && here) {
        rc = MPI_Get_count(&status, MPI_BYTE, &count);
    }
    if (rc == MPI_SUCCESS && here && (size_t)count > room) {
        strcpy(why, "a message longer than the room for it");
        return -1;
    }
    if (rc == MPI_SUCCESS && here) {
        rc = MPI_Mrecv(bytes, count, MPI_BYTE, &message, MPI_STATUS_IGNORE);
        *from = status.MPI_SOURCE;
    }
    return rc == MPI_SUCCESS ? count : failed(rc);
}

static const char *text(void)
{
    return why;
}

static void end(void)
{
    for (int i = 0; i < SLOTS; i++) {
        MPI_Wait(&slots[i].request, MPI_STATUS_IGNORE);
        free(slots[i].bytes);
    }
    MPI_Finalize();
}

static void abort_all(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

const struct hr_mpi_module *hr_mpi_module_entry(void);
const struct hr_mpi_module *hr_mpi_module_entry(void)
{
    static const struct hr_mpi_module module = {.abi = HR_MPI_MODULE_ABI,
                                                .struct_size = sizeof(module),
                                                .start = start,
                                                .send = send,
                                                .receive = receive,
                                                .text = text,
                                                .end = end,
                                                .abort = abort_all};
    return &module;
}
