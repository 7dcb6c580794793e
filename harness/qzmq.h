/*
 * qzmq.h - a session that nobody without the keys can read, change, replay or pretend to be in.
 *
 * Two parties that know each other's ML-DSA-65 keys agree on a secret with X25519MLKEM768, prove
 * who they are, and from then on exchange AES-256-GCM records. This is the session alone: it turns
 * buffers into buffers and knows no socket, thread or clock. The caller moves each message whole,
 * in order and once (ZeroMQ frames, or a length before each on TCP), and tells the time.
 *
 *   client                                                             server
 *   hr_qzmq_connect     HELLO, no cookie            ------------>      hr_qzmq_greet: nothing is
 * kept hr_qzmq_step        <------------               RETRY, cookie HELLO, cookie ------------>
 * hr_qzmq_greet: a session hr_qzmq_step        <------------               WELCOME, signed (ready)
 * FINISH, signed              ------------>      hr_qzmq_step (ready) hr_qzmq_seal/open
 * <------------  RECORD …     ------------>      hr_qzmq_seal/open
 *
 * ---- messages; integers are little-endian ------------------------------------------------
 *   HELLO    1292   0 kind 1 | 1 version 1 | 2 suite u16 1 | 4 random[32] | 36 share[1216]
 *                   | 1252 cookie[40], zeros at first
 *   RETRY      44   0 kind 2 | 1 version | 2 suite | 4 cookie[40]: time u64 ns, HMAC[32]
 *   WELCOME  4517   0 kind 3 | 1 version | 2 suite | 4 stream u32 | 8 random[32] | 40 cipher[1120]
 *                   | 1160 sealed[3341 + 16]: fingerprint[32], signature[3309]
 *   FINISH   3365   0 kind 4 | 1 version | 2 suite | 4 stream u32 | 8 sealed[3341 + 16], as above
 *   RECORD  n + 28  0 kind 5 | 1 epoch u8 | 2 sequence u48 | 8 stream u32 | 12 sealed[n + 16]
 *   CLOSE      28   0 kind 6 | the rest as RECORD, with nothing in it
 *   REFUSE      5   0 kind 7 | 1 version | 2 suite | 4 reason u8 (enum hr_qzmq_reason)
 *
 * A fingerprint is the SHA-384 of the raw public key, cut to 32 bytes. The suite is the one there
 * is; any other version or suite is refused by either side, so there is nothing to be talked down
 * to. One order of 60 bytes is 88 on the wire; a batch is sealed as one record, so 256 are 60.11
 * each.
 *
 * ---- keys -----------------------------------------------------------------------------------
 *   secret = HKDF-Extract("headroom qzmq 1", X25519MLKEM768's 64 bytes)
 *   T1 = SHA-384(HELLO with cookie | WELCOME up to `sealed`)
 *   handshake key and nonce of a side = HKDF-Expand(secret, label | T1): seals its fingerprint and
 * signature signature of the server over T2 = SHA-384(… | its fingerprint), of the client over T3 =
 * SHA-384(… | server's signature | FINISH up to `sealed` | its fingerprint), in FIPS 204 contexts
 * of their own T4 = SHA-384(… | client's signature) secret of a direction, epoch 0 =
 * HKDF-Expand(secret, label | T4); then secret is wiped key, nonce mask, secret of the next epoch =
 * HKDF-Expand(secret of this epoch, "key" | "mask" | "next") nonce of a record = nonce mask, its
 * last 8 bytes XOR sequence; the record's first 12 bytes are authenticated
 *
 * ---- why that holds ---------------------------------------------------------------------------
 *   who        Each side's key is pinned by the other. The signatures cover everything that was
 *              said, both shares and the signer's own fingerprint (SIGMA-I: H. Krawczyk, CRYPTO
 *              2003; TLS 1.3, RFC 8446, has the same order), so no message can be taken from
 *              another handshake, and none changed: a changed one gives other keys.
 *   secrecy    The secret holds while either X25519 or ML-KEM-768 does. Its keys are made for one
 *              handshake and wiped, so keys stolen later open nothing recorded before; inside a
 *              session each epoch's secret is wiped when the next is derived. A key stolen from a
 *              running session opens what follows in that session.
 *   names      Fingerprints travel sealed: a listener learns who talks from addresses only. (An
 *              active stranger learns the server's, as in TLS 1.3.)
 *   records    Keys differ by direction, so none can be sent back. The sequence runs through the
 *              whole session, in one step: a record that was seen, left out, moved or cut short is
 *              refused. Nonces are sequences, and never repeat.
 *   age        A sender goes to the next epoch after 10 minutes, 2^22 records or 2^38 bytes, a receiver
 *              refuses one that does not. (RFC 8446 5.5 allows 2^24.5 records of 2^14 bytes to a key of
 *              AES-GCM, for an advantage of 2^-57.)
 *   floods     A HELLO costs the server one HMAC, no memory and fewer bytes than it came in, until
 *              the sender has shown that it can read what is sent to its address. Then one key
 *              agreement and one signature: whoever moves the messages limits how often that is,
 *              and drops handshakes that hr_qzmq_overdue().
 *   not held   That both talk, how much and when; availability against somebody who can change the
 *              traffic: he can end a session, but only that one. REFUSE is a hint, not proven.
 *
 * Any message that does not fit closes its session, for good, and wipes its keys; the reason stays
 * and is what every later call returns. No other session is touched: they share only the server's
 * own keys, which are read. Threads: a session by one at a time; a server by several at once.
 */
