/* loader_test.c - does a library that is no engine get one clear line, and a right one in? */
#include "engine-under-test/loader.h"
#include "harness/error.h"
#include "tests/test.h"

#include <errno.h>
#include <unistd.h>

/* A plug-in's path from its short name; other names stand as they are. */
static const char *path_of(const char *name)
{
    static char path[256];

    if (name[0] != '+') {
        return name;
    }
    snprintf(path, sizeof(path), "%s/plugins/%s.so", hr_test_build(), name + 1);
    return path;
}

TEST(loader, refusals_say_what_and_why)
{
    static const struct {
        const char *name;
        int rc;
        const char *says;
    } refused[] = {
        {"nonesuch", -ENODEV, "built in are null, oracle"},
        {"", -ENODEV, "no engine \"\""},
        {"./nonesuch.so", -ENODEV, "No such file"},
        {"nonesuch.so", -ENODEV, "No such file"},
        {"Makefile/x.so", -ENODEV, "Not a directory"},
        {"./Makefile", -EINVAL, "not a shared library"},
        {"./tests", -EINVAL, "not a file"},
        {"+no_entry", -EINVAL, "eut_engine_entry"},
        {"+table_missing", -EINVAL, "returned NULL"},
        {"+abi_of_tomorrow", -EINVAL, "ABI 2"},
        {"+wrong_size", -EINVAL, "struct_size"},
        {"+no_submit", -EINVAL, "hook submit"},
        {"+shouting_name", -EINVAL, "bad name \"My Engine\""},
        {"+nameless", -EINVAL, "bad name \"(null)\""},
        {"+incapable", -EINVAL, "EUT_CAP_L3"},
        {"+dies_on_loading", -EINVAL, "crashes with signal 6 while it is loaded"},
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct eut_handle handle;

        hr_error_clear();
        CHECK_EQ(eut_open(&handle, path_of(refused[i].name)), refused[i].rc);
        if (!strstr(hr_error(), refused[i].says) || strchr(hr_error(), '\n')) {
            FAIL("%s: %s", refused[i].name, hr_error());
        }
        CHECK(!handle.engine && !handle.library);
        eut_close(&handle);
    }
}

TEST(loader, built_in_engines_open_by_name)
{
    for (int i = 0; eut_builtin[i]; i++) {
        struct eut_handle handle;

        CHECK_EQ(eut_open(&handle, eut_builtin[i]->name), 0);
        CHECK(handle.engine == eut_builtin[i] && !handle.library);
        eut_close(&handle);
    }
}

/* dlopen would look for a bare name in the system's folders; a user means this folder. */
TEST(loader, a_library_in_this_folder_needs_no_slash)
{
    struct eut_handle handle;

    unlink("loader_test_link.so");
    CHECK_EQ(symlink(path_of("+makes_nothing"), "loader_test_link.so"), 0);
    CHECK_EQ(eut_open(&handle, "loader_test_link.so"), 0);
    CHECK_STR(handle.engine->name, "plugin");
    eut_close(&handle);
    unlink("loader_test_link.so");
}
