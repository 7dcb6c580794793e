/*
 * history_store.c - where are the medians of all results kept? In one SQLite file. It stores what
 * was measured and gives it back in order; what it means is history.c's.
 */
#include "harness/error.h"
#include "reports/history.h"

#include <errno.h>

#ifdef HR_HAVE_SQLITE

#include "harness/sha256.h"
#include "harness/verdict.h"
#include "reports/compare.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <regex.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION 0x48524849 /* "HRHI" */
#define VERSION 1

struct hr_history {
    sqlite3 *db;
    char file[400];
};

static int refuse(const struct hr_history *h, const char *what)
{
    return hr_fail(EIO, "%s: %s: %s", h->file, what, sqlite3_errmsg(h->db));
}

static int execute(struct hr_history *h, const char *sql)
{
    return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : refuse(h, "cannot write");
}

static int prepare(struct hr_history *h, const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v2(h->db, sql, -1, statement, NULL) == SQLITE_OK
               ? 0
               : refuse(h, "not a history, or damaged");
}

/* The value of a pragma, -1 if the file is no database. */
static long long pragma(struct hr_history *h, const char *sql)
{
    sqlite3_stmt *statement;
    long long value = -1;

    if (sqlite3_prepare_v2(h->db, sql, -1, &statement, NULL) == SQLITE_OK) {
        value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
        sqlite3_finalize(statement);
    }
    return value;
}

static int make_tables(struct hr_history *h)
{
    return execute(
        h,
        "BEGIN;"
        "CREATE TABLE results (id INTEGER PRIMARY KEY, sha256 TEXT UNIQUE NOT NULL, started TEXT, "
        "fingerprint TEXT, host TEXT, workload TEXT, profile TEXT, git_sha TEXT, git_dirty "
        "INTEGER, "
        "version TEXT, compiler TEXT, cflags TEXT);"
        "CREATE TABLE figures (result INTEGER NOT NULL REFERENCES results(id) ON DELETE CASCADE, "
        "engine TEXT, item TEXT, metric TEXT, unit TEXT, better TEXT, median REAL, low REAL, high "
        "REAL, runs INTEGER);"
        "CREATE INDEX figures_of ON figures (item, metric, engine);"
        "PRAGMA application_id = 1213352009; PRAGMA user_version = 1;"
        "COMMIT;");
}
_Static_assert(APPLICATION == 1213352009, "the pragma takes a literal");

static int check(struct hr_history *h, bool fresh)
{
    long long application = pragma(h, "PRAGMA application_id");
    long long version = pragma(h, "PRAGMA user_version");

    if (fresh && application == 0 && version == 0) {
        return make_tables(h);
    }
    if (application != APPLICATION) {
        return hr_fail(
            EINVAL, "%s is not a history: give the file that `headroom history add` made", h->file);
    }
    if (version != VERSION) {
        return hr_fail(EINVAL, "%s: a history of version %lld, this program reads %d", h->file,
                       version, VERSION);
    }
    return execute(h, "PRAGMA foreign_keys = ON");
}

int hr_history_open(struct hr_history **history, const char *file, bool create)
{
    struct hr_history *h = calloc(1, sizeof(*h));
    bool fresh = access(file, F_OK) != 0;
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), rc;

    if (!h) {
        return hr_fail(ENOMEM, "no memory for the history");
    }
    snprintf(h->file, sizeof(h->file), "%s", file);
    if (fresh && !create) {
        free(h);
        return hr_fail(ENOENT, "no history at %s: `headroom history add RESULT.json` makes one",
                       file);
    }
    rc = sqlite3_open_v2(file, &h->db, flags, NULL) == SQLITE_OK ? 0 : refuse(h, "cannot open");
    if (rc == 0) {
        sqlite3_busy_timeout(h->db, 10000);
        rc = check(h, fresh);
    }
    if (rc) {
        hr_history_close(h);
        h = NULL;
    }
    *history = h;
    return rc;
}

void hr_history_close(struct hr_history *h)
{
    if (h) {
        sqlite3_close(h->db);
        free(h);
    }
}

/* ---- adding ------------------------------------------------------------------------------- */

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_number(sqlite3_stmt *statement, int at, double value)
{
    if (isfinite(value)) {
        sqlite3_bind_double(statement, at, value);
    } else {
        sqlite3_bind_null(statement, at);
    }
}

