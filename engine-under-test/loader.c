/*
 * loader.c - from a name or a file to an engine that may be called. Is this an engine at all?
 *
 * How: a built-in by its name, anything that looks like a file through dlopen, in a child process
 * first; then one check of the engine's table, so that nobody has to check it again. What it cannot
 * see: whether the engine is right, which is what `headroom conform` asks.
 */
#include "engine-under-test/loader.h"

#include "engine-under-test/device/device_engine.h"
#include "engine-under-test/reference/reference.h"
#include "harness/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_MAX_BYTES 31

const struct eut_engine *const eut_builtin[] = {
    &eut_null,
    &eut_oracle,
    &eut_reference,
    &eut_device_host,
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

/* dlsym() gives an object pointer, and ISO C has no cast from it; POSIX says they are alike. */
static eut_engine_entry_fn find_entry(void *library)
{
    void *symbol = dlsym(library, EUT_ENGINE_ENTRY);
    eut_engine_entry_fn entry;

    memcpy(&entry, &symbol, sizeof(entry));
    return entry;
}

/* Loads it in a child first: a file cut short, or code that fails on loading, ends only the child.
 * What merely does not load is told by the parent. */
static int try_library(const char *path, const char *name)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    pid_t child = fork();
    int status = 0, silent;

    if (child == 0) {
        void *library;
        eut_engine_entry_fn entry;

        for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
            signal(deadly[i], SIG_DFL);
        }
        silent = open("/dev/null", O_WRONLY);
        dup2(silent, STDOUT_FILENO);
        dup2(silent, STDERR_FILENO);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        entry = library ? find_entry(library) : NULL;
        if (entry) {
            (void)entry();
        }
        _exit(0);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child > 0 && WIFSIGNALED(status)) {
        return hr_fail(EINVAL,
                       "%s crashes with signal %d while it is loaded: it is cut short, or its "
                       "start-up or %s() is wrong",
                       name, WTERMSIG(status), EUT_ENGINE_ENTRY);
    }
    return 0;
}

static int open_library(struct eut_handle *handle, const char *name)
{
    eut_engine_entry_fn entry;
    char path[4096];
    struct stat status;
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
    rc = try_library(path, name);
    if (rc) {
        return rc;
    }
    handle->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle->library) {
        return hr_fail(EINVAL, "%s is not a shared library that loads here: %s", name, dlerror());
    }
    entry = find_entry(handle->library);
    if (!entry) {
        rc = hr_fail(EINVAL, "%s has no %s(): export it as engine-under-test/skeleton.c does", name,
                     EUT_ENGINE_ENTRY);
        goto err;
    }
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
    for (int i = 0; eut_device_engines[i] && used < sizeof(known); i++) {
        used += (size_t)snprintf(known + used, sizeof(known) - used, ", %s",
                                 eut_device_engines[i]->name);
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
    for (int i = 0; eut_device_engines[i]; i++) {
        if (strcmp(eut_device_engines[i]->name, name) == 0) {
            int rc = eut_device_engine_check(eut_device_engines[i]);

            handle->engine = rc ? NULL : eut_device_engines[i];
            return rc;
        }
    }
    return is_file_name(name) ? open_library(handle, name) : no_such_engine(name);
}

void eut_close(struct eut_handle *handle)
{
    if (handle->library) {
        eut_watch(NULL, NULL);
        dlclose(handle->library);
    }
    *handle = (struct eut_handle){0};
}