#ifndef HR_QZMQ_H
#define HR_QZMQ_H

#include "harness/crypto.h"

#define HR_QZMQ_FINGERPRINT_BYTES 32u
#define HR_QZMQ_HELLO_BYTES 1292u
#define HR_QZMQ_RETRY_BYTES 44u
#define HR_QZMQ_WELCOME_BYTES 4517u
#define HR_QZMQ_FINISH_BYTES 3365u
#define HR_QZMQ_REFUSE_BYTES 5u
#define HR_QZMQ_HANDSHAKE_MAX HR_QZMQ_WELCOME_BYTES
#define HR_QZMQ_OVERHEAD_BYTES 28u
#define HR_QZMQ_PLAIN_MAX (1u << 24) /* of one record, in bytes: 279 620 orders */
#define HR_QZMQ_PEER_MAX 64u         /* of an address */
#define HR_QZMQ_PINNED_MAX 4096      /* clients that a server knows */

#define HR_QZMQ_REKEY_NS UINT64_C(600000000000)
#define HR_QZMQ_REKEY_RECORDS (UINT64_C(1) << 22)
#define HR_QZMQ_REKEY_BYTES (UINT64_C(1) << 38)
#define HR_QZMQ_COOKIE_NS UINT64_C(30000000000)    /* for how long a cookie is good */
#define HR_QZMQ_HANDSHAKE_NS UINT64_C(10000000000) /* and a handshake that is not finished */

/* Why a session is closed. The numbers are on the wire (REFUSE). */
enum hr_qzmq_reason {
    HR_QZMQ_FINE = 0,
    HR_QZMQ_BAD_MESSAGE = 1, /* no message that fits here: kind or size */
    HR_QZMQ_BAD_VERSION = 2,
    HR_QZMQ_BAD_SUITE = 3,
    HR_QZMQ_BAD_COOKIE = 4, /* not ours, not for this HELLO or address, or too old */
    HR_QZMQ_BAD_SHARE = 5,  /* no key agreement with these bytes */
    HR_QZMQ_BAD_HANDSHAKE =
        6,                /* the sealed part does not open: something said before was changed */
    HR_QZMQ_BAD_PEER = 7, /* a key that is not pinned */
    HR_QZMQ_BAD_SIGNATURE = 8,
    HR_QZMQ_LATE = 9,         /* the handshake took too long */
    HR_QZMQ_BAD_STREAM = 10,  /* a record of another session */
    HR_QZMQ_REPLAYED = 11,    /* a sequence number that was seen */
    HR_QZMQ_MISSING = 12,     /* one that leaves some out */
    HR_QZMQ_BAD_EPOCH = 13,   /* neither this key nor the next */
    HR_QZMQ_BAD_RECORD = 14,  /* changed, cut short, or sealed with another key */
    HR_QZMQ_STALE = 15,       /* the peer does not renew its key */
    HR_QZMQ_EXHAUSTED = 16,   /* 2^48 records */
    HR_QZMQ_PEER_CLOSED = 17, /* in order, and proven */
    HR_QZMQ_PEER_REFUSED = 18,
    HR_QZMQ_CLOSED = 19,    /* by hr_qzmq_close() */
    HR_QZMQ_NO_CRYPTO = 20, /* OpenSSL failed; hr_error() may say how */
    /* These two are the caller's mistakes and close nothing. */
    HR_QZMQ_NOT_READY = 21,
    HR_QZMQ_NO_ROOM = 22, /* the buffer is too small, or there is more than HR_QZMQ_PLAIN_MAX */
    HR_QZMQ_REASONS,
};
/* One line, in words. */
const char *hr_qzmq_text(enum hr_qzmq_reason reason);

