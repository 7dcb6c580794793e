/*
 * run_folder.c - where does a run leave its files, and how can one see that they are whole?
 *
 * Makes the folder and its parts, exports the topology, and seals all with a manifest of checksums.
 */
#include "suites/run_folder.h"

#include "harness/error.h"
#include "harness/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RESULTS "results"
#define MANIFEST "MANIFEST.sha256"
#define FILES_MAX 4096

static int make_folder(const char *path)
{
    char part[HR_FOLDER_MAX + 16];

    snprintf(part, sizeof(part), "%s", path);
    for (char *c = part + 1; *c; c++) {
        if (*c == '/') {
            *c = '\0';
            if (mkdir(part, 0777) && errno != EEXIST) {
                return hr_fail(errno, "cannot make the folder %s: %s", part, strerror(errno));
            }
            *c = '/';
        }
    }
    if (mkdir(part, 0777) && errno != EEXIST) {
        return hr_fail(errno, "cannot make the folder %s: %s", part, strerror(errno));
    }
    return 0;
}

/* A part that is there already belongs to another run, finished or going on: nothing of it is
 * overwritten, and nothing of it passes for a file of this one. */
static int make_part(const char *part, const char *folder)
{
    if (mkdir(part, 0777) == 0) {
        return 0;
    }
    return errno == EEXIST
               ? hr_fail(EEXIST, "%s already holds a run: name another folder, or remove it",
                         folder)
               : hr_fail(errno, "cannot make the folder %s: %s", part, strerror(errno));
}

/* Letters, digits, dot and dash; what else there is becomes a dash. */
static void plain(char *text)
{
    for (; *text; text++) {
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
              (*text >= '0' && *text <= '9') || *text == '.')) {
            *text = '-';
        }
    }
}

static time_t the_time(void)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char *end;
    long long seconds;

    if (!epoch || !*epoch) {
        return time(NULL);
    }
    seconds = strtoll(epoch, &end, 10);
    return *end || seconds < 0 ? time(NULL) : (time_t)seconds;
}

/* A name that is not taken: a second run in the same second gets -2. */
static void fresh_name(char *path, size_t size, const char *profile)
{
    char host[64] = "", safe[64], stamp[32];
    time_t now = the_time();
    struct tm utc;
    struct stat st;

    gethostname(host, sizeof(host) - 1);
    plain(host);
    snprintf(safe, sizeof(safe), "%.60s", profile);
    plain(safe);
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
    snprintf(path, size, RESULTS "/%s_%s_%s", stamp, *host ? host : "host", safe);
    for (int i = 2; stat(path, &st) == 0 && i < 1000; i++) {
        snprintf(path, size, RESULTS "/%s_%s_%s-%d", stamp, *host ? host : "host", safe, i);
    }
}

int hr_run_folder_make(struct hr_run_folder *f, const char *wanted, const char *profile)
{
    int rc;

    if (wanted) {
        if (snprintf(f->path, sizeof(f->path), "%s", wanted) >= (int)sizeof(f->path) || !*wanted) {
            return hr_fail(EINVAL, "the folder's name is empty or too long");
        }
    } else {
        fresh_name(f->path, sizeof(f->path), profile);
    }
    snprintf(f->hist, sizeof(f->hist), "%s/hist", f->path);
    snprintf(f->plots, sizeof(f->plots), "%s/plots", f->path);
    snprintf(f->env, sizeof(f->env), "%s/env", f->path);
    rc = make_folder(f->path);
    rc = rc ? rc : make_part(f->hist, f->path);
    rc = rc ? rc : make_part(f->plots, f->path);
    return rc ? rc : make_part(f->env, f->path);
}

const char *hr_run_folder_file(const struct hr_run_folder *f, const char *name, char *path,
                               size_t size)
{
    snprintf(path, size, "%s/%s", f->path, name);
    return path;
}

int hr_run_folder_topology(const struct hr_run_folder *f)
{
    char path[HR_FOLDER_MAX + 64];
    hwloc_topology_t topology;
    int rc = 0;

    hr_run_folder_file(f, "env/topology.xml", path, sizeof(path));
    if (hwloc_topology_init(&topology)) {
        return hr_fail(ENOMEM, "hwloc did not start");
    }
    if (hwloc_topology_load(topology) || hwloc_topology_export_xml(topology, path, 0)) {
        rc = hr_fail(EIO, "cannot write %s", path);
    }
    hwloc_topology_destroy(topology);
    return rc;
}

/* ---- the manifest --------------------------------------------------------------------- */

struct names {
    char *at[FILES_MAX];
    int count;
};

static void gather(struct names *names, const char *root, const char *below)
{
    char path[HR_FOLDER_MAX * 2], name[HR_FOLDER_MAX];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/%s", root, below);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)) && names->count < FILES_MAX) {
        struct stat st;

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, MANIFEST) == 0 ||
            snprintf(name, sizeof(name), "%s%s%s", below, *below ? "/" : "", entry->d_name) >=
                (int)sizeof(name)) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", root, name);
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            gather(names, root, name);
        } else if (S_ISREG(st.st_mode)) {
            names->at[names->count] = strdup(name);
            names->count += names->at[names->count] != NULL;
        }
    }
    if (dir) {
        closedir(dir);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int checksum(const char *root, const char *name, FILE *out)
{
    char path[HR_FOLDER_MAX * 2], hex[65], buffer[65536];
    struct hr_sha256 sha;
    FILE *in;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    in = fopen(path, "re");
    if (!in) {
        return hr_fail(errno, "cannot read %s: %s", path, strerror(errno));
    }
    hr_sha256_init(&sha);
    while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0) {
        hr_sha256_update(&sha, buffer, n);
    }
    fclose(in);
    hr_sha256_hex(&sha, hex);
    fprintf(out, "%s  %s\n", hex, name);
    return 0;
}

static void link_latest(const struct hr_run_folder *f)
{
    if (strncmp(f->path, RESULTS "/", strlen(RESULTS "/")) != 0) {
        return;
    }
    unlink(RESULTS "/latest");
    if (symlink(f->path + strlen(RESULTS "/"), RESULTS "/latest")) {
        fprintf(stderr, "headroom: " RESULTS "/latest was not linked: %s\n", strerror(errno));
    }
}

int hr_run_folder_seal(const struct hr_run_folder *f)
{
    struct names *names = calloc(1, sizeof(*names));
    char path[HR_FOLDER_MAX + 64];
    FILE *out;
    int rc = 0;

    if (!names) {
        return hr_fail(ENOMEM, "no memory for the manifest");
    }
    gather(names, f->path, "");
    qsort(names->at, (size_t)names->count, sizeof(names->at[0]), by_name);
    out = fopen(hr_run_folder_file(f, MANIFEST, path, sizeof(path)), "we");
    if (!out) {
        rc = hr_fail(errno, "cannot write %s: %s", path, strerror(errno));
    }
    for (int i = 0; i < names->count; i++) {
        rc = rc ? rc : checksum(f->path, names->at[i], out);
        free(names->at[i]);
    }
    free(names);
    if (out && fclose(out) && rc == 0) {
        rc = hr_fail(errno, "cannot write %s: %s", path, strerror(errno));
    }
    if (rc == 0) {
        link_latest(f);
    }
    return rc;
}
