/* catalog_fuzz.c - no bytes that claim to be a catalog of machines crash its reader or the plan
 * that is made of them; what is refused, is refused in one line. */
#include "harness/error.h"
#include "reports/catalog.h"
#include "reports/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan_of(const json_t *catalog)
{
    static const char *const require[] = {"rate=1e6@p99.9<=10us", "markets=5e6", "memory=1GiB",
                                          "decode=15@model=m"};
    static const char *const restricted[] = {"AUD 3900:vendor=Apple"};
    static const char *const exchange[] = {"USD=1.5"};
    struct hr_plan_flags flags = {.require = require,
                                        .requires = 4,
                                        .restrict_to = restricted,
                                        .restricts = 1,
                                        .exchange = exchange,
                                        .exchanges = 1,
                                        .budget = "AUD 8343",
                                        .horizon = "36mo",
                                        .energy = "0.15/kWh",
                                        .memory_share = "90"};
    struct hr_plan_terms terms;
    json_t *plan, *sheet;

    if (hr_plan_terms_parse(&terms, &flags, catalog)) {
        if (!hr_error()[0] || strchr(hr_error(), '\n')) {
            abort();
        }
        flags.restricts = 0; /* a card for a vendor of whom the catalog has nothing is refused */
        if (hr_plan_terms_parse(&terms, &flags, catalog)) {
            abort();
        }
    }
    plan = hr_plan_make(&terms, catalog, NULL, 0);
    if (!plan) {
        abort();
    }
    sheet = hr_sheet_of_plan(plan, NULL);
    json_decref(sheet);
    json_decref(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *catalog = NULL;
    int rc;

    hr_error_clear();
    rc = hr_catalog_parse(&catalog, (const char *)data, size, "fuzz.yaml");
    if ((rc != 0) != (hr_error()[0] != '\0') || strchr(hr_error(), '\n')) {
        abort();
    }
    /* Sets of machines grow with the fourth power of their number. */
    if (rc == 0 && json_array_size(catalog) <= 12) {
        plan_of(catalog);
    }
    json_decref(catalog);
    return 0;
}