/* Steps once and makes it ready for the next. */
static int step(struct hr_history *h, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement) == SQLITE_DONE ? 0 : refuse(h, "cannot write");

    sqlite3_reset(statement);
    return rc;
}

static int hash(const json_t *record, char hex[65])
{
    char *text = json_dumps(record, JSON_SORT_KEYS | JSON_COMPACT);
    struct hr_sha256 sha;

    if (!text) {
        return hr_fail(ENOMEM, "no memory to add a result");
    }
    hr_sha256_init(&sha);
    hr_sha256_update(&sha, text, strlen(text));
    hr_sha256_hex(&sha, hex);
    free(text);
    return 0;
}

static int add_result(struct hr_history *h, const json_t *record, bool *added)
{
    const json_t *host = json_object_get(record, "host"), *tool = json_object_get(record, "tool");
    const json_t *workload = json_object_get(record, "workload");
    sqlite3_stmt *insert;
    char hex[65];
    int rc = hash(record, hex);

    rc = rc ? rc
            : prepare(
                  h, "INSERT OR IGNORE INTO results VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  &insert);
    if (rc) {
        return rc;
    }
    bind_text(insert, 1, hex);
    bind_text(insert, 2, hr_view_text(record, "started"));
    bind_text(insert, 3, hr_view_text(host, "fingerprint"));
    bind_text(insert, 4, hr_view_text(host, "line"));
    bind_text(insert, 5, hr_view_text(workload, "sha256"));
    bind_text(insert, 6, hr_view_text(record, "profile"));
    bind_text(insert, 7, hr_view_text(tool, "git_sha"));
    sqlite3_bind_int(insert, 8, json_is_true(json_object_get(tool, "git_dirty")));
    bind_text(insert, 9, hr_view_text(tool, "version"));
    bind_text(insert, 10, hr_view_text(tool, "compiler"));
    bind_text(insert, 11, hr_view_text(tool, "cflags"));
    rc = step(h, insert);
    sqlite3_finalize(insert);
    *added = rc == 0 && sqlite3_changes(h->db) > 0;
    return rc;
}

static int add_figures(struct hr_history *h, const json_t *record)
{
    sqlite3_int64 result = sqlite3_last_insert_rowid(h->db);
    const char *engine = hr_compare_engine(record);
    struct hr_view_walk walk = {0};
    sqlite3_stmt *insert;
    int rc = prepare(h, "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &insert);

    if (rc) {
        return rc;
    }
    while (rc == 0 && hr_view_next(record, &walk)) {
        const json_t *metric;
        char key[HR_COMPARE_KEY_MAX];
        size_t i;

        hr_compare_key(engine, walk.item, key);
        json_array_foreach (json_object_get(walk.item, "metrics"), i, metric) {
            double median = hr_view_number(metric, "estimate");

            if (rc || !hr_view_counts(walk.item) || !isfinite(median)) {
                continue;
            }
            sqlite3_bind_int64(insert, 1, result);
            bind_text(insert, 2, hr_view_text(walk.item, "engine"));
            bind_text(insert, 3, key);
            bind_text(insert, 4, hr_view_text(metric, "name"));
            bind_text(insert, 5, hr_view_text(metric, "unit"));
            bind_text(insert, 6, hr_view_text(metric, "better"));
            bind_number(insert, 7, median);
            bind_number(insert, 8, hr_view_number(metric, "ci_low"));
            bind_number(insert, 9, hr_view_number(metric, "ci_high"));
            bind_number(insert, 10, hr_view_number(metric, "n_runs"));
            rc = step(h, insert);
        }
    }
    sqlite3_finalize(insert);
    return rc;
}

int hr_history_add(struct hr_history *h, const json_t *record, bool *added)
{
    int rc;

    *added = false;
    if (!json_is_true(json_object_get(record, "complete"))) {
        return hr_fail(EINVAL, "the run was interrupted: only whole results make a history");
    }
    rc = execute(h, "BEGIN IMMEDIATE");
    if (rc) {
        return rc;
    }
    rc = add_result(h, record, added);
    rc = rc == 0 && *added ? add_figures(h, record) : rc;
    if (rc == 0) {
        rc = execute(h, "COMMIT");
    }
    if (rc) {
        sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
        *added = false;
    }
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------ */

static const char *column(sqlite3_stmt *s, int at)
{
    const unsigned char *text = sqlite3_column_text(s, at);

    return text ? (const char *)text : "";
}

static json_t *number(sqlite3_stmt *s, int at)
{
    double value = sqlite3_column_double(s, at);

    return sqlite3_column_type(s, at) == SQLITE_NULL || !isfinite(value) ? json_null()
                                                                         : json_real(value);
}

enum {
    HOST,
    PRINT,
    WORKLOAD,
    ENGINE,
    ITEM,
    METRIC,
    UNIT,
    BETTER,
    STARTED,
    GIT,
    MEDIAN,
    LOW,
    HIGH,
    RUNS
};

/* Rows come sorted by series: a row that differs from the last series begins one. */
static bool belongs(const json_t *series, sqlite3_stmt *s)
{
    static const char *const names[] = {"fingerprint", "workload", "engine", "case", "metric"};
    static const int columns[] = {PRINT, WORKLOAD, ENGINE, ITEM, METRIC};
    bool same = series != NULL;

    for (int i = 0; i < 5 && same; i++) {
        same = hr_view_is(series, names[i], column(s, columns[i]));
    }
    return same;
}

static json_t *begin_series(json_t *list, sqlite3_stmt *s)
{
    json_t *series = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:[]}", "host", hr_sheet_string(column(s, HOST)),
        "fingerprint", hr_sheet_string(column(s, PRINT)), "workload",
        hr_sheet_string(column(s, WORKLOAD)), "engine", hr_sheet_string(column(s, ENGINE)), "case",
        hr_sheet_string(column(s, ITEM)), "metric", hr_sheet_string(column(s, METRIC)), "unit",
        hr_sheet_string(column(s, UNIT)), "better", hr_sheet_string(column(s, BETTER)), "points");

    json_array_append_new(list, series);
    return series;
}

static void add_point(json_t *series, sqlite3_stmt *s)
{
    json_array_append_new(
        json_object_get(series, "points"),
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "started", hr_sheet_string(column(s, STARTED)),
                  "git_sha", hr_sheet_string(column(s, GIT)), "median", number(s, MEDIAN), "low",
                  number(s, LOW), "high", number(s, HIGH), "runs", number(s, RUNS)));
}

