/*
 * nvrtc_mock.c - a CUDA compiler that compiles nothing: the code is the source, for cuda_mock.c.
 *
 * HEADROOM_MOCK_NVRTC_LOG is what it says of a source that it refuses.
 */
#include "engine-under-test/device/cuda_library.h"
#include "tests/mocks/mock.h"

#define PROTOTYPE(name, arguments) MOCK_EXPORT int name arguments;
EUT_NVRTC_FUNCTIONS(PROTOTYPE)

int nvrtcVersion(int *major, int *minor)
{
    MOCK_CALL();
    *major = 13;
    *minor = 0;
    return 0;
}

int nvrtcGetNumSupportedArchs(int *count)
{
    MOCK_CALL();
    *count = 3;
    return 0;
}

int nvrtcGetSupportedArchs(int *architectures)
{
    MOCK_CALL();
    architectures[0] = 75;
    architectures[1] = 90;
    architectures[2] = 100;
    return 0;
}

int nvrtcCreateProgram(void **program, const char *text, const char *name, int headers,
                       const char *const *header_texts, const char *const *header_names)
{
    (void)name, (void)headers, (void)header_texts, (void)header_names;
    MOCK_CALL();
    *program = strdup(text);
    return 0;
}

int nvrtcCompileProgram(void *program, int options, const char *const *option)
{
    (void)program;
    for (int i = 0; i < options; i++) {
        mock_call(option[i]);
    }
    MOCK_CALL();
    return 0;
}

static const char *log_text(void)
{
    const char *told = getenv("HEADROOM_MOCK_NVRTC_LOG");

    return told ? told : "";
}

int nvrtcGetProgramLogSize(void *program, size_t *bytes)
{
    (void)program;
    MOCK_CALL();
    *bytes = strlen(log_text()) + 1;
    return 0;
}

int nvrtcGetProgramLog(void *program, char *log)
{
    (void)program;
    MOCK_CALL();
    strcpy(log, log_text());
    return 0;
}

int nvrtcGetCUBINSize(void *program, size_t *bytes)
{
    MOCK_CALL();
    *bytes = strlen(program) + 1;
    return 0;
}

int nvrtcGetCUBIN(void *program, char *image)
{
    MOCK_CALL();
    strcpy(image, program);
    return 0;
}

int nvrtcGetPTXSize(void *program, size_t *bytes)
{
    MOCK_CALL();
    *bytes = strlen(program) + 1;
    return 0;
}

int nvrtcGetPTX(void *program, char *image)
{
    MOCK_CALL();
    strcpy(image, program);
    return 0;
}

int nvrtcDestroyProgram(void **program)
{
    MOCK_CALL();
    free(*program);
    *program = NULL;
    return 0;
}
