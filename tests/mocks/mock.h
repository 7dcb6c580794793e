/*
 * mock.h - what the mock libraries of vendors share: calls are counted, and fail when they are told
 * to.
 *
 * A mock has the vendor's file name for its own, so that whoever opens the vendor's library gets
 * it: from LD_LIBRARY_PATH, or because a test loaded it before. HEADROOM_MOCK says, when a call
 * comes, which ones fail: "cuMemAlloc_v2=2" (all of them, with result 2),
 * "cuInit=100,cuCtxCreate_v2=2@3" (the third one and those behind it). mock_calls() tells how often
 * a function was called, and mock_log() their names in order.
 */
#ifndef TESTS_MOCK_H
#define TESTS_MOCK_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOCK_EXPORT __attribute__((visibility("default")))
#define MOCK_FUNCTIONS_MAX 64

static struct {
    char name[64];
    int calls;
} mock_called[MOCK_FUNCTIONS_MAX];
static char mock_order[1 << 16];

MOCK_EXPORT int mock_calls(const char *name);
MOCK_EXPORT const char *mock_log(void);
MOCK_EXPORT void mock_forget(void);

int mock_calls(const char *name)
{
    for (int i = 0; i < MOCK_FUNCTIONS_MAX && *mock_called[i].name; i++) {
        if (strcmp(mock_called[i].name, name) == 0) {
            return mock_called[i].calls;
        }
    }
    return 0;
}

const char *mock_log(void)
{
    return mock_order;
}

void mock_forget(void)
{
    memset(mock_called, 0, sizeof(mock_called));
    mock_order[0] = 0;
}

/* Counts the call, and gives the result with which it is to fail, or 0. */
static int mock_call(const char *name)
{
    const char *told = getenv("HEADROOM_MOCK");
    size_t used = strlen(mock_order), length = strlen(name);
    int i = 0, result, first = 1;

    while (i < MOCK_FUNCTIONS_MAX - 1 && *mock_called[i].name &&
           strcmp(mock_called[i].name, name) != 0) {
        i++;
    }
    snprintf(mock_called[i].name, sizeof(mock_called[i].name), "%s", name);
    mock_called[i].calls++;
    if (used + length + 2 < sizeof(mock_order)) {
        snprintf(mock_order + used, sizeof(mock_order) - used, "%s ", name);
    }
    for (; told && *told; told += strcspn(told, ","), told += *told == ',') {
        if (strncmp(told, name, length) == 0 && told[length] == '=') {
            first = 1;
            sscanf(told + length + 1, "%d@%d", &result, &first);
            if (mock_called[i].calls >= first && result < 0) {
                raise(-result);
            }
            return mock_called[i].calls >= first ? result : 0;
        }
    }
    return 0;
}

/* At the head of each function of the vendor's. */
#define MOCK_CALL()                        \
    do {                                   \
        int result_ = mock_call(__func__); \
        if (result_) {                     \
            return result_;                \
        }                                  \
    } while (0)

#endif
