/* config_value.h - one value of the configuration, parsed and checked against its row. */
#ifndef HR_CONFIG_VALUE_H
#define HR_CONFIG_VALUE_H

#include "harness/config.h"

#define HR_CONFIG_COUNTS_MAX 256

struct hr_config_value {
    char *text; /* as written; NULL: not set */
    const char *origin;
    uint64_t count;
    double real;
    bool flag;
    uint64_t *counts;
    int counts_length;
};

/* Replaces *value if text fits the row, else leaves it as it was. -EINVAL with a message that
 * begins with the key. */
int hr_config_value_set(struct hr_config_value *value, const struct hr_config_row *row,
                        const char *text, const char *origin);
void hr_config_value_clear(struct hr_config_value *value);

#endif
