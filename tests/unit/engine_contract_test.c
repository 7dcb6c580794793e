/* engine_contract_test.c - every built-in engine, and the skeleton, against one checklist. */
#include "engine-under-test/contract.h"
#include "engine-under-test/loader.h"
#include "harness/error.h"
#include "tests/test.h"

static void keep_contract(const struct eut_engine *engine, bool built_in)
{
    for (const struct eut_contract *c = eut_contracts; c->name; c++) {
        char why[300] = "";

        if ((c->needs_matching && engine->capabilities & EUT_CAP_RULER) ||
            (c->built_in_only && !built_in)) {
            continue;
        }
        if (c->check(engine, why, sizeof(why)) != 0) {
            FAIL("%s: %s: %s %s", engine->name, c->name, why, hr_error());
        }
    }
}

TEST(engine_contract, built_in_engines_keep_it)
{
    for (int i = 0; eut_builtin[i]; i++) {
        keep_contract(eut_builtin[i], true);
    }
}

TEST(engine_contract, the_skeleton_keeps_it_but_for_matching)
{
    struct eut_engine unmatched;
    struct eut_handle handle;
    char path[256];

    snprintf(path, sizeof(path), "%s/skeleton.so", hr_test_build());
    CHECK_EQ(eut_open(&handle, path), 0);
    CHECK_STR(handle.engine->name, "skeleton");
    unmatched = *handle.engine;
    unmatched.capabilities = EUT_CAP_RULER;
    keep_contract(&unmatched, false);
    eut_close(&handle);
}
