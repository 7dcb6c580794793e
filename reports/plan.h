/*
 * plan.h - the purchase view: which machine carries what is required, what it costs, and what fits
 * a budget. From run records and a catalog to one JSON document, the plan; text, pages and plots
 * are made from the plan alone.
 *
 * Three kinds of machine (its "basis"), in this order wherever machines are listed:
 *
 *   measured     a result of `headroom run`
 *   constructed  a result whose record says that its figures are made up: an example
 *   projection   no result: bounded by what its maker specifies and by the orders per byte of
 *                memory bandwidth of the nearest measured kind. A bound can rule a machine out,
 *                never confirm it.
 *
 * The plan, by example:
 *
 *   {"schema": {"name": "headroom-plan", "major": 1, "minor": 0},
 *    "terms": {"currency": "AUD", "horizon_months": 36, "energy_per_kwh": 0.15,
 *              "memory_share": 0.9, "hours_per_month": 730, "exchange": {"USD": 1.52},
 *              "budget": 8343, "free": 4443,
 *              "restricted": [{"vendor": "Apple", "amount": 3900}]},
 *    "require": [{"text": "rate=1e6@p99.9<=10us", "what": "rate", "value": 1e6,
 *              "unit": "orders/s", "percentile": 99.9, "bound_ns": 10000, "depth": null,
 *              "path": "", "engine": "", "model": ""}],
 *    "machines": [{"label": "A", "name": "…", "basis": "measured", "verdict": "meets",
 *              "file": "…" or null, "id": "…" or null, "catalog": {…} or null,
 *              "answers": [{"status": "met", "value": …, "headroom": …, "how": "the arithmetic",
 *              "from": "case id", "what": "rate", "at_markets": 1000}],
 *              "cost": {"purchase": …, "energy": …, "rent": …, "month": …, "outlay": …,
 *              "how": "…", "missing": ["…"]}, "watts": …, "watts_source": "specified",
 *              "rate": …, "per_watt": …, "per_money": …, "front": true, "headroom": …,
 *              "budget": {"fits": true, "paid": [as below]},
 *              "memory": …, "bandwidth": …, "bytes_per_market": …, "markets": …,
 *              "ceilings": [{"name": …, "id": …, "unit": …, "estimate": …, "better": …}],
 *              "curve": {"what": "…", "count": …, "points": [[percentile, ns] …]},
 *              "model": {"of": "B"}}],
 *    "bundles": [{"machines": ["A", "C"], "names": […], "outlay": …, "left": …, "met": 2,
 *              "may": 0, "paid": [{"from": "Apple", "amount": …, "left": …} …]}]}
 *
 * An answer is met, short or unknown; of a projection may meet, cannot meet or unknown; a machine's
 * verdict is its worst. What is not known is null, and a text says why: no price, no power meter,
 * no case that answers.
 */
#ifndef HR_PLAN_H
#define HR_PLAN_H

#include "reports/plot.h"

#include <jansson.h>
#include <stdbool.h>

#define HR_ASKS_MAX 8
#define HR_RESTRICTIONS_MAX 8
#define HR_EXCHANGES_MAX 16

enum hr_ask_what { HR_ASK_RATE, HR_ASK_MARKETS, HR_ASK_MEMORY, HR_ASK_BANDWIDTH, HR_ASK_DECODE };

/* One requirement: at least so much. */
struct hr_ask {
    const char *text; /* as written; the caller's */
    enum hr_ask_what what;
    double value;
    double percentile, bound_ns; /* the tail bound of a rate; NaN without */
    double depth;                /* levels a side of the markets; NaN: as measured */
    char path[40], engine[80];   /* "" any */
    char model[64];              /* whose tokens are decoded */
};

struct hr_plan_terms {
    int asks;
    struct hr_ask ask[HR_ASKS_MAX];
    char currency[4]; /* of the plan; "" if nothing has a price */
    double budget;    /* NaN: none */
    int restrictions;
    struct hr_restriction {
        double amount;
        char vendor[60];
    } restricted[HR_RESTRICTIONS_MAX];
    int exchanges;
    struct hr_exchange {
        char currency[4];
        double worth; /* of one, in the plan's currency */
    } exchange[HR_EXCHANGES_MAX];
    double horizon_months;
    double energy_per_kwh; /* NaN: not given */
    double memory_share;   /* of a machine's memory that books may take, 0 … 1 */
};

