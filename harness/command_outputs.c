/*
 * command_outputs.c - would an option's file write over what the command reads, or over another
 * option's? Files are compared by what they are, not by how they are named; devices and pipes take
 * anything.
 */
#include "harness/command.h"
#include "harness/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_plain(const char *file, struct stat *st)
{
    return strcmp(file, "-") != 0 && stat(file, st) == 0 && S_ISREG(st->st_mode);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return is_plain(a, &x) && is_plain(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* One name for two outputs; a device such as /dev/null may be meant. */
static bool is_one_place(const char *a, const char *b)
{
    struct stat st;

    return strcmp(a, b) == 0 && (strcmp(a, "-") == 0 || stat(a, &st) != 0 || S_ISREG(st.st_mode));
}

int hr_args_check_outputs(const struct hr_args *args, const char *const *options,
                          const char *const *inputs, int count)
{
    for (int i = 0; options[i]; i++) {
        const char *output = hr_arg_text(args, options[i]);

        for (int k = 0; output && k < count; k++) {
            if (is_same_file(output, inputs[k])) {
                return hr_fail(EINVAL, "--%s %s is an input, and would be written over", options[i],
                               output);
            }
        }
        for (int k = 0; output && k < i; k++) {
            const char *other = hr_arg_text(args, options[k]);

            if (other && (is_one_place(output, other) || is_same_file(output, other))) {
                return hr_fail(EINVAL, "--%s and --%s both go to %s: name two files", options[k],
                               options[i], output);
            }
        }
    }
    return 0;
}
