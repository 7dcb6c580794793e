/* zmq_library.c - is libzmq here, and all of it that is used? */
#include "harness/zmq_library.h"

#include "harness/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at;
} functions[] = {
    {"zmq_ctx_new", offsetof(struct hr_zmq, ctx_new)},
    {"zmq_ctx_set", offsetof(struct hr_zmq, ctx_set)},
    {"zmq_ctx_term", offsetof(struct hr_zmq, ctx_term)},
    {"zmq_socket", offsetof(struct hr_zmq, socket)},
    {"zmq_close", offsetof(struct hr_zmq, close)},
    {"zmq_setsockopt", offsetof(struct hr_zmq, setsockopt)},
    {"zmq_getsockopt", offsetof(struct hr_zmq, getsockopt)},
    {"zmq_bind", offsetof(struct hr_zmq, bind)},
    {"zmq_connect", offsetof(struct hr_zmq, connect)},
    {"zmq_send", offsetof(struct hr_zmq, send)},
    {"zmq_msg_init", offsetof(struct hr_zmq, msg_init)},
    {"zmq_msg_init_data", offsetof(struct hr_zmq, msg_init_data)},
    {"zmq_msg_send", offsetof(struct hr_zmq, msg_send)},
    {"zmq_msg_recv", offsetof(struct hr_zmq, msg_recv)},
    {"zmq_msg_close", offsetof(struct hr_zmq, msg_close)},
    {"zmq_msg_data", offsetof(struct hr_zmq, msg_data)},
    {"zmq_msg_size", offsetof(struct hr_zmq, msg_size)},
    {"zmq_msg_more", offsetof(struct hr_zmq, msg_more)},
    {"zmq_poll", offsetof(struct hr_zmq, poll)},
    {"zmq_errno", offsetof(struct hr_zmq, errnum)},
    {"zmq_strerror", offsetof(struct hr_zmq, strerror)},
};

static const char *const names[] = {"libzmq.so.5", "libzmq.5.dylib", "libzmq.dylib",
                                    "/opt/homebrew/lib/libzmq.dylib"};

int hr_zmq_load(const struct hr_zmq **out)
{
    static struct hr_zmq zmq;
    static void *library;

    *out = &zmq;
#ifdef __SANITIZE_THREAD__
    return hr_fail(ENOSYS,
                   "the thread sanitizer takes libzmq's queues, which it cannot see, for races");
#endif
    if (library) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !library; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (!library) {
        return hr_fail(ENOSYS, "libzmq is not installed (package libzmq5 or zeromq)");
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *symbol = dlsym(library, functions[i].name);

        if (!symbol) {
            dlclose(library);
            library = NULL;
            return hr_fail(ENOSYS, "this libzmq has no %s: version 4 is needed", functions[i].name);
        }
        memcpy((char *)&zmq + functions[i].at, &symbol, sizeof(symbol));
    }
    return 0;
}