/* What the flags say, as texts; NULL and 0 where they were not given. */
struct hr_plan_flags {
    const char *const *require, *const *restrict_to, *const *exchange;
    int requires, restricts, exchanges;
    const char *budget, *horizon, *energy, *memory_share;
};
/* 0, or -EINVAL with one line naming the flag. The catalog gives the currency where no flag does.
 */
int hr_plan_terms_parse(struct hr_plan_terms *terms, const struct hr_plan_flags *flags,
                        const json_t *catalog);
/* "orders/s", "markets" …, for figures. */
const char *hr_ask_unit(enum hr_ask_what what);
const char *hr_ask_name(enum hr_ask_what what);

/* One result, and which machine it is of. */
struct hr_plan_result {
    const json_t *record;
    const char *file;
    const char *id; /* of the catalog, as the user said it; NULL: found by host and fingerprint */
};
/* The plan; NULL with a message. catalog may be NULL. */
json_t *hr_plan_make(const struct hr_plan_terms *terms, const json_t *catalog,
                     const struct hr_plan_result *results, int count);

/* ---- its steps ------------------------------------------------------------------------- */

/* What the record says to the requirement: {"status", "value", "headroom", "how", "from", "watts"}.
 * New. */
json_t *hr_plan_answer(const struct hr_plan_terms *terms, const struct hr_ask *ask,
                       const json_t *record, const json_t *entry);
/* What memory the books may take, and the measured bytes of a market: of the case with the most
 * markets, or of this depth. NaN if not known. */
double hr_plan_memory(const json_t *record, const json_t *entry);
double hr_plan_bytes_per_market(const json_t *record, double depth, const char **from);
/* The measured memory bandwidth, NaN without. */
double hr_plan_bandwidth(const json_t *record);
bool hr_plan_is_constructed(const json_t *record);

/* A machine of the catalog that has no result: a machine of the plan, bounded by the nearest of
 * `machines`. New. */
json_t *hr_plan_project(const struct hr_plan_terms *terms, const json_t *entry,
                        const json_t *machines);

/* The most tokens/s of a model whose weights take `needed` bytes and of which a token reads
 * `token`: what lies in the GPU's memory at its bandwidth, the rest at the machine's, as the
 * catalog has them. NaN if not known; how (of `size` bytes) says the arithmetic or why. */
double hr_plan_decode_bound(const json_t *entry, double needed, double token, char *how,
                            size_t size);

/* An amount in the plan's currency; NaN if its currency has no exchange. */
double hr_plan_convert(const struct hr_plan_terms *terms, const json_t *money);
/* Adds "cost", "watts", "per_watt", "per_money" and "budget" to a machine. */
void hr_plan_cost(const struct hr_plan_terms *terms, json_t *machine, double measured_watts);
/* Which sets of the first HR_BUNDLED_MAX affordable machines the budget buys: those that no larger
 * set contains. New. */
#define HR_BUNDLED_MAX 32
json_t *hr_plan_bundles(const struct hr_plan_terms *terms, const json_t *machines);

/* ---- what is shown ----------------------------------------------------------------------- */

/* several: the results side by side, to stand folded at the end; or NULL. */
json_t *hr_sheet_of_plan(const json_t *plan, const json_t *several);
extern const struct hr_plot_ops hr_plan_plots[]; /* their record is the plan */

bool hr_plot_plan_cost(const json_t *plan, FILE *dat, FILE *gp, char *why);
bool hr_plot_plan_power(const json_t *plan, FILE *dat, FILE *gp, char *why);
bool hr_plot_plan_headroom(const json_t *plan, FILE *dat, FILE *gp, char *why);
bool hr_plot_plan_markets(const json_t *plan, FILE *dat, FILE *gp, char *why);
bool hr_plot_plan_ceilings(const json_t *plan, FILE *dat, FILE *gp, char *why);
bool hr_plot_plan_percentiles(const json_t *plan, FILE *dat, FILE *gp, char *why);

#endif
