/*
 * crypto_suite.h - the two halves of the crypto suite: what a session costs to begin
 * (crypto_handshake.c) and what each order in it costs (crypto_suite.c).
 */
#ifndef HR_CRYPTO_SUITE_H
#define HR_CRYPTO_SUITE_H

#include "suites/suite.h"

#include "harness/qzmq.h"

#define HR_CRYPTO_SUITE "crypto"

/* Two sessions that shook hands, one at each end; the clock stands still. */
struct hr_sealed_pair {
    struct hr_sign_key *client_key, *server_key;
    struct hr_qzmq_server *server;
    struct hr_qzmq *client, *session;
};

/* Which library on which processor: in the params of every case. More is added to it. */
json_t *hr_crypto_params(void);
/* Keys and a server that knows the client; no session yet. 0 or -errno; close what was opened. */
int hr_sealed_pair_open(struct hr_sealed_pair *pair, const struct hr_qzmq_limits *limits);
/* limits: the client's, as the server's. Ticks spent at each side; either may be NULL. A session
 * before is hung up. 0 or -errno. */
int hr_sealed_pair_shake_hands(struct hr_sealed_pair *pair, const struct hr_qzmq_limits *limits,
                               uint64_t *client_ticks, uint64_t *server_ticks);
void hr_sealed_pair_close(struct hr_sealed_pair *pair);

/* The cases of handshakes and of what they are made of. */
int hr_crypto_handshakes(struct hr_bench *bench, json_t *suite);

#endif
