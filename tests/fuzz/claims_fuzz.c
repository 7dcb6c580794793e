/* claims_fuzz.c - no bytes that claim to be a formula, or a file of claims, facts or hardware,
 * crash or hang the reader or the judge; what is refused is refused in one line that tells the
 * place. */
#include "harness/error.h"
#include "reports/claims.h"
#include "reports/formula.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(void *context, const char *name, struct hr_quantity *value)
{
    (void)context;
    *value = (struct hr_quantity){.value = 2};
    return name[0] == 'x' ? hr_fail(EINVAL, "unknown") : 0;
}

static void try_formula(const uint8_t *data, size_t size)
{
    const struct hr_formula_names names = {find, NULL};
    struct hr_formula_result result;
    char *text = strndup((const char *)data, size);
    int rc;

    if (!text) {
        abort();
    }
    rc = hr_formula_evaluate(text, &names, &result);
    if ((rc != 0) != (hr_error()[0] != '\0') || strchr(hr_error(), '\n') || result.at < 0 ||
        (size_t)result.at > strlen(text)) {
        abort();
    }
    for (int i = 0; rc == 0 && i < result.comparisons; i++) {
        (void)hr_quantity_text(&result.comparison[i].left, i % 2);
    }
    free(text);
}

static void try_file(const char *folder, const uint8_t *data, size_t size)
{
    static json_t *record;
    struct hr_claims *claims = hr_claims_new();
    int rc;

    if (!record) {
        record = json_load_file("tests/golden/reports/sample.json", 0, NULL);
    }
    if (!claims || !record) {
        abort(); /* the fuzz tests run from the top of the tree */
    }
    rc = hr_claims_parse(claims, folder, (const char *)data, size, "fuzz.yaml");
    rc = rc ? rc : hr_claims_check(claims);
    if ((rc != 0) != (hr_error()[0] != '\0') || strchr(hr_error(), '\n') ||
        (rc && strncmp(hr_error(), "fuzz.yaml:", 10) != 0)) {
        abort();
    }
    if (rc == 0) {
        json_t *judged = hr_claims_judge(claims, (const json_t *const *)&record, 1);

        if (!judged || json_array_size(judged) != claims->claim_count) {
            abort();
        }
        json_decref(judged);
    }
    hr_claims_free(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const folders[] = {"claims", "facts", "hardware"};

    hr_error_clear();
    if (size > 0) {
        if (data[0] % 4 == 3) {
            try_formula(data + 1, size - 1);
        } else {
            try_file(folders[data[0] % 4], data + 1, size - 1);
        }
    }
    return 0;
}
