/*
 * vendor_library.h - a vendor's library, opened at run time.
 *
 * Nothing is linked and no SDK is needed: each interface lists its functions once, with prototypes
 * of our own, and one binary runs with the library and without it.
 */
#ifndef EUT_VENDOR_LIBRARY_H
#define EUT_VENDOR_LIBRARY_H

#include <stddef.h>

struct eut_vendor_function {
    const char *name;
    void *at; /* the function pointer that is filled in */
};

/* Opens the first of the files (ended by NULL) that is there, and finds the functions (ended by a
 * NULL name). It stays open as long as the program runs: drivers start threads and do not bear
 * being unloaded. -ENODEV with the loader's words if no file opens; -ENOTSUP if a function is
 * missing, which only an old library lacks. `what` names the library to a person: "the CUDA
 * driver". */
int eut_vendor_open(const char *what, const char *const *files,
                    const struct eut_vendor_function *functions);

/* The line of a compiler's log that names the first error, or its first line, cut to fit. */
void eut_vendor_first_error(const char *log, char *line, size_t bytes);

#endif
