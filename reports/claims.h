/*
 * claims.h - the registry of claims: what is claimed, for which hardware, what measures it, and
 * which arithmetic bears on it; and the judge that gives each claim one verdict with its reason.
 *
 * A claim is data, never code. Claims lie in configs/claims/ (or in files of the user's own), the
 * named facts that formulas use in configs/facts/, the kinds of hardware in configs/hardware/; all
 * are YAML as settings_file.h reads it, a section an entry. configs/claims/README.md shows the
 * keys.
 *
 * Every message of the reader is one line with file:line:column. Nothing read here can run code or
 * open a file. Threads: a registry is filled by one thread and then only read.
 */
#ifndef HR_CLAIMS_H
#define HR_CLAIMS_H

#include "reports/units.h"

#include <jansson.h>
#include <stdbool.h>

enum hr_claim_verdict {
    HR_REFUTED_BY_ARITHMETIC,
    HR_REFUTED_BY_MEASUREMENT, /* measured on the stated kind of hardware */
    HR_CONTRADICTS,            /* another claim */
    HR_SHORT_HERE,             /* measured on other hardware */
    HR_VALIDATED,              /* measured on the stated kind of hardware */
    HR_MET_HERE,               /* measured on other hardware */
    HR_NOT_TESTABLE_HERE,
    HR_UNDEFINED,     /* unit or workload not stated */
    HR_EXTERNAL,      /* a price, a third party */
    HR_CONFIGURATION, /* a parameter, checked or not */
    HR_VERDICTS
};
extern const char *const hr_verdict_names[HR_VERDICTS]; /* "refuted by arithmetic" … */

/* A value as the file has it, and where; column 0: it does not stand on one line as it is read. */
struct hr_words {
    char *text; /* NULL: not given */
    int line, column;
};

/* What every entry begins with. */
struct hr_entry {
    char *id;
    const char *file; /* the registry's */
    int line;         /* of its first value */
};

enum hr_claim_kind {
    HR_CLAIM_MEASURED,
    HR_CLAIM_CONFIGURATION,
    HR_CLAIM_EXTERNAL,
    HR_CLAIM_UNDEFINED
};
enum hr_claim_direction { HR_AT_LEAST, HR_AT_MOST, HR_ABOUT };

struct hr_claim {
    struct hr_entry entry;
    struct hr_words claim, at, value, hardware, cases, where, field, direction, tolerance, kind,
        must, agrees, needs, note;
    const char *document; /* the file's, "" if it says none */
    enum hr_claim_kind meant;
    enum hr_claim_direction way;
    struct hr_quantity amount;
    double slack; /* the tolerance, as a share */
};

struct hr_named_fact {
    struct hr_entry entry;
    struct hr_words value, source;
    struct hr_quantity amount;
};

/* Each condition that is given must hold. Texts are looked for in what the probe recorded, letter
 * case ignored, | between alternatives. */
struct hr_hardware {
    struct hr_entry entry;
    struct hr_words says, cpu, not_cpu, gpu, not_gpu, machine, system, memory, network, processors;
    struct hr_quantity memory_least, network_least, processors_least;
};

struct hr_claims {
    struct hr_claim *claims;
    struct hr_named_fact *facts;
    struct hr_hardware *hardware;
    size_t claim_count, fact_count, hardware_count;
    char **files; /* names, owned */
    char **documents;
    size_t file_count;
};

/* files: the claims' files, or NULL for all of configs/claims/. Facts and hardware are those of
 * configs/. 0 or -errno with a message; *claims is freed with hr_claims_free(). */
int hr_claims_load(struct hr_claims **claims, const char *const *files, int count);
/* One file's text into an empty or a filled registry, under its folder's name: "claims", "facts" or
 * "hardware"; then hr_claims_check() once. For tests and the fuzz target. */
int hr_claims_parse(struct hr_claims *claims, const char *folder, const char *text, size_t bytes,
                    const char *name);
int hr_claims_check(struct hr_claims *claims);
struct hr_claims *hr_claims_new(void);
void hr_claims_free(struct hr_claims *claims);

const struct hr_claim *hr_claims_find(const struct hr_claims *claims, const char *id);
const struct hr_hardware *hr_hardware_find(const struct hr_claims *claims, const char *id);
struct hr_formula_names;
/* Facts, other claims, and "value" of the claim (which may be NULL). */
struct hr_claim_names {
    const struct hr_claims *claims;
    const struct hr_claim *claim;
    bool facts_only;
};
struct hr_formula_names hr_claim_names(struct hr_claim_names *names);
/* Puts file:line:column in front of the message of a formula that failed at byte `at`. */
int hr_words_context(int rc, const char *file, const struct hr_words *words, int at);

/* ---- measured ------------------------------------------------------------------------- */

/* The figure that bears on a claim most: of results from the stated kind of hardware before others,
 * the best of the cases that match. */
struct hr_evidence {
    const json_t *record; /* NULL: none, and why says it */
    bool on_stated;       /* the stated kind of hardware */
    char id[200], field[64];
    struct hr_quantity estimate, low, high;
    /* low and high are the least and most of so many runs; 0: an interval, no runs, or a figure of
     * all runs together */
    int few_runs;
    struct hr_quantity ceiling; /* value 0: none */
    double of_ceiling;
    char ceiling_name[120];
    char why[400]; /* why there is none, or why this is not the stated hardware */
};
void hr_claim_measured(const struct hr_claims *claims, const struct hr_claim *claim,
                       const json_t *const *records, int count, struct hr_evidence *measured);

/* Is this result from that hardware? why: what it lacks. */
bool hr_hardware_is(const struct hr_hardware *hardware, const json_t *record, char *why,
                    size_t bytes);

/* ---- the judge ------------------------------------------------------------------------ */

/* One object a claim, as result.json keeps them, in the registry's order; count may be 0. NULL
 * with a message if a formula cannot be evaluated. */
json_t *hr_claims_judge(const struct hr_claims *claims, const json_t *const *records, int count);
/* Who says what a name of a formula means, where it is no fact. */
#define HR_THIS_CLAIM "this claim"
#define HR_ANOTHER_CLAIM "another claim"
/* The verdict of one of those objects; HR_VERDICTS if it has none. */
enum hr_claim_verdict hr_verdict_of(const json_t *judged);

/* The judged claims as blocks of a sheet: a line that counts, a table for each verdict, and one of
 * the facts behind their arithmetic with their sources. fold: tables folded away, as in a report.
 */
void hr_sheet_claims(json_t *sheet, const json_t *judged, bool fold);
int hr_claims_junit(const json_t *judged, const char *file);

#endif
