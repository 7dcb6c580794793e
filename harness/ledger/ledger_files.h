/*
 * ledger_files.h - the files of a ledger folder: which there are, who writes them, whole into
 * memory, safely renamed.
 */
#ifndef HR_LEDGER_FILES_H
#define HR_LEDGER_FILES_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

#define HR_LEDGER_PATH_MAX 4096
#define HR_LEDGER_WRITER "writer" /* hr_ledger_hold()'s file */

/* Numbers in the names of a folder's files PREFIX-%020u.SUFFIX, ascending; free() *numbers. How
 * many, or -errno with a message. */
int hr_ledger_list(const char *folder, const char *prefix, const char *suffix, uint64_t **numbers);

/* What a file is called while it is made: its name and this. It takes its name when it is whole. */
#define HR_LEDGER_MAKING ".making"
/* Removes what was being made when somebody died. Best effort. */
void hr_ledger_sweep(const char *folder);

/* A folder has one writer: its process, by a lock on the folder's file `writer`, which the kernel
 * takes back when the process ends, however it ends. A descriptor for hr_ledger_release(), or
 * -EBUSY with a message that names the process; the folder must be there. Children do not have it,
 * and a process that holds a folder twice, or asks for its holder, loses it. */
int hr_ledger_hold(const char *folder);
void hr_ledger_release(int held); /* accepts what is negative */
/* The process that writes to this folder now; 0: nobody, or nobody who can be known. */
long hr_ledger_holder(const char *folder);

/* A plain file for reading, and its size: never waits, whatever lies there under that name. Its
 * descriptor, or -errno with a message: -EINVAL if it is none. */
int hr_file_open(const char *path, uint64_t *size);

/* A file's bytes; free() *data. -EFBIG above `max`. */
int hr_file_load(const char *path, uint64_t max, uint8_t **data, size_t *size);

/* A folder that survives a power cut: its parent's entry is synced, too. One that is there is left
 * as it is. 0, or -errno with a message. */
int hr_folder_make(const char *folder);

/* A folder's entries are on the disk: after a file was made, renamed or removed. */
int hr_folder_sync(const char *folder);

/* All of it, or -errno without a message (-ENOSPC for a write that came back short for no reason).
 */
int hr_file_put(int fd, const void *data, size_t bytes, uint64_t offset);

#endif
