/* build.c - the build's facts; HR_BUILD_* come from the generated build_facts.h. */
#include "harness/build.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const struct hr_build hr_build = {
    .version = HR_VERSION,
    .git_sha = HR_BUILD_GIT_SHA,
    .compiler = COMPILER,
    .cflags = HR_BUILD_CFLAGS,
    .variant = HR_BUILD_VARIANT,
    .configs = HR_BUILD_CONFIGS,
    .git_dirty = HR_BUILD_GIT_DIRTY,
};
