/*
 * tuning_change.h - sets what is wanted on this host, and takes it back.
 *
 * What was is in a file before anything is changed, so that whatever happens it can be put back.
 * Taken back is only what still is as it was set: what somebody else changed since is his. A reboot
 * puts all back by itself.
 */
#ifndef HR_TUNING_CHANGE_H
#define HR_TUNING_CHANGE_H

#include "probes/tuning_table.h"

/* Sets what is not as wanted of those named (count 0: of all that need not be asked for), tells
 * each on standard error, and leaves `record`, which must not be there, with what was done. 0;
 * -EINVAL; -EEXIST; -EACCES if nothing could be set. *done, *failed: settings; one of
 * which the kernel made something else is failed, and in the record. */
int hr_tuning_apply(const char *root, const char *const *names, int count, const char *record,
                    int *done, int *failed);
/* Puts back, last first, and removes the record if nothing of it is left. *left: settings that
 * could not be, or that somebody changed since. -EINVAL with file:line for a bad record. */
int hr_tuning_undo(const char *root, const char *record, int *done, int *left);

#endif
