/* qzmq_rig.h - a client and a server that shake hands in one process, for the tests of QZMQ. The
 * wire is the caller's: what lies in `wire` can be changed before it is delivered. */
#ifndef QZMQ_RIG_H
#define QZMQ_RIG_H

#include "harness/qzmq_session.h"

struct qzmq_rig {
    struct hr_sign_key *client_key, *server_key, *stranger_key;
    uint8_t client_public[HR_VERIFY_KEY_BYTES], server_public[HR_VERIFY_KEY_BYTES];
    struct hr_qzmq_server *server;
    struct hr_qzmq *client, *session; /* session: the server's side */
    struct hr_qzmq_limits limits;
    uint64_t now_ns;
    uint32_t stream;
    uint8_t wire[HR_QZMQ_HANDSHAKE_MAX];
    size_t size;
};

/* Keys from fixed seeds and a server that knows the client; false: no OpenSSL in this build. */
static inline bool qzmq_rig_open(struct qzmq_rig *r, struct hr_qzmq_limits limits)
{
    uint8_t seed[HR_SIGN_SEED_BYTES] = {1};

    memset(r, 0, sizeof(*r));
    r->now_ns = 1000000000;
    r->stream = 7;
    r->limits = limits;
    if (hr_crypto_available() || hr_sign_key_from_seed(&r->client_key, seed)) {
        return false;
    }
    seed[0] = 2;
    (void)hr_sign_key_from_seed(&r->server_key, seed);
    seed[0] = 3;
    (void)hr_sign_key_from_seed(&r->stranger_key, seed);
    hr_sign_key_public(r->client_key, r->client_public);
    hr_sign_key_public(r->server_key, r->server_public);
    return hr_qzmq_server_new(&r->server, r->server_key, &r->limits) == 0 &&
           hr_qzmq_server_pin(r->server, r->client_public) == 0;
}

/* The messages one by one; each leaves the next in `wire`. */
static inline int qzmq_rig_hello(struct qzmq_rig *r)
{
    r->size = HR_QZMQ_HELLO_BYTES;
    return hr_qzmq_connect(&r->client, r->client_key, r->server_public, &r->limits, r->now_ns,
                           r->wire);
}

static inline enum hr_qzmq_reason qzmq_rig_greet(struct qzmq_rig *r, const char *peer)
{
    uint8_t in[HR_QZMQ_HANDSHAKE_MAX];

    memcpy(in, r->wire, sizeof(in));
    return hr_qzmq_greet(r->server, r->now_ns, peer, strlen(peer), r->stream, in, r->size, r->wire,
                         &r->size, &r->session);
}

static inline enum hr_qzmq_reason qzmq_rig_step(struct qzmq_rig *r, struct hr_qzmq *side)
{
    uint8_t in[HR_QZMQ_HANDSHAKE_MAX];

    memcpy(in, r->wire, sizeof(in));
    return hr_qzmq_step(side, r->now_ns, in, r->size, r->wire, &r->size);
}

/* Up to WELCOME, which then lies in `wire`. */
static inline bool qzmq_rig_welcome(struct qzmq_rig *r)
{
    return qzmq_rig_hello(r) == 0 && qzmq_rig_greet(r, "peer") == HR_QZMQ_FINE && !r->session &&
           qzmq_rig_step(r, r->client) == HR_QZMQ_FINE &&
           qzmq_rig_greet(r, "peer") == HR_QZMQ_FINE && r->session;
}

static inline bool qzmq_rig_ready(struct qzmq_rig *r)
{
    return qzmq_rig_welcome(r) && qzmq_rig_step(r, r->client) == HR_QZMQ_FINE &&
           qzmq_rig_step(r, r->session) == HR_QZMQ_FINE && hr_qzmq_ready(r->client) &&
           hr_qzmq_ready(r->session);
}

static inline void qzmq_rig_hang_up(struct qzmq_rig *r)
{
    hr_qzmq_free(r->client);
    hr_qzmq_free(r->session);
    r->client = r->session = NULL;
}

static inline void qzmq_rig_close(struct qzmq_rig *r)
{
    qzmq_rig_hang_up(r);
    hr_qzmq_server_free(r->server);
    hr_sign_key_free(r->client_key);
    hr_sign_key_free(r->server_key);
    hr_sign_key_free(r->stranger_key);
}

#endif