int hr_history_series(struct hr_history *h, const char *filter, json_t **out)
{
    static const char sql[] =
        "SELECT host, fingerprint, workload, engine, item, metric, unit, better, started, git_sha, "
        "median, low, high, runs FROM figures JOIN results ON results.id = figures.result "
        "ORDER BY fingerprint, workload, engine, item, metric, started, results.id";
    json_t *list = json_array(), *series = NULL;
    sqlite3_stmt *select = NULL;
    regex_t wanted;
    int rc = hr_compare_regex(&wanted, "--filter", filter), state;

    if (rc) {
        json_decref(list);
        return rc;
    }
    rc = prepare(h, sql, &select);
    while (rc == 0 && (state = sqlite3_step(select)) != SQLITE_DONE) {
        char name[HR_COMPARE_KEY_MAX + 80];

        if (state != SQLITE_ROW) {
            rc = refuse(h, "cannot read");
            break;
        }
        snprintf(name, sizeof(name), "%.255s:%.60s", column(select, ITEM), column(select, METRIC));
        if (regexec(&wanted, name, 0, NULL, 0) == 0) {
            series = belongs(series, select) ? series : begin_series(list, select);
            add_point(series, select);
        }
    }
    regfree(&wanted);
    sqlite3_finalize(select); /* of NULL: nothing */
    if (rc) {
        json_decref(list);
        return rc;
    }
    *out = json_pack("{s:o}", "series", list);
    return 0;
}

#else

static int absent(void)
{
    return hr_fail(ENOTSUP, "this build has no SQLite, so no history: install libsqlite3-dev (dnf: "
                            "sqlite-devel), then `make clean` and build again");
}

int hr_history_open(struct hr_history **history, const char *file, bool create)
{
    (void)file, (void)create;
    *history = NULL;
    return absent();
}

void hr_history_close(struct hr_history *history)
{
    (void)history;
}

int hr_history_add(struct hr_history *history, const json_t *record, bool *added)
{
    (void)history, (void)record;
    *added = false;
    return absent();
}

int hr_history_series(struct hr_history *history, const char *filter, json_t **series)
{
    (void)history, (void)filter;
    *series = NULL;
    return absent();
}

#endif
