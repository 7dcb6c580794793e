/*
 * link_sealed.h - QZMQ around any link: for the table's sealed links, and for tests that put
 * themselves between.
 */
#ifndef HR_LINK_SEALED_H
#define HR_LINK_SEALED_H

#include "harness/link.h"

/* A sealed link over `inner`; its other hooks are those of any sealed link's ops. framed: the inner
 * link does not keep messages apart, so that a length of four bytes is put before each. Keys are
 * made here, before the sides part. 0 or -errno. */
int hr_link_sealed_listen(struct hr_link **link, const struct hr_link_params *params,
                          const struct hr_link_ops *inner, bool framed);

/* The link that carries what a sealed one of the table seals; any other is its own. */
const struct hr_link_ops *hr_link_clear(const struct hr_link_ops *ops);

#endif
