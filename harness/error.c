/* error.c - what went wrong, in one line? The text is kept per thread, built in a scratch buffer so
 * that an argument may be the present message, and stripped of control characters: input quoted in
 * a message can neither break the line nor drive the terminal. It cannot see who prints it. */
#include "harness/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[HR_ERROR_MAX];

static void keep(const char *text)
{
    size_t length = strlen(text);

    if (length >= sizeof(message)) {
        length = sizeof(message) - 1;
        while (length && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--; /* never half of a UTF-8 character */
        }
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        message[i] = c < 0x20 || c == 0x7F ? ' ' : text[i];
    }
    message[length] = '\0';
}

int hr_fail(int err, const char *format, ...)
{
    char text[HR_ERROR_MAX + 4];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    keep(text);
    return err > 0 ? -err : err;
}

int hr_context(int err, const char *format, ...)
{
    char text[2 * HR_ERROR_MAX + 4];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, HR_ERROR_MAX, format, args);
    va_end(args);
    if (length < 0) {
        length = 0;
    } else if (length >= HR_ERROR_MAX) {
        length = HR_ERROR_MAX - 1;
    }
    if (message[0]) {
        snprintf(text + length, sizeof(text) - (size_t)length, ": %s", message);
    }
    keep(text);
    return err;
}

const char *hr_error(void)
{
    return message;
}

void hr_error_clear(void)
{
    message[0] = '\0';
}

const char *hr_reason(int err)
{
    return message[0] ? message : strerror(err < 0 ? -err : err);
}

int hr_exit_of(int err)
{
    if (err == 0) {
        return HR_EXIT_OK;
    }
    return err == -ENODEV ? HR_EXIT_MISSING : HR_EXIT_INPUT;
}
