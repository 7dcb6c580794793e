/*
 * link_sealed.c - a link whose bytes nobody between can read or change: QZMQ around another link.
 *
 * Every connection is a session of its own (qzmq.h): it shakes hands before the first byte, what is
 * committed at once is one record, and one that is not as it was sealed ends its connection and no
 * other. Over a transport without messages a length of four bytes stands before each. Where both
 * sides are one program's, their keys are made when the link is; else each side has its own, and
 * those that it knows. Who begins a handshake and does not end it is given up.
 */
#include "harness/link_sealed.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/qzmq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 4u
#define JOIN_NS UINT64_C(30000000000)
#define STRANGER_NS UINT64_C(2000000000) /* from a first message to a session */
#define READY_MAX 256
#define ENOUGH_BYTES (64u << 10) /* opened before the reader has a turn */

enum stage { NOBODY, GREETING, OPEN, LOST, TOLD };

struct peer {
    enum stage stage;
    uint64_t since_ns; /* 0, or when a stranger without a session was first heard */
    struct hr_qzmq *session;
    uint8_t *plain; /* of the records that are being read */
    size_t plain_at, plain_end, plain_room;
    uint64_t told; /* the round of poll() that last named it */
    uint8_t *out;  /* being written, not sealed yet */
    size_t out_room;
};

struct sealed_link {
    struct hr_link base;
    const struct hr_link_ops *inner_ops;
    struct hr_link *inner;
    bool framed;                                 /* a length before each message */
    struct hr_sign_key *client_key, *server_key; /* made for the link */
    const struct hr_sign_key *own;               /* the client's */
    uint8_t server_public[HR_VERIFY_KEY_BYTES];  /* that the client knows */
    struct hr_qzmq_server *server;
    uint64_t now_ns, round;
    uint32_t greeting; /* sessions that are not ready yet */
    uint32_t strange;  /* connections that were heard and have no session */
    uint64_t bad;      /* messages that ended one */
    uint32_t turn;     /* the connection that is asked first for what was left unread */
    uint32_t lost;     /* connections whose end is still to be told */
    struct peer *peers;
};

/* ---- messages over the inner link ------------------------------------------------------ */

/* The next whole message; 0: none yet; *used: what to release once it was looked at. False: a
 * length that no message of ours has. */
static bool next_message(struct sealed_link *l, uint32_t c, const uint8_t **at, size_t *size,
                         size_t *used)
{
    size_t have = l->inner_ops->read(l->inner, c, 0, at);
    uint32_t length;

    *size = *used = 0;
    if (!l->framed) {
        *size = *used = have;
        return true;
    }
    if (have < LENGTH_BYTES) {
        return true;
    }
    memcpy(&length, *at, sizeof(length));
    if (length > l->inner->params.message_bytes - LENGTH_BYTES) {
        return false;
    }
    if (have >= LENGTH_BYTES + length) {
        *at += LENGTH_BYTES;
        *size = length;
        *used = LENGTH_BYTES + length;
    }
    return true;
}

/* Where a message may be written, and how long it may be. */
static size_t room_for(struct sealed_link *l, uint32_t c, uint8_t **at)
{
    size_t room = l->inner_ops->write(l->inner, c, 0, at);

    if (l->framed && room) {
        *at += LENGTH_BYTES;
        room = room > LENGTH_BYTES ? room - LENGTH_BYTES : 0;
    }
    return room;
}

static void commit(struct sealed_link *l, uint32_t c, uint8_t *at, size_t size)
{
    uint32_t length = (uint32_t)size;

    if (l->framed) {
        memcpy(at - LENGTH_BYTES, &length, sizeof(length));
        size += LENGTH_BYTES;
    }
    l->inner_ops->write(l->inner, c, size, &at);
}

static bool send_message(struct sealed_link *l, uint32_t c, const uint8_t *message, size_t size)
{
    uint8_t *at;

    if (size == 0) {
        return true;
    }
    if (room_for(l, c, &at) < size) {
        return false;
    }
    memcpy(at, message, size);
    commit(l, c, at, size);
    return true;
}

/* ---- sessions ------------------------------------------------------------------------------ */

static void lose(struct sealed_link *l, uint32_t c)
{
    struct peer *p = l->peers + c;

    if (p->stage < LOST) {
        l->greeting -= p->stage == GREETING;
        l->strange -= p->since_ns != 0;
        p->since_ns = 0;
        l->lost++;
        p->stage = LOST;
        p->plain_at = p->plain_end = 0;
    }
}

static void note_stranger(struct sealed_link *l, struct peer *p)
{
    if ((p->session == NULL) != (p->since_ns != 0)) {
        p->since_ns = p->session ? 0 : l->now_ns;
        l->strange += p->session ? UINT32_MAX : 1;
    }
}

