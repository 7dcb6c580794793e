/*
 * link.h - bytes between the clients and the server of a path: ring, sockets, ZeroMQ. One ops
 * struct each; what the bytes mean is in wire.h.
 *
 * A link has two sides in two processes: listen() makes the meeting point before they part, join()
 * makes each of them one side. The client side has `clients` connections, numbered from 0; the
 * server's are numbered as they come. No call blocks but poll(), which waits as long as it is told.
 * Bytes are written and read where the transport keeps them:
 *
 *     room = write(link, c, 0, &at); … fill at[0 … n), n ≤ room …; write(link, c, n, &at)
 *     have = read(link, c, 0, &at);  … use at[0 … n), n ≤ have …;  read(link, c, n, &at)
 *
 * What is committed at once goes out as one message where the transport knows messages. Less room
 * than params.message_bytes is back-pressure. A span that is read stays as it is until it is
 * released, or until poll().
 *
 * Sides of two programs, perhaps on two machines, meet at a place that both were told: each program
 * calls listen() with it and joins its own side.
 *
 * Threads: one per side. Errors: a negative errno with hr_error(). A connection that ended, for
 * whatever reason, is told by poll() with HR_LINK_GONE, once; its unread bytes are lost.
 */
#ifndef HR_LINK_H
#define HR_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_LINK_GONE 0x80000000u
#define HR_LINK_ALL UINT32_MAX
#define HR_LINK_CLIENTS_MAX 4096u
/* Connections that a server holds beyond those it expects, unless it is told. */
#define HR_LINK_STRANGERS_MAX 16u

/* Where a side of this program meets one of another. */
struct hr_link_place {
    const char *host; /* a name or an address; unix: a path */
    uint16_t port;    /* a server's may be 0: the system chooses */
    bool server;      /* which side is this program's */
};

/* Sealed links of two programs: who this side is, and whom it knows (a client: the one server). */
struct hr_sign_key;
struct hr_link_keys {
    struct hr_sign_key *own;
    uint8_t *known; /* HR_VERIFY_KEY_BYTES each */
    uint32_t count;
};

/* How the two sides of one program meet, and wait for each other. All 0: over loopback, and looking
 * all the while. */
struct hr_cable;
struct hr_link_way {
    const struct hr_cable *cable; /* over this one: links over IP */
    bool sleeps; /* tcp: a poll sleeps until something comes, also one that is not to wait */
    uint32_t busy_poll_us; /* tcp: the kernel asks the card for so long before it lets a poll sleep */
};

struct hr_link_params {
    uint32_t clients;       /* connections of the client side */
    uint32_t message_bytes; /* the most that a side commits at once */
    uint64_t buffer_bytes;  /* of each way of a connection; 0: what the transport has by itself */
    const char *congestion; /* tcp: the congestion control asked for; "": the system's */
    uint32_t hwm;           /* zmq: messages that wait for a connection, at most */
    bool sealed;            /* messages are of any length, not of whole orders and events */
    /* For sides of two programs; all of it outlives the link. */
    const struct hr_link_place *place; /* NULL: both sides are this program's, on this machine */
    const struct hr_link_keys *keys;   /* NULL: made for the link */
    uint32_t strangers; /* connections that a server holds beyond `clients`; 0: the default */
    bool beside;        /* others are polled by the same thread: poll(0) does not nap */
    struct hr_link_way way;
};

/* What a link really has, for the report. 0 and "" where there is no such thing. */
struct hr_link_facts {
    char congestion[16];
    uint64_t send_bytes, receive_bytes; /* buffers of a connection */
    uint32_t hwm;
    uint16_t port; /* on which the server listens */
};

/* Of a server's side, since the start. */
struct hr_link_counts {
    uint64_t refused; /* connections without room, or that had to make room for others */
    uint64_t bad;     /* messages that nobody of ours sends, for each of which one was cut off */
};

struct hr_link_ops;
struct hr_link {
    const struct hr_link_ops *ops;
    struct hr_link_params params;
    struct hr_link_facts facts;
    struct hr_link_counts counts;
    uint32_t slots; /* connections are below this */
};

static inline uint32_t hr_link_slots(const struct hr_link_params *params)
{
    return params->clients + (params->strangers ? params->strangers : HR_LINK_STRANGERS_MAX);
}

struct hr_link_ops {
    const char *name, *summary;
    int (*available)(void); /* 0, or -errno with hr_error() saying why not on this host */
    int (*listen)(struct hr_link **link, const struct hr_link_params *params);
    /* Once a side. The client's returns when all its connections are made. */
    int (*join)(struct hr_link *link, bool server);
    /* Moves bytes; connections with something to read, or gone, into ready[0 … n), n ≤ most. What
     * did not fit comes first the next time. */
    int (*poll)(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms);
    /* Both first release or commit `used` bytes, and return what there is now. */
    size_t (*read)(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at);
    size_t (*write)(struct hr_link *link, uint32_t c, size_t used, uint8_t **at);
    /* One connection (a gone one's number may then be used again), or with HR_LINK_ALL the link. */
    void (*close)(struct hr_link *link, uint32_t c);
};

/* All links, ended by NULL. */
extern const struct hr_link_ops *const hr_links[];

#endif
