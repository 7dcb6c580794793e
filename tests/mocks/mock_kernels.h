/*
 * mock_kernels.h - the kernels that a mock device runs: those compiled as C, with the parameters
 * that the kernel source gives them.
 */
#ifndef TESTS_MOCK_KERNELS_H
#define TESTS_MOCK_KERNELS_H

#include "engine-under-test/device/kernel_host.h"
#include "engine-under-test/device/kernel_layout.h"
#include "engine-under-test/device/kernel_matrix.h"
#include "engine-under-test/device/kernel_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOCK_VALUE_BYTES_MAX 256
#define MOCK_PARAMETERS_MAX 24

struct mock_kernel {
    eut_host_run run;
    int count;
    size_t value_bytes[MOCK_PARAMETERS_MAX]; /* 0: it is a buffer */
};

struct mock_launch {
    const struct mock_kernel *kernel;
    unsigned groups;
    void *buffer[MOCK_PARAMETERS_MAX];
    unsigned char value[MOCK_PARAMETERS_MAX][MOCK_VALUE_BYTES_MAX];
};

static size_t mock_size_of(const char *type)
{
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = {{"u32,", 4},
                 {"u64,", 8},
                 {"struct k_setup,", sizeof(struct k_setup)},
                 {"struct k_batch,", sizeof(struct k_batch)},
                 {"struct k_pass,", sizeof(struct k_pass)},
                 {"struct ceiling_walk,", sizeof(struct ceiling_walk)},
                 {"struct product_shape,", sizeof(struct product_shape)}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strncmp(type, types[i].name, strlen(types[i].name)) == 0) {
            return types[i].bytes;
        }
    }
    fprintf(stderr, "mock: a kernel's parameter of unknown type: %.40s\n", type);
    abort();
}

/* False if the source has no such kernel. */
static bool mock_kernel_find(struct mock_kernel *kernel, const char *source, const char *name)
{
    char head[128];

    memset(kernel, 0, sizeof(*kernel));
    kernel->run = eut_host_kernel(name);
    snprintf(head, sizeof(head), "K_KERNEL %s(", name);
    const char *at = strstr(source, head);
    if (!kernel->run || !at) {
        return false;
    }
    const char *end = strstr(at, "K_IDS");
    for (at += strlen(head); end && at < end && kernel->count < MOCK_PARAMETERS_MAX; at++) {
        if (strncmp(at, "K_BUF(", 6) == 0 || strncmp(at, "K_CBUF(", 7) == 0) {
            kernel->count++;
        } else if (strncmp(at, "K_VAL(", 6) == 0) {
            kernel->value_bytes[kernel->count++] = mock_size_of(at + 6);
        }
    }
    return true;
}

static void mock_launch_run(struct mock_launch *launch)
{
    void *arguments[MOCK_PARAMETERS_MAX];

    for (int i = 0; i < launch->kernel->count; i++) {
        arguments[i] = launch->kernel->value_bytes[i] ? launch->value[i] : launch->buffer[i];
    }
    launch->kernel->run(arguments, launch->groups);
}

#endif
