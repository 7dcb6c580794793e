/*
 * zmq_library.h - libzmq 4, opened at run time: the build needs none of it, and a host without it
 * loses one path, not the program. Each function that is used is listed once. Types and numbers are
 * those of zmq.h, which have been the same since 4.0.
 *
 * Threads: any, after the first call. Errors: -ENOSYS with hr_error().
 */
#ifndef HR_ZMQ_LIBRARY_H
#define HR_ZMQ_LIBRARY_H

#include <stddef.h>

/* zmq_msg_t: 64 bytes that only the library looks into. */
struct hr_zmq_msg {
    _Alignas(void *) unsigned char inside[64];
};

/* zmq_pollitem_t */
struct hr_zmq_item {
    void *socket;
    int fd;
    short events, revents;
};

enum {
    HR_ZMQ_POLLIN = 1,
    HR_ZMQ_DEALER = 5,
    HR_ZMQ_ROUTER = 6,
    HR_ZMQ_ROUTING_ID = 5,
    HR_ZMQ_SNDBUF = 11,
    HR_ZMQ_RCVBUF = 12,
    HR_ZMQ_LINGER = 17,
    HR_ZMQ_MAXMSGSIZE = 22,
    HR_ZMQ_SNDHWM = 23,
    HR_ZMQ_RCVHWM = 24,
    HR_ZMQ_LAST_ENDPOINT = 32,
    HR_ZMQ_ROUTER_MANDATORY = 33,
    HR_ZMQ_THREAD_AFFINITY_CPU_ADD = 7,
    HR_ZMQ_DONTWAIT = 1,
    HR_ZMQ_SNDMORE = 2,
};

struct hr_zmq {
    void *(*ctx_new)(void);
    int (*ctx_set)(void *context, int option, int value);
    int (*ctx_term)(void *context);
    void *(*socket)(void *context, int type);
    int (*close)(void *socket);
    int (*setsockopt)(void *socket, int option, const void *value, size_t size);
    int (*getsockopt)(void *socket, int option, void *value, size_t *size);
    int (*bind)(void *socket, const char *endpoint);
    int (*connect)(void *socket, const char *endpoint);
    int (*send)(void *socket, const void *data, size_t size, int flags);
    int (*msg_init)(struct hr_zmq_msg *msg);
    int (*msg_init_data)(struct hr_zmq_msg *msg, void *data, size_t size,
                         void (*release)(void *data, void *hint), void *hint);
    int (*msg_send)(struct hr_zmq_msg *msg, void *socket, int flags);
    int (*msg_recv)(struct hr_zmq_msg *msg, void *socket, int flags);
    int (*msg_close)(struct hr_zmq_msg *msg);
    void *(*msg_data)(struct hr_zmq_msg *msg);
    size_t (*msg_size)(const struct hr_zmq_msg *msg);
    int (*msg_more)(const struct hr_zmq_msg *msg);
    int (*poll)(struct hr_zmq_item *items, int count, long wait_ms);
    int (*errnum)(void);
    const char *(*strerror)(int errnum);
};

/* Loads the library the first time. */
int hr_zmq_load(const struct hr_zmq **zmq);

#endif
