/*
 * keys_command.c - `headroom keys`: a pair of keys for the sealed path, or whose key a file holds.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/qzmq_keys.h"

#include <errno.h>
#include <stdio.h>

static int show(const char *const *files, int n)
{
    for (int i = 0; i < n; i++) {
        uint8_t public_key[HR_VERIFY_KEY_BYTES];
        char text[HR_FINGERPRINT_TEXT_MAX];
        int rc = hr_qzmq_keys_any(files[i], public_key);

        if (rc) {
            return hr_exit_of(rc);
        }
        hr_fingerprint_text(public_key, text);
        printf("%s  %s\n", text, files[i]);
    }
    return HR_EXIT_OK;
}

static int make(const char *name)
{
    uint8_t public_key[HR_VERIFY_KEY_BYTES];
    char text[HR_FINGERPRINT_TEXT_MAX];
    int rc = hr_qzmq_keys_make(name, public_key);

    if (rc) {
        return hr_exit_of(rc);
    }
    hr_fingerprint_text(public_key, text);
    printf("%s  %s.pub\n", text, name);
    fprintf(stderr,
            "%s.key stays here and is nobody else's; give %s.pub to the other side, and compare "
            "the fingerprint with it\n",
            name, name);
    return HR_EXIT_OK;
}

static int keys_run(const struct hr_args *args)
{
    const char *const *operands;
    int n = hr_arg_operands(args, &operands);

    if (hr_arg_flag(args, "show")) {
        return show(operands, n);
    }
    if (n != 1) {
        return hr_exit_of(hr_fail(EINVAL, "one pair at a time: `headroom keys NAME`; with --show "
                                          "the fingerprints of files are printed"));
    }
    return make(operands[0]);
}

static const struct hr_option options[] = {
    {"show", 0, HR_OPT_FLAG, NULL, NULL, "print the fingerprints of these files instead"},
    {.name = NULL},
};

#define OPERANDS_MAX 1000

const struct hr_command hr_command_keys = {
    .name = "keys",
    .operands = "NAME | --show FILE…",
    .operands_min = 1,
    .operands_max = OPERANDS_MAX,
    .summary = "make keys for the sealed path (qzmq), or show fingerprints",
    .details =
        "Makes an ML-DSA-65 pair (FIPS 204): NAME.key, readable by its owner alone, and NAME.pub,\n"
        "to give to the other side. Files that are there are never written over. Standard output\n"
        "is the fingerprint: SHA-384 of the public key, its first 32 bytes.\n\n"
        "  headroom keys desk-1                  makes desk-1.key and desk-1.pub\n"
        "  headroom keys --show desk-1.pub       whose key is it?\n"
        "  openssl pkey -pubin -in desk-1.pub -text    the files are plain PEM (OpenSSL 3.5)\n",
    .options = options,
    .run = keys_run,
};