/* One handshake message. False: the connection is not to be kept. */
static bool shake_hands(struct sealed_link *l, uint32_t c, const uint8_t *in, size_t size)
{
    uint8_t out[HR_QZMQ_HANDSHAKE_MAX];
    struct peer *p = l->peers + c;
    enum hr_qzmq_reason reason;
    size_t out_size;

    if (p->session) {
        reason = hr_qzmq_step(p->session, l->now_ns, in, size, out, &out_size);
    } else {
        reason = hr_qzmq_greet(l->server, l->now_ns, &c, sizeof(c), c, in, size, out, &out_size,
                               &p->session);
        l->greeting += p->session != NULL;
        p->stage = p->session ? GREETING : NOBODY;
        note_stranger(l, p);
    }
    if (!send_message(l, c, out, out_size) || reason) {
        return false;
    }
    if (p->session && hr_qzmq_ready(p->session)) {
        l->greeting -= p->stage == GREETING;
        p->stage = OPEN;
    }
    return true;
}

/* Behind what is there to be read already. */
static bool open_record(struct sealed_link *l, struct peer *p, const uint8_t *in, size_t size)
{
    size_t made;

    if (p->plain_room < p->plain_end + size) {
        uint8_t *grown = realloc(p->plain, p->plain_end + size);

        if (!grown) {
            return false;
        }
        p->plain = grown;
        p->plain_room = p->plain_end + size;
    }
    if (hr_qzmq_open(p->session, l->now_ns, in, size, p->plain + p->plain_end,
                     p->plain_room - p->plain_end, &made)) {
        return false;
    }
    p->plain_end += made;
    return true;
}

/* Takes messages until there is enough to read, or no more. */
static void advance(struct sealed_link *l, uint32_t c)
{
    struct peer *p = l->peers + c;
    const uint8_t *at;
    size_t size, used;

    if (p->plain_at) {
        memmove(p->plain, p->plain + p->plain_at, p->plain_end - p->plain_at);
        p->plain_end -= p->plain_at;
        p->plain_at = 0;
    }
    while (p->stage < LOST && p->plain_end - p->plain_at < ENOUGH_BYTES) {
        bool good = next_message(l, c, &at, &size, &used);

        if (good && used == 0) {
            return;
        }
        good =
            good && (p->stage == OPEN ? open_record(l, p, at, size) : shake_hands(l, c, at, size));
        if (!good) {
            l->bad += !p->session || hr_qzmq_reason(p->session) != HR_QZMQ_PEER_CLOSED;
            lose(l, c);
            return;
        }
        l->inner_ops->read(l->inner, c, used, &at);
    }
}

static bool unread(const struct peer *p)
{
    return p->plain_at < p->plain_end;
}

/* ---- a link -----------------------------------------------------------------------------------
 */

static void sealed_close(struct hr_link *link, uint32_t c);

/* What each side of two programs was given. */
static int take_keys(struct sealed_link *l, const struct hr_link_params *params)
{
    const struct hr_link_keys *keys = params->keys;
    int rc = 0;

    if (!keys) {
        return hr_fail(EINVAL, "a sealed side needs its own key and those that it knows");
    }
    if (!params->place->server) {
        l->own = keys->own;
        memcpy(l->server_public, keys->known, sizeof(l->server_public));
        return 0;
    }
    rc = hr_qzmq_server_new(&l->server, keys->own, NULL);
    for (uint32_t i = 0; i < keys->count && rc == 0; i++) {
        rc = hr_qzmq_server_pin(l->server, keys->known + (size_t)i * HR_VERIFY_KEY_BYTES);
    }
    return rc;
}

static int make_keys(struct sealed_link *l)
{
    uint8_t public_key[HR_VERIFY_KEY_BYTES];
    int rc = hr_sign_key_new(&l->client_key);

    rc = rc ? rc : hr_sign_key_new(&l->server_key);
    rc = rc ? rc : hr_qzmq_server_new(&l->server, l->server_key, NULL);
    if (rc == 0) {
        hr_sign_key_public(l->client_key, public_key);
        rc = hr_qzmq_server_pin(l->server, public_key);
        hr_sign_key_public(l->server_key, l->server_public);
        l->own = l->client_key;
    }
    return rc;
}

