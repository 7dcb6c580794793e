/*
 * paths.c - which ways are there to an engine? The one table of them.
 *
 * A path that this build or host lacks stays in the table; its available() says why.
 */
#include "harness/error.h"
#include "harness/path.h"

#include <errno.h>
#include <string.h>

extern const struct hr_path_ops hr_path_inproc, hr_path_ring, hr_path_unix, hr_path_tcp,
    hr_path_uring, hr_path_zmq, hr_path_qtcp, hr_path_qzmq;

const struct hr_path_ops *const hr_paths[] = {
    &hr_path_inproc,
    &hr_path_ring,
    &hr_path_unix,
    &hr_path_tcp,
    &hr_path_uring,
    &hr_path_zmq,
    &hr_path_qtcp,
    &hr_path_qzmq,
    NULL,
};

const struct hr_path_ops *hr_path_find(const char *name)
{
    for (int i = 0; hr_paths[i]; i++) {
        if (strcmp(hr_paths[i]->name, name) == 0) {
            return hr_paths[i];
        }
    }
    if (strcmp(name, "mpi") == 0) {
        hr_fail(ENODEV, "no path 'mpi': orders go over MPI in the suite cluster: `mpirun -np N "
                        "headroom run -f cluster`");
        return NULL;
    }
    hr_fail(ENODEV, "no path '%s': `headroom list` names those that there are", name);
    return NULL;
}
