/* config_folder.c - where do the profiles lie, and which are there? */
#include "harness/config_folder.h"
#include "harness/build.h"
#include "harness/config.h"
#include "harness/platform/platform.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES 4096

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *hr_config_folder(void)
{
    static const char *const beside[] = {"configs", "../configs", "../../configs",
                                         "../share/headroom/configs"};
    static _Thread_local char folder[PATH_BYTES + 64];
    char program[PATH_BYTES];
    const char *set = getenv("HEADROOM_CONFIGS");
    char *slash;

    if (set && *set) {
        return set;
    }
    slash = hr_program_path(program, sizeof(program)) == 0 ? strrchr(program, '/') : NULL;
    if (slash) {
        *slash = '\0';
        for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
            snprintf(folder, sizeof(folder), "%s/%s", program, beside[i]);
            if (is_folder(folder)) {
                return folder;
            }
        }
    }
    return hr_build.configs;
}

static int is_yaml(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

void hr_config_names(const char *folder, void (*visit)(void *context, const char *name),
                     void *context)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_yaml, alphasort);

    for (int i = 0; i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - 5] = '\0';
        visit(context, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}