int hr_link_sealed_listen(struct hr_link **out, const struct hr_link_params *params,
                          const struct hr_link_ops *inner_ops, bool framed)
{
    struct hr_link_params inner = *params;
    struct sealed_link *l;
    int rc;

    *out = NULL;
    if (params->message_bytes > HR_QZMQ_PLAIN_MAX) {
        return hr_fail(EINVAL,
                       "%u bytes at once are more than a sealed record's %u: use smaller "
                       "batches",
                       params->message_bytes, HR_QZMQ_PLAIN_MAX);
    }
    l = calloc(1, sizeof(*l));
    if (!l) {
        return hr_fail(ENOMEM, "no memory for a sealed link");
    }
    l->inner_ops = inner_ops;
    l->framed = framed;
    inner.sealed = true;
    inner.message_bytes += HR_QZMQ_OVERHEAD_BYTES + LENGTH_BYTES;
    if (inner.message_bytes < HR_QZMQ_HANDSHAKE_MAX + LENGTH_BYTES) {
        inner.message_bytes = HR_QZMQ_HANDSHAKE_MAX + LENGTH_BYTES;
    }
    rc = params->place ? take_keys(l, params) : make_keys(l);
    rc = rc ? rc : inner_ops->listen(&l->inner, &inner);
    if (rc == 0) {
        l->inner->ops = inner_ops;
        l->base =
            (struct hr_link){.params = *params, .facts = l->inner->facts, .slots = l->inner->slots};
        l->peers = calloc(l->base.slots, sizeof(*l->peers));
        rc = l->peers ? 0 : hr_fail(ENOMEM, "no memory for %u sessions", l->base.slots);
    }
    if (rc) {
        sealed_close(&l->base, HR_LINK_ALL);
        return rc;
    }
    *out = &l->base;
    return 0;
}

static int connect_all(struct sealed_link *l)
{
    uint8_t hello[HR_QZMQ_HELLO_BYTES];
    int rc = 0;

    for (uint32_t c = 0; c < l->base.params.clients && rc == 0; c++) {
        struct peer *p = l->peers + c;

        rc = hr_qzmq_connect(&p->session, l->own, l->server_public, NULL, l->now_ns, hello);
        if (rc == 0 && !send_message(l, c, hello, sizeof(hello))) {
            rc = hr_fail(EIO, "no room for a first message");
        }
        p->stage = GREETING;
        l->greeting++;
    }
    return rc;
}

static int sealed_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms);

static int no_session(const struct peer *p)
{
    enum hr_qzmq_reason reason = hr_qzmq_reason(p->session);

    return hr_fail(
        ECONNREFUSED, "no sealed session: %s",
        reason != HR_QZMQ_FINE ? hr_qzmq_text(reason)
        : hr_qzmq_overdue(p->session, hr_clock_ns())
            ? "the server did not go on with the handshake"
            : "the server ended the connection, perhaps for a key that it does not know");
}

static int sealed_join(struct hr_link *link, bool server)
{
    struct sealed_link *l = (struct sealed_link *)link;
    uint64_t began_ns = hr_clock_ns();
    int rc = l->inner_ops->join(l->inner, server);

    l->now_ns = began_ns;
    link->facts = l->inner->facts;
    if (rc || server) {
        return rc;
    }
    rc = connect_all(l);
    while (rc == 0 && l->greeting) {
        uint32_t ready[READY_MAX];
        int n = sealed_poll(link, ready, READY_MAX, 1);

        for (int i = 0; i < n; i++) {
            if (ready[i] & HR_LINK_GONE) {
                return no_session(l->peers + (ready[i] & ~HR_LINK_GONE));
            }
        }
        rc = n < 0 ? n : 0;
        if (rc == 0 && hr_clock_ns() - began_ns > JOIN_NS) {
            rc = hr_fail(ETIMEDOUT, "no sealed session within 30 s");
        }
        if (rc == 0 && hr_stop_signal()) {
            rc = hr_fail(EINTR, "interrupted");
        }
    }
    return rc;
}

/* Who was welcomed and does not finish is sent away; every end is told, once. */
static uint32_t tell_ends(struct sealed_link *l, uint32_t *ready, uint32_t n, uint32_t most)
{
    for (uint32_t c = 0; (l->greeting || l->strange || l->lost) && c < l->base.slots && n < most;
         c++) {
        struct peer *p = l->peers + c;

        if ((p->stage == GREETING && hr_qzmq_overdue(p->session, l->now_ns)) ||
            (p->since_ns && l->now_ns - p->since_ns > STRANGER_NS)) {
            lose(l, c);
        }
        if (p->stage == LOST) {
            p->stage = TOLD;
            l->lost--;
            ready[n++] = c | HR_LINK_GONE;
        }
    }
    return n;
}

static uint32_t tell_unread(struct sealed_link *l, uint32_t c, uint32_t *ready, uint32_t n)
{
    struct peer *p = l->peers + c;

    if (unread(p) && p->told != l->round) {
        p->told = l->round;
        ready[n++] = c;
    }
    return n;
}

