/* plain_runner.c - runs the tests of test.h one after another in one process, without Criterion.
 * A failed check ends its test by longjmp. Usage: plain-tests [SUBSTRING | --part K-of-N]: those whose
 * name holds it, or every N-th from the K-th on, so that N processes share the work. Exit 0, or 1 on
 * failure, or 2 if it is asked for what is none. */
#include "tests/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#define LONG_S 2 /* of processor time: what takes longer is named */

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
    static unsigned part = 1, parts = 1, number;
    static struct hr_test *test;
    static clock_t began;
    const char *wanted = argc == 2 ? argv[1] : "";

    if (argc > 2 && (sscanf(argv[2], "%u-of-%u", &part, &parts) != 2 || part < 1 || part > parts)) {
        fprintf(stderr, "plain-tests: --part %s is none: K-of-N\n", argv[2]);
        return 2;
    }
    for (test = first; test; test = test->next) {
        char name[256];

        snprintf(name, sizeof(name), "%s/%s", test->suite, test->name);
        if (!strstr(name, wanted) || number++ % parts != part - 1) {
            continue;
        }
        began = clock();
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
        if (clock() - began > LONG_S * CLOCKS_PER_SEC) {
            fprintf(stderr, "%.1f s of processor time: %s\n",
                    (double)(clock() - began) / CLOCKS_PER_SEC, name);
        }
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
