/*
 * schema_command.c - `headroom schema`: the JSON Schema of result.json, on standard output, so that
 * other people's checkers can hold our results to it.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "reports/report.h"

#include <errno.h>
#include <stdio.h>

static int run(const struct hr_args *args)
{
    (void)args;
    if (fputs(hr_result_schema, stdout) == EOF || fflush(stdout) == EOF) {
        hr_fail(errno, "standard output: cannot write the schema");
        return HR_EXIT_INPUT;
    }
    return HR_EXIT_OK;
}

static const struct hr_option options[] = {{.name = NULL}};

const struct hr_command hr_command_schema = {
    .name = "schema",
    .operands = "",
    .summary = "print the JSON Schema of result.json",
    .details = "  headroom schema > result.schema.json\n",
    .options = options,
    .run = run,
};
