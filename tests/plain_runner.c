/* plain_runner.c - runs the tests of test.h one after another in one process, without Criterion.
 * A failed check ends its test by longjmp. Usage: plain-tests [SUBSTRING]. Exit 0, or 1 on failure. */
#include "tests/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

static struct hr_test *first, **last = &first;
static jmp_buf out_of_test;

void hr_test_add(struct hr_test *test)
{
    *last = test;
    last = &test->next;
}

void hr_test_failed(const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    longjmp(out_of_test, 1);
}

void hr_test_skipped(const char *why)
{
    fprintf(stderr, "skipped: %s\n", why);
    longjmp(out_of_test, 2);
}

int main(int argc, char **argv)
{
    static int passed, failed, skipped;
    static struct hr_test *test;

    for (test = first; test; test = test->next) {
        char name[256];

        snprintf(name, sizeof(name), "%s/%s", test->suite, test->name);
        if (argc > 1 && !strstr(name, argv[1])) {
            continue;
        }
        switch (setjmp(out_of_test)) {
        case 0:
            test->run();
            passed++;
            break;
        case 1:
            fprintf(stderr, "FAILED %s\n", name);
            failed++;
            break;
        default:
            skipped++;
        }
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