static int sealed_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct sealed_link *l = (struct sealed_link *)link;
    uint32_t come[READY_MAX], n = 0;
    int found;

    l->round++;
    /* What readers left, each in its turn, and only half of the room: it must not keep out who is
     * heard of just now. */
    for (uint32_t i = 0; i < link->slots && n < (most + 1) / 2; i++) {
        n = tell_unread(l, l->turn, ready, n);
        l->turn = (l->turn + 1) % link->slots;
    }
    found = n == most
                ? 0 /* a poll() for nothing is an error to some */
                : l->inner_ops->poll(l->inner, come, most - n < READY_MAX ? most - n : READY_MAX,
                                     n ? 0 : wait_ms);
    l->now_ns = hr_clock_ns();
    for (int i = 0; i < found; i++) {
        uint32_t c = come[i] & ~HR_LINK_GONE;

        if (come[i] & HR_LINK_GONE) {
            lose(l, c);
        } else {
            advance(l, c);
            n = tell_unread(l, c, ready, n);
        }
    }
    link->counts.refused = l->inner->counts.refused;
    link->counts.bad = l->inner->counts.bad + l->bad;
    return found < 0 ? found : (int)tell_ends(l, ready, n, most);
}

static size_t sealed_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct sealed_link *l = (struct sealed_link *)link;
    struct peer *p = l->peers + c;

    p->plain_at += used;
    if (p->plain_at >= p->plain_end) {
        p->plain_at = p->plain_end = 0;
        advance(l, c);
    }
    *at = p->plain + p->plain_at;
    return p->plain_end - p->plain_at;
}

static size_t sealed_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct sealed_link *l = (struct sealed_link *)link;
    struct peer *p = l->peers + c;
    uint8_t *sealed;
    size_t room, made;

    if (p->stage != OPEN) {
        return 0;
    }
    room = room_for(l, c, &sealed);
    if (used) {
        if (hr_qzmq_seal(p->session, l->now_ns, p->out, used, sealed, room, &made)) {
            lose(l, c);
            return 0;
        }
        commit(l, c, sealed, made);
        room = room_for(l, c, &sealed);
    }
    if (!p->out) {
        p->out = malloc(link->params.message_bytes);
        p->out_room = p->out ? link->params.message_bytes : 0;
    }
    *at = p->out;
    room = room > HR_QZMQ_OVERHEAD_BYTES ? room - HR_QZMQ_OVERHEAD_BYTES : 0;
    return room < p->out_room ? room : p->out_room;
}

static void forget(struct sealed_link *l, uint32_t c)
{
    struct peer *p = l->peers + c;

    l->greeting -= p->stage == GREETING;
    l->lost -= p->stage == LOST;
    l->strange -= p->since_ns != 0;
    hr_qzmq_free(p->session);
    free(p->plain);
    free(p->out);
    *p = (struct peer){.stage = NOBODY};
}

static void sealed_close(struct hr_link *link, uint32_t c)
{
    struct sealed_link *l = (struct sealed_link *)link;

    if (!link) {
        return;
    }
    for (uint32_t i = 0; l->peers && i < link->slots; i++) {
        if (c == HR_LINK_ALL || c == i) {
            forget(l, i);
        }
    }
    if (l->inner) {
        l->inner_ops->close(l->inner, c);
    }
    if (c == HR_LINK_ALL) {
        hr_qzmq_server_free(l->server);
        hr_sign_key_free(l->client_key);
        hr_sign_key_free(l->server_key);
        free(l->peers);
        free(l);
    }
}

/* clang-format off */
#define SEALED_LINK(outer, within, framed, text)                                                   \
    extern const struct hr_link_ops hr_link_##within, hr_link_##outer;                             \
    static int outer##_available(void)                                                             \
    {                                                                                              \
        int rc = hr_crypto_available();                                                            \
        return rc ? rc : hr_link_##within.available();                                             \
    }                                                                                              \
    static int outer##_listen(struct hr_link **link, const struct hr_link_params *params)          \
    {                                                                                              \
        return hr_link_sealed_listen(link, params, &hr_link_##within, framed);                     \
    }                                                                                              \
    const struct hr_link_ops hr_link_##outer = {                                                   \
        .name = #outer,                                                                            \
        .summary = text,                                                                           \
        .available = outer##_available,                                                            \
        .listen = outer##_listen,                                                                  \
        .join = sealed_join,                                                                       \
        .poll = sealed_poll,                                                                       \
        .read = sealed_read,                                                                       \
        .write = sealed_write,                                                                     \
        .close = sealed_close,                                                                     \
    }
/* clang-format on */

SEALED_LINK(qtcp, tcp, true, "TCP, sealed with post-quantum keys");
SEALED_LINK(qzmq, zmq, false, "ZeroMQ, sealed with post-quantum keys");

const struct hr_link_ops *hr_link_clear(const struct hr_link_ops *ops)
{
    return ops == &hr_link_qtcp ? &hr_link_tcp : ops == &hr_link_qzmq ? &hr_link_zmq : ops;
}
