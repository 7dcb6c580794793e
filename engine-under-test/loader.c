/*
 * loader.c - from a name or a file to an engine that may be called. Is this an engine at all?
 *
 * How: a built-in by its name, anything that looks like a file through dlopen; then one check of
 * the engine's table, so that nobody has to check it again. What it cannot see: whether the engine
 * is right, which is what `headroom conform` asks.
 */
#include "engine-under-test/loader.h"

#include "engine-under-test/reference/reference.h"
#include "harness/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_BYTES 31

const struct eut_engine *const eut_builtin[] = {
    &eut_null,
    &eut_oracle,
    &eut_reference,
    NULL,
};

static bool ends_in(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);

    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

static bool is_file_name(const char *name)
{
    return strchr(name, '/') || ends_in(name, ".so") || ends_in(name, ".dylib");
}

static bool is_good_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.:");

    return length >= 1 && length <= NAME_MAX_BYTES && name[length] == '\0';
}

static int check_engine(const struct eut_engine *engine, const char *file)
{
    const char *missing;

    if (!engine) {
        return hr_fail(EINVAL, "%s: %s() returned NULL: let it return the engine's table", file,
                       EUT_ENGINE_ENTRY);
    }
    if (engine->abi_version != EUT_ABI_VERSION) {
        return hr_fail(EINVAL,
                       "%s: made for engine ABI %u, this Headroom speaks %u: "
                       "build it again with engine-under-test/engine.h",
                       file, engine->abi_version, EUT_ABI_VERSION);
    }
    if (engine->struct_size != sizeof(*engine)) {
        return hr_fail(EINVAL,
                       "%s: struct_size is %u, struct eut_engine has %zu bytes: "
                       "set it to sizeof(struct eut_engine)",
                       file, engine->struct_size, sizeof(*engine));
    }
    if (!engine->name || !is_good_name(engine->name)) {
        return hr_fail(EINVAL, "%s: bad name \"%.40s\": use 1 to %d of a-z 0-9 _ - . :", file,
                       engine->name ? engine->name : "(null)", NAME_MAX_BYTES);
    }
    missing = !engine->create    ? "create"
              : !engine->submit  ? "submit"
              : !engine->digest  ? "digest"
              : !engine->walk    ? "walk"
              : !engine->destroy ? "destroy"
                                 : NULL;
    if (missing) {
        return hr_fail(EINVAL, "%s: the required hook %s is NULL: see engine-under-test/skeleton.c",
                       file, missing);
    }
    if (!(engine->capabilities & (EUT_CAP_L3 | EUT_CAP_L2 | EUT_CAP_RULER))) {
        return hr_fail(EINVAL,
                       "%s: capabilities have neither EUT_CAP_L3 nor EUT_CAP_L2: "
                       "set what the engine can do, EUT_CAP_ALL if all",
                       file);
    }
    return 0;
}

static int open_library(struct eut_handle *handle, const char *name)
{
    eut_engine_entry_fn entry;
    char path[4096];
    struct stat status;
    void *symbol;
    int rc;

    /* Without a slash dlopen would search the system's folders. */
    if (snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "./", name) >=
        (int)sizeof(path)) {
        return hr_fail(EINVAL, "engine's file name is longer than %zu bytes", sizeof(path) - 1);
    }
    if (stat(path, &status) != 0) {
        return hr_fail(ENODEV, "no engine at %s: %s", name, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return hr_fail(EINVAL, "%s is not a file: give the path of a shared library", name);
    }
    handle->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle->library) {
        return hr_fail(EINVAL, "%s is not a shared library that loads here: %s", name, dlerror());
    }
    symbol = dlsym(handle->library, EUT_ENGINE_ENTRY);
    if (!symbol) {
        rc = hr_fail(EINVAL, "%s has no %s(): export it as engine-under-test/skeleton.c does", name,
                     EUT_ENGINE_ENTRY);
        goto err;
    }
    /* ISO C has no cast from an object pointer to a function pointer; POSIX says they are alike. */
    memcpy(&entry, &symbol, sizeof(entry));
    handle->engine = entry();
    rc = check_engine(handle->engine, name);
    if (rc == 0) {
        return 0;
    }
err:
    eut_close(handle);
    return rc;
}

static int no_such_engine(const char *name)
{
    char known[256] = "";
    size_t used = 0;

    for (int i = 0; eut_builtin[i] && used < sizeof(known); i++) {
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
                                 eut_builtin[i]->name);
    }
    return hr_fail(ENODEV,
                   "no engine \"%s\": built in are %s; a shared library is given as a path, "
                   "./%s.so",
                   name, known, name);
}

int eut_open(struct eut_handle *handle, const char *name)
{
    *handle = (struct eut_handle){0};
    for (int i = 0; eut_builtin[i]; i++) {
        if (strcmp(eut_builtin[i]->name, name) == 0) {
            handle->engine = eut_builtin[i];
            return check_engine(handle->engine, name);
        }
    }
    return is_file_name(name) ? open_library(handle, name) : no_such_engine(name);
}

void eut_close(struct eut_handle *handle)
{
    if (handle->library) {
        dlclose(handle->library);
    }
    *handle = (struct eut_handle){0};
}
