/*
 * ledger_command.h - what the commands over a ledger folder share: `snapshot`, `recover`, `verify`.
 */
#ifndef EUT_LEDGER_COMMAND_H
#define EUT_LEDGER_COMMAND_H

#include "engine-under-test/loader.h"
#include "harness/command.h"
#include "harness/ledger/recovery.h"

#define EUT_HEX_ROOM (2 * HR_HASH_BYTES + 1)
void eut_hex_put(const uint8_t *bytes, size_t count, char *hex); /* with a closing 0 */
/* 0, or -EINVAL without a message: not that many bytes, or no hex digits. */
int eut_hex_get(const char *hex, uint8_t *bytes, size_t count);

/* --threads: 0 is one a processor. -EINVAL with a message. */
int eut_threads_of_args(const struct hr_args *args, int *threads);
/* The one operand, a folder that is there. -ENOENT, -ENOTDIR with a message. */
int eut_ledger_of_args(const struct hr_args *args, const char **folder);

/* "what      text" on standard output. */
void eut_say(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What is passed over while recovering, on standard output. */
void eut_say_note(void *context, const char *line);

#define EUT_LEDGER_THREADS                                       \
    {                                                            \
        "threads", 't', HR_OPT_COUNT, "N", "0",                  \
            "threads that hash and compress; 0: one a processor" \
    }
#define EUT_LEDGER_ENGINE                                        \
    {                                                            \
        "engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",       \
            "a built-in engine, or the path of a shared library" \
    }

#endif
