/*
 * run_folder.h - the folder of one run: what a result consists of, on disk.
 *
 *     results/<UTC time>_<host>_<profile>/
 *       result.json, report.html, report.md, junit.xml
 *       hist/ *.hlog   plots/ *.gp *.dat *.svg   env/topology.xml
 *       MANIFEST.sha256
 *
 * results/latest points to the newest.
 */
#ifndef HR_RUN_FOLDER_H
#define HR_RUN_FOLDER_H

#include <stddef.h>

#define HR_FOLDER_MAX 1024

struct hr_run_folder {
    char path[HR_FOLDER_MAX];
    char hist[HR_FOLDER_MAX + 16], plots[HR_FOLDER_MAX + 16], env[HR_FOLDER_MAX + 16];
};

/* wanted: the folder itself (may exist, but not hold a run), or NULL for a new one under results/.
 */
int hr_run_folder_make(struct hr_run_folder *folder, const char *wanted, const char *profile);
/* The path of a file in it. */
const char *hr_run_folder_file(const struct hr_run_folder *folder, const char *name, char *path,
                               size_t size);
/* env/topology.xml: the processors and caches as hwloc sees them. */
int hr_run_folder_topology(const struct hr_run_folder *folder);
/* MANIFEST.sha256 over every file in the folder, in the order of their names, as sha256sum -c reads
 * it; and, for a folder under results/, the link results/latest. */
int hr_run_folder_seal(const struct hr_run_folder *folder);

#endif
