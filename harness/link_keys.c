/* link_keys.c - who is this side, and whom does it know? */
#include "harness/link_keys.h"

#include "harness/error.h"
#include "harness/qzmq_keys.h"

#include <errno.h>
#include <stdlib.h>

int hr_link_keys_load(struct hr_link_keys *keys, const char *own, const char *const *known,
                      uint32_t count)
{
    struct hr_sign_key *key = NULL;
    uint8_t *all = calloc(count + 1, HR_VERIFY_KEY_BYTES);
    int rc =
        all ? hr_qzmq_keys_private(own, &key) : hr_fail(ENOMEM, "no memory for %u keys", count);

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        rc = hr_qzmq_keys_public(known[i], all + (size_t)i * HR_VERIFY_KEY_BYTES);
    }
    *keys = (struct hr_link_keys){.own = key, .known = all, .count = count};
    if (rc) {
        hr_link_keys_free(keys);
    }
    return rc;
}

void hr_link_keys_free(struct hr_link_keys *keys)
{
    hr_sign_key_free(keys->own);
    free(keys->known);
    *keys = (struct hr_link_keys){.count = 0};
}
