/* vendor_library.c - is a vendor's library here, and does it have the functions that are called? */
#include "engine-under-test/device/vendor_library.h"

#include "harness/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int eut_vendor_open(const char *what, const char *const *files,
                    const struct eut_vendor_function *functions)
{
    void *library = NULL, *found;
    int rc = hr_fail(ENODEV, "%s: no file is named for it", what);
    bool told = false;

    for (; !library && *files; files += library == NULL) {
        library = dlopen(*files, RTLD_NOW | RTLD_LOCAL);
        const char *why = library ? NULL : dlerror();
        /* The usual name's reason, unless another file is there and cannot be loaded. */
        if (why && (!told || !strstr(why, "No such file"))) {
            rc = hr_fail(ENODEV, "%s is not here: %s", what, why);
            told = true;
        }
    }
    if (!library) {
        return rc;
    }
    hr_error_clear();
    for (; functions->name; functions++) {
        found = dlsym(library, functions->name);
        if (!found) {
            rc = hr_fail(ENOTSUP, "%s (%s) is too old: it has no %s; install a newer one", what,
                         *files, functions->name);
            dlclose(library);
            return rc;
        }
        memcpy(functions->at, &found, sizeof(found));
    }
    return 0;
}

void eut_vendor_first_error(const char *log, char *line, size_t bytes)
{
    const char *at = strstr(log, "error"), *found = at ? at : log;

    while (found > log && found[-1] != '\n') {
        found--;
    }
    snprintf(line, bytes, "%.*s", (int)strcspn(found, "\n"), found);
}