/* When a sender renews its key; the same on both sides. 0: the defaults above. */
struct hr_qzmq_limits {
    uint64_t rekey_ns, rekey_records;
};

void hr_qzmq_fingerprint(const uint8_t *public_key, uint8_t *fingerprint);

/* ---- a server: its keys, whom it knows, and the secret behind its cookies ---- */
struct hr_qzmq_server;
/* own is borrowed and must outlive the server and its sessions. 0 or -errno. */
int hr_qzmq_server_new(struct hr_qzmq_server **server, const struct hr_sign_key *own,
                       const struct hr_qzmq_limits *limits);
/* A client that may come in. Before the first greeting. -ENOSPC after HR_QZMQ_PINNED_MAX. */
int hr_qzmq_server_pin(struct hr_qzmq_server *server, const uint8_t *public_key);
void hr_qzmq_server_free(struct hr_qzmq_server *server); /* accepts NULL */

/* ---- a session ---- */
struct hr_qzmq;

/* The client's side; out (HR_QZMQ_HELLO_BYTES) is to be sent. own is borrowed, server_key copied. 0
 * or -errno. */
int hr_qzmq_connect(struct hr_qzmq **session, const struct hr_sign_key *own,
                    const uint8_t *server_key, const struct hr_qzmq_limits *limits, uint64_t now_ns,
                    uint8_t *out);

/* What a server does with a message from nobody it has a session with. peer: how the transport
 * names the sender (an address, a ZeroMQ identity), not to be chosen freely by him. stream: names
 * the session if one comes of it, unique among the server's. out (HR_QZMQ_HANDSHAKE_MAX) holds
 * *out_size bytes to be sent, which may be 0. *session: NULL, or one that waits for FINISH. */
enum hr_qzmq_reason hr_qzmq_greet(const struct hr_qzmq_server *server, uint64_t now_ns,
                                  const void *peer, size_t peer_size, uint32_t stream,
                                  const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                                  struct hr_qzmq **session);

/* Takes a handshake message; out as above. After it hr_qzmq_ready() may be true. */
enum hr_qzmq_reason hr_qzmq_step(struct hr_qzmq *session, uint64_t now_ns, const uint8_t *in,
                                 size_t size, uint8_t *out, size_t *out_size);
bool hr_qzmq_ready(const struct hr_qzmq *session);
bool hr_qzmq_overdue(const struct hr_qzmq *session, uint64_t now_ns);
enum hr_qzmq_reason hr_qzmq_reason(const struct hr_qzmq *session);
/* The server's names; 0 at a client that is not ready. */
uint32_t hr_qzmq_stream(const struct hr_qzmq *session);
/* How often this side took a new key for sending. */
uint64_t hr_qzmq_renewals(const struct hr_qzmq *session);
/* Whose key the other side proved to have; HR_QZMQ_FINGERPRINT_BYTES; NULL if not ready. */
const uint8_t *hr_qzmq_peer(const struct hr_qzmq *session);

/* One record of size bytes (a batch of orders): *out_size = size + HR_QZMQ_OVERHEAD_BYTES. plain
 * and out do not overlap. Nothing is allocated, but for a moment when a key is renewed. */
enum hr_qzmq_reason hr_qzmq_seal(struct hr_qzmq *session, uint64_t now_ns, const void *plain,
                                 size_t size, uint8_t *out, size_t capacity, size_t *out_size);
/* The bytes of the next record. plain and in do not overlap; plain holds nothing to be used unless
 * HR_QZMQ_FINE is returned. */
enum hr_qzmq_reason hr_qzmq_open(struct hr_qzmq *session, uint64_t now_ns, const uint8_t *in,
                                 size_t size, void *plain, size_t capacity, size_t *plain_size);

/* Closes this side. out (HR_QZMQ_OVERHEAD_BYTES) is the last message, to be sent if *out_size is
 * not 0: with it the other side knows that nothing was cut off. */
void hr_qzmq_close(struct hr_qzmq *session, uint64_t now_ns, uint8_t *out, size_t *out_size);
void hr_qzmq_free(struct hr_qzmq *session); /* wipes; accepts NULL */

#endif
