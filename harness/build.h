/* build.h - what this program was built from; the text is made by the Makefile. */
#ifndef HR_BUILD_H
#define HR_BUILD_H

#define HR_VERSION "0.1.0"

struct hr_build {
    const char *version, *git_sha, *compiler, *cflags, *variant, *configs;
    int git_dirty;
};
extern const struct hr_build hr_build;

#endif
