/*
 * layout.h - which node owns which markets? Read from configs/layouts/NAME.yaml.
 *
 *     summary: three nodes of a third each
 *     markets: 3000
 *     node1:
 *       first: 0
 *       last: 999
 *     node2: …
 *
 * The nodes are node1, node2 … in order; first and last are markets, both inside. Together the
 * ranges cover markets 0 … markets - 1, each once: a gap or an overlap is refused. Ranges whose
 * sizes differ by more than one are uneven, and refused unless the file says `uneven: true`.
 *
 * Errors: -EINVAL, -ENOENT with file:line and the mend in hr_error().
 */
#ifndef HR_LAYOUT_H
#define HR_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_LAYOUT_NODES_MAX 1024

struct hr_layout {
    uint32_t markets;
    int nodes;
    bool uneven;
    uint32_t bounds[HR_LAYOUT_NODES_MAX + 1]; /* node i owns bounds[i] … bounds[i + 1] - 1 */
};

/* name: of configs/layouts/, or a file, with a slash. */
int hr_layout_read(struct hr_layout *layout, const char *name);
/* The same from memory; name is what messages call it. */
int hr_layout_parse(struct hr_layout *layout, const char *text, size_t bytes, const char *name);
/* The same shares of another number of markets. -EINVAL if a node would own none. */
int hr_layout_scale(struct hr_layout *layout, uint32_t markets);

#endif
