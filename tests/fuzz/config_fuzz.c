/* config_fuzz.c - no bytes that claim to be a profile or an assignment crash the reader of
 * settings; what it refuses, it refuses in one line. */
#include "harness/config.h"
#include "harness/error.h"
#include "harness/settings_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *context, const struct hr_setting *setting)
{
    struct hr_config *config = context;
    const char *key = setting->key, *value = setting->value;
    char assignment[8192];

    if (strcmp(key, "profile") == 0 || strcmp(key, "flow.preset") == 0) {
        return 0; /* would look at files */
    }
    if (strlen(key) + strlen(value) + 2 > sizeof(assignment)) {
        abort();
    }
    strcpy(assignment, key);
    strcat(strcat(assignment, "="), value);
    return hr_config_set(config, assignment, "profile");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_config *config;
    int rc = hr_config_load(&config, "configs/quick.yaml");

    if (rc) {
        abort(); /* the fuzz tests run from the top of the tree */
    }
    hr_error_clear();
    rc = hr_settings_parse((const char *)data, size, "fuzz.yaml", take, config);
    if ((rc != 0) != (hr_error()[0] != '\0') || strchr(hr_error(), '\n')) {
        abort();
    }
    if (rc == 0) {
        json_decref(hr_config_json(config));
        hr_config_check(config);
    }
    hr_config_free(config);
    return 0;
}
