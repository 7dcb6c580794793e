/*
 * test.h - one way to write a test, two ways to run it.
 *
 * Under Criterion each TEST is a process of its own. With HR_PLAIN_TESTS the same files run in one
 * process under plain_runner.c: for ThreadSanitizer and emulators, where Criterion cannot go.
 *
 *     TEST(histogram, percentiles_are_sorted) { CHECK(a <= b); CHECK_EQ(f(), 7); CHECK_STR(s, "x"); }
 *
 * Tests are started from the top of the tree. hr_test_build() is the folder of this variant's plug-ins.
 */
#ifndef HR_TEST_H
#define HR_TEST_H

#include <stdio.h>
#include <string.h>

/* build/release, build/asan … (from HEADROOM_TEST_BUILD, else build/release) */
const char *hr_test_build(void);

/* All tests share one process: what one leaves behind (threads, libraries) the next ones meet. */
#ifdef HR_PLAIN_TESTS
#define HR_ONE_PROCESS 1
#else
#define HR_ONE_PROCESS 0
#endif

/* All takes many times as long, what is freed is kept from being used again, and what foreign
 * libraries do is not ours to check. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HR_SANITIZED 1
#endif
#endif
#ifndef HR_SANITIZED
#define HR_SANITIZED 0
#endif

#ifdef HR_PLAIN_TESTS

struct hr_test {
    const char *suite, *name;
    void (*run)(void);
    struct hr_test *next;
};
void hr_test_add(struct hr_test *test);
void hr_test_failed(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void hr_test_skipped(const char *why) __attribute__((noreturn));

#define TEST(suite_, name_)                                                                        \
    static void suite_##_##name_(void);                                                            \
    __attribute__((constructor)) static void suite_##_##name_##_add(void)                          \
    {                                                                                              \
        static struct hr_test test = {#suite_, #name_, suite_##_##name_, NULL};                    \
        hr_test_add(&test);                                                                        \
    }                                                                                              \
    static void suite_##_##name_(void)
#define FAIL(...) hr_test_failed(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(why) hr_test_skipped(why)

#else

#include <criterion/criterion.h>

#define TEST(suite_, name_) Test(suite_, name_)
#define FAIL(...) cr_assert_fail(__VA_ARGS__)
#define SKIP(why) cr_skip_test(why)

#endif

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            FAIL("%s", #condition);                                                                \
        }                                                                                          \
    } while (0)

#define CHECK_EQ(actual, expected)                                                                 \
    do {                                                                                           \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                \
        if (actual_ != expected_) {                                                                \
            FAIL("%s is %lld, expected %lld", #actual, actual_, expected_);                        \
        }                                                                                          \
    } while (0)

#define CHECK_STR(actual, expected)                                                                \
    do {                                                                                           \
        const char *actual_ = (actual), *expected_ = (expected);                                   \
        if (!actual_ || strcmp(actual_, expected_) != 0) {                                         \
            FAIL("%s is \"%s\", expected \"%s\"", #actual, actual_ ? actual_ : "(null)", expected_); \
        }                                                                                          \
    } while (0)

#define CHECK_NEAR(actual, expected, tolerance)                                                    \
    do {                                                                                           \
        double actual_ = (actual), expected_ = (expected);                                         \
        if (!(actual_ >= expected_ - (tolerance) && actual_ <= expected_ + (tolerance))) {         \
            FAIL("%s is %g, expected %g +- %g", #actual, actual_, expected_, (double)(tolerance)); \
        }                                                                                          \
    } while (0)

#endif
