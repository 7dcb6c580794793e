/* case_hlog.c - which file do a case's histograms go to? Named after the case; one that cannot be
 * written is a warning in the record, since the figures do not depend on it. */
#include "harness/measure.h"

#include <errno.h>
#include <string.h>

#define ID_MAX 256

FILE *hr_rig_hlog(struct hr_rig *rig, const char *id)
{
    char file[ID_MAX + 512];
    FILE *hlog;
    int at;

    if (!rig->hist_dir) {
        return NULL;
    }
    at = snprintf(file, sizeof(file), "%.500s/", rig->hist_dir);
    for (const char *c = id; *c && at < (int)sizeof(file) - 6; c++) {
        file[at++] = *c == '/' || *c == '<' ? '.' : *c;
    }
    snprintf(file + at, sizeof(file) - (size_t)at, ".hlog");
    hlog = fopen(file, "we");
    if (!hlog) {
        hr_record_warn(rig->record, "%s was not written: %s", file, strerror(errno));
        return NULL;
    }
    hr_hlog_begin(hlog, hr_record_started_s(rig->record));
    return hlog;
}

void hr_rig_hlog_close(struct hr_rig *rig, const char *id, FILE *hlog)
{
    bool failed = hlog && ferror(hlog) != 0;

    if (hlog && fclose(hlog) != 0) {
        failed = true;
    }
    if (failed) {
        hr_record_warn(rig->record, "the .hlog file of %s was not written whole", id);
    }
}
