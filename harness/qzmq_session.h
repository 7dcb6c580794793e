/*
 * qzmq_session.h - the inside of a QZMQ session, for its parts (qzmq.c, qzmq_handshake.c,
 * qzmq_record.c) and the tests that look at what is kept and what is wiped. Contracts: qzmq.h.
 */
#ifndef HR_QZMQ_SESSION_H
#define HR_QZMQ_SESSION_H

#include "harness/qzmq.h"

enum {
    QZMQ_HELLO = 1,
    QZMQ_RETRY,
    QZMQ_WELCOME,
    QZMQ_FINISH,
    QZMQ_RECORD,
    QZMQ_CLOSE,
    QZMQ_REFUSE
};

#define QZMQ_VERSION 1u
#define QZMQ_SUITE 1u
#define QZMQ_HEADER_BYTES 12u /* of a record */
#define QZMQ_COOKIE_AT 1252u  /* in HELLO */
#define QZMQ_COOKIE_BYTES 40u
#define QZMQ_SHARE_AT 36u
#define QZMQ_CIPHER_AT 40u /* in WELCOME */
#define QZMQ_WELCOME_SEALED 1160u
#define QZMQ_FINISH_SEALED 8u
#define QZMQ_PROOF_BYTES (HR_QZMQ_FINGERPRINT_BYTES + HR_SIGNATURE_BYTES)
#define QZMQ_SEQUENCE_END (UINT64_C(1) << 48)

_Static_assert(QZMQ_SHARE_AT + HR_KEM_PUBLIC_BYTES == QZMQ_COOKIE_AT &&
                   QZMQ_COOKIE_AT + QZMQ_COOKIE_BYTES == HR_QZMQ_HELLO_BYTES,
               "HELLO is as its table says");
_Static_assert(QZMQ_CIPHER_AT + HR_KEM_CIPHER_BYTES == QZMQ_WELCOME_SEALED &&
                   QZMQ_WELCOME_SEALED + QZMQ_PROOF_BYTES + HR_AEAD_TAG_BYTES ==
                       HR_QZMQ_WELCOME_BYTES,
               "WELCOME is as its table says");
_Static_assert(QZMQ_FINISH_SEALED + QZMQ_PROOF_BYTES + HR_AEAD_TAG_BYTES == HR_QZMQ_FINISH_BYTES,
               "FINISH is as its table says");
_Static_assert(QZMQ_HEADER_BYTES + HR_AEAD_TAG_BYTES == HR_QZMQ_OVERHEAD_BYTES,
               "a record is as its table says");

enum qzmq_state { QZMQ_WAITS_WELCOME, QZMQ_WAITS_FINISH, QZMQ_READY, QZMQ_SHUT };

/* One direction's key, and what it was used for. */
struct qzmq_direction {
    uint8_t secret[HR_DIGEST_BYTES];
    uint8_t mask[HR_AEAD_NONCE_BYTES];
    struct hr_aead *aead;
    uint64_t sequence; /* of the next record */
    uint64_t epoch, epoch_records, epoch_bytes, epoch_began_ns;
};

struct hr_qzmq {
    enum qzmq_state state;
    enum hr_qzmq_reason reason;
    bool client, retried, heard; /* heard: a record of the peer was opened */
    uint32_t stream;
    uint64_t began_ns;
    struct hr_qzmq_limits limits;
    struct qzmq_direction out, in;

    /* Of the handshake; wiped when it ends. */
    const struct hr_sign_key *own;
    const struct hr_qzmq_server *server; /* NULL at the client */
    struct hr_verify_key *expected;      /* the client's: of the server */
    struct hr_kem *kem;
    struct hr_digest *transcript;
    uint8_t secret[HR_DIGEST_BYTES];
    uint8_t transcript_1[HR_DIGEST_BYTES];
    uint8_t hello[HR_QZMQ_HELLO_BYTES];
    uint8_t peer[HR_QZMQ_FINGERPRINT_BYTES];
};

struct hr_qzmq_server {
    const struct hr_sign_key *own;
    struct hr_qzmq_limits limits;
    uint8_t fingerprint[HR_QZMQ_FINGERPRINT_BYTES];
    uint8_t cookie_key[HR_MAC_BYTES];
    struct pinned {
        uint8_t fingerprint[HR_QZMQ_FINGERPRINT_BYTES];
        struct hr_verify_key *key;
    } * pinned;
    int pinned_count;
};

/* A session in `state` with nothing agreed; NULL with a message. */
struct hr_qzmq *qzmq_session_new(bool client, const struct hr_qzmq_limits *limits, uint64_t now_ns);
/* Closes it and wipes what it held; returns reason. The first reason stays. */
enum hr_qzmq_reason qzmq_shut(struct hr_qzmq *session, enum hr_qzmq_reason reason);
/* Wipes what only the handshake needed. */
void qzmq_forget_handshake(struct hr_qzmq *session);
/* Ready, with these secrets (HR_DIGEST_BYTES each) of epoch 0. 0 or -errno. */
int qzmq_begin_records(struct hr_qzmq *session, uint64_t now_ns, const uint8_t *client_secret,
                       const uint8_t *server_secret);
/* HKDF-Expand(secret, label | context). 0 or -errno. context: HR_DIGEST_BYTES, or NULL. */
int qzmq_derive(const uint8_t *secret, const char *label, const uint8_t *context, void *out,
                size_t size);

static inline void qzmq_put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static inline uint64_t qzmq_get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << 8 * i;
    }
    return value;
}

#endif
