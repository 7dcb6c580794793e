/* curl_library.c - is libcurl here, and all of it that is used? */
#include "harness/curl_library.h"

#include "harness/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#define GLOBAL_ALL 3L

static const struct {
    const char *name;
    size_t at;
} functions[] = {
    {"curl_global_init", offsetof(struct hr_curl, global_init)},
    {"curl_easy_init", offsetof(struct hr_curl, init)},
    {"curl_easy_setopt", offsetof(struct hr_curl, setopt)},
    {"curl_easy_perform", offsetof(struct hr_curl, perform)},
    {"curl_easy_getinfo", offsetof(struct hr_curl, getinfo)},
    {"curl_easy_cleanup", offsetof(struct hr_curl, cleanup)},
    {"curl_easy_strerror", offsetof(struct hr_curl, strerror)},
    {"curl_slist_append", offsetof(struct hr_curl, slist_append)},
    {"curl_slist_free_all", offsetof(struct hr_curl, slist_free_all)},
};

static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"};

int hr_curl_load(const struct hr_curl **out)
{
    static struct hr_curl curl;
    static void *library;

    *out = &curl;
    if (library) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !library; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (!library) {
        return hr_fail(ENOSYS, "libcurl is not installed (package libcurl4 or libcurl)");
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *symbol = dlsym(library, functions[i].name);

        if (!symbol) {
            dlclose(library);
            library = NULL;
            return hr_fail(ENOSYS, "this libcurl has no %s", functions[i].name);
        }
        memcpy((char *)&curl + functions[i].at, &symbol, sizeof(symbol));
    }
    if (curl.global_init(GLOBAL_ALL)) {
        dlclose(library);
        library = NULL;
        return hr_fail(ENOSYS, "libcurl does not start");
    }
    return 0;
}
