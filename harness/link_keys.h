/*
 * link_keys.h - the key files of a side whose other side is another program (`headroom keys`).
 *
 * Errors: -errno with hr_error(), which names the file and the mend.
 */
#ifndef HR_LINK_KEYS_H
#define HR_LINK_KEYS_H

#include "harness/link.h"

/* known: files with public keys, at least one. Released with hr_link_keys_free(). */
int hr_link_keys_load(struct hr_link_keys *keys, const char *own, const char *const *known,
                      uint32_t count);
void hr_link_keys_free(struct hr_link_keys *keys); /* accepts zeros */

#endif
