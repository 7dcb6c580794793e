/*
 * qzmq_handshake.c - are these the two that know each other, and which secret is theirs alone?
 *
 * Messages, keys and the reasons for their order stand in qzmq.h. Everything both sides say goes
 * into one transcript as it was said; keys and signatures are made from that, so that no step can
 * forget to check a field.
 */
#include "harness/error.h"
#include "harness/qzmq_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SALT "headroom qzmq 1"
#define SERVER_SIGNS "headroom qzmq 1 server"
#define CLIENT_SIGNS "headroom qzmq 1 client"
#define SIGNS_BYTES (sizeof(SERVER_SIGNS) - 1) /* of either */
#define SERVER_PROVES "server proof"
#define CLIENT_PROVES "client proof"
#define CLIENT_SENDS "client to server"
#define SERVER_SENDS "server to client"

#define HEADER_BYTES 4u /* kind, version, suite */

static void put_header(uint8_t *out, uint8_t kind)
{
    out[0] = kind;
    out[1] = QZMQ_VERSION;
    qzmq_put(out + 2, QZMQ_SUITE, 2);
}

static enum hr_qzmq_reason check_message(const uint8_t *in, size_t size, uint8_t kind,
                                         size_t expected)
{
    if (size < HEADER_BYTES || in[0] != kind) {
        return HR_QZMQ_BAD_MESSAGE;
    }
    if (in[1] != QZMQ_VERSION) {
        return HR_QZMQ_BAD_VERSION;
    }
    if (qzmq_get(in + 2, 2) != QZMQ_SUITE) {
        return HR_QZMQ_BAD_SUITE;
    }
    return size == expected ? HR_QZMQ_FINE : HR_QZMQ_BAD_MESSAGE;
}

/* ---- cookies: the server's memory, kept by the client ---------------------------------- */

/* HMAC over time, address and the HELLO without its cookie. */
static int cookie_mac(const struct hr_qzmq_server *server, uint64_t time_ns, const void *peer,
                      size_t peer_size, const uint8_t *hello, uint8_t *mac)
{
    uint8_t said[8 + 1 + HR_QZMQ_PEER_MAX + QZMQ_COOKIE_AT] = {0};

    qzmq_put(said, time_ns, 8);
    said[8] = (uint8_t)peer_size;
    memcpy(said + 9, peer, peer_size);
    memcpy(said + 9 + HR_QZMQ_PEER_MAX, hello, QZMQ_COOKIE_AT);
    return hr_mac(server->cookie_key, said, sizeof(said), mac);
}

static enum hr_qzmq_reason make_retry(const struct hr_qzmq_server *server, uint64_t now_ns,
                                      const void *peer, size_t peer_size, const uint8_t *hello,
                                      uint8_t *out, size_t *out_size)
{
    put_header(out, QZMQ_RETRY);
    qzmq_put(out + HEADER_BYTES, now_ns, 8);
    if (cookie_mac(server, now_ns, peer, peer_size, hello, out + HEADER_BYTES + 8)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    *out_size = HR_QZMQ_RETRY_BYTES;
    return HR_QZMQ_FINE;
}

static enum hr_qzmq_reason check_cookie(const struct hr_qzmq_server *server, uint64_t now_ns,
                                        const void *peer, size_t peer_size, const uint8_t *hello)
{
    const uint8_t *cookie = hello + QZMQ_COOKIE_AT;
    uint64_t made_ns = qzmq_get(cookie, 8);
    uint8_t mac[HR_MAC_BYTES];

    if (made_ns > now_ns || now_ns - made_ns > HR_QZMQ_COOKIE_NS) {
        return HR_QZMQ_BAD_COOKIE;
    }
    if (cookie_mac(server, made_ns, peer, peer_size, hello, mac)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    return hr_crypto_equal(mac, cookie + 8, sizeof(mac)) ? HR_QZMQ_FINE : HR_QZMQ_BAD_COOKIE;
}

/* ---- who I am ------------------------------------------------------------------------------ */

/* The key that seals one side's proof: used once. */
static int proof_key(const struct hr_qzmq *s, const char *label, struct hr_aead *aead,
                     uint8_t *nonce)
{
    uint8_t bytes[HR_AEAD_KEY_BYTES + HR_AEAD_NONCE_BYTES];
    int rc = qzmq_derive(s->secret, label, s->transcript_1, bytes, sizeof(bytes));

    rc = rc ? rc : hr_aead_key(aead, bytes);
    memcpy(nonce, bytes + HR_AEAD_KEY_BYTES, HR_AEAD_NONCE_BYTES);
    hr_crypto_wipe(bytes, sizeof(bytes));
    return rc;
}

/* Fingerprint and signature of all that was said, into the transcript and, sealed, into out. */
static int prove(struct hr_qzmq *s, const struct hr_sign_key *own, uint8_t *out)
{
    uint8_t proof[QZMQ_PROOF_BYTES], said[HR_DIGEST_BYTES], nonce[HR_AEAD_NONCE_BYTES];
    uint8_t public_key[HR_VERIFY_KEY_BYTES];
    int rc;

    hr_sign_key_public(own, public_key);
    hr_qzmq_fingerprint(public_key, proof);
    rc = hr_digest_add(s->transcript, proof, HR_QZMQ_FINGERPRINT_BYTES);
    rc = rc ? rc : hr_digest_value(s->transcript, said);
    rc = rc ? rc
            : hr_sign(own, s->client ? CLIENT_SIGNS : SERVER_SIGNS, SIGNS_BYTES, said, sizeof(said),
                      proof + HR_QZMQ_FINGERPRINT_BYTES);
    rc = rc ? rc
            : hr_digest_add(s->transcript, proof + HR_QZMQ_FINGERPRINT_BYTES, HR_SIGNATURE_BYTES);
    rc = rc ? rc : proof_key(s, s->client ? CLIENT_PROVES : SERVER_PROVES, s->out.aead, nonce);
    return rc ? rc : hr_aead_seal(s->out.aead, nonce, "", 0, proof, sizeof(proof), out);
}

/* Whose key the other side may prove to have; NULL: not one that is pinned. */
static const struct hr_verify_key *pinned_key(const struct hr_qzmq *s, const uint8_t *fingerprint)
{
    if (s->client) {
        return hr_crypto_equal(fingerprint, s->peer, HR_QZMQ_FINGERPRINT_BYTES) ? s->expected
                                                                                : NULL;
    }
    for (int i = 0; i < s->server->pinned_count; i++) {
        if (hr_crypto_equal(fingerprint, s->server->pinned[i].fingerprint,
                            HR_QZMQ_FINGERPRINT_BYTES)) {
            return s->server->pinned[i].key;
        }
    }
    return NULL;
}

static enum hr_qzmq_reason check_proof(struct hr_qzmq *s, const uint8_t *sealed)
{
    uint8_t proof[QZMQ_PROOF_BYTES], said[HR_DIGEST_BYTES], nonce[HR_AEAD_NONCE_BYTES];
    const struct hr_verify_key *key;

    if (proof_key(s, s->client ? SERVER_PROVES : CLIENT_PROVES, s->in.aead, nonce)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    if (hr_aead_open(s->in.aead, nonce, "", 0, sealed, QZMQ_PROOF_BYTES + HR_AEAD_TAG_BYTES,
                     proof)) {
        return HR_QZMQ_BAD_HANDSHAKE;
    }
    key = pinned_key(s, proof);
    if (!key) {
        return HR_QZMQ_BAD_PEER;
    }
    if (hr_digest_add(s->transcript, proof, HR_QZMQ_FINGERPRINT_BYTES) ||
        hr_digest_value(s->transcript, said)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    if (hr_verify(key, s->client ? SERVER_SIGNS : CLIENT_SIGNS, SIGNS_BYTES, said, sizeof(said),
                  proof + HR_QZMQ_FINGERPRINT_BYTES)) {
        return HR_QZMQ_BAD_SIGNATURE;
    }
    memcpy(s->peer, proof, HR_QZMQ_FINGERPRINT_BYTES);
    return hr_digest_add(s->transcript, proof + HR_QZMQ_FINGERPRINT_BYTES, HR_SIGNATURE_BYTES)
               ? HR_QZMQ_NO_CRYPTO
               : HR_QZMQ_FINE;
}

/* ---- secrets --------------------------------------------------------------------------------- */

/* Both first messages are said: the secret, and T1. */
static int agree(struct hr_qzmq *s, const uint8_t *agreed, const uint8_t *welcome)
{
    int rc = hr_hkdf_extract(SALT, sizeof(SALT) - 1, agreed, HR_KEM_SECRET_BYTES, s->secret);

    rc = rc ? rc : hr_digest_add(s->transcript, s->hello, sizeof(s->hello));
    rc = rc ? rc : hr_digest_add(s->transcript, welcome, QZMQ_WELCOME_SEALED);
    return rc ? rc : hr_digest_value(s->transcript, s->transcript_1);
}

/* Everything is said: the secrets of the directions, and what led there is forgotten. */
static int finish(struct hr_qzmq *s, uint64_t now_ns)
{
    uint8_t said[HR_DIGEST_BYTES], client[HR_DIGEST_BYTES], server[HR_DIGEST_BYTES];
    int rc = hr_digest_value(s->transcript, said);

    rc = rc ? rc : qzmq_derive(s->secret, CLIENT_SENDS, said, client, sizeof(client));
    rc = rc ? rc : qzmq_derive(s->secret, SERVER_SENDS, said, server, sizeof(server));
    rc = rc ? rc : qzmq_begin_records(s, now_ns, client, server);
    hr_crypto_wipe(client, sizeof(client));
    hr_crypto_wipe(server, sizeof(server));
    qzmq_forget_handshake(s);
    return rc;
}

/* ---- the client ---------------------------------------------------------------------------------
 */

int hr_qzmq_connect(struct hr_qzmq **session, const struct hr_sign_key *own,
                    const uint8_t *server_key, const struct hr_qzmq_limits *limits, uint64_t now_ns,
                    uint8_t *out)
{
    struct hr_qzmq *s;
    int rc = hr_crypto_available();

    *session = NULL;
    if (rc) {
        return rc;
    }
    s = qzmq_session_new(true, limits, now_ns);
    if (!s) {
        return -ENOMEM;
    }
    s->own = own;
    hr_qzmq_fingerprint(server_key, s->peer);
    put_header(s->hello, QZMQ_HELLO);
    rc = hr_verify_key_new(&s->expected, server_key);
    rc = rc == -EBADMSG ? hr_fail(EINVAL, "the server's key is no ML-DSA-65 public key") : rc;
    rc = rc ? rc : hr_crypto_random(s->hello + HEADER_BYTES, 32);
    rc = rc ? rc : hr_kem_new(&s->kem, s->hello + QZMQ_SHARE_AT);
    if (rc) {
        hr_qzmq_free(s);
        return rc;
    }
    memcpy(out, s->hello, HR_QZMQ_HELLO_BYTES);
    *session = s;
    return 0;
}

static enum hr_qzmq_reason take_retry(struct hr_qzmq *s, const uint8_t *in, size_t size,
                                      uint8_t *out, size_t *out_size)
{
    enum hr_qzmq_reason reason = check_message(in, size, QZMQ_RETRY, HR_QZMQ_RETRY_BYTES);

    if (reason) {
        return reason;
    }
    if (s->retried) {
        return HR_QZMQ_BAD_COOKIE;
    }
    s->retried = true;
    memcpy(s->hello + QZMQ_COOKIE_AT, in + HEADER_BYTES, QZMQ_COOKIE_BYTES);
    memcpy(out, s->hello, HR_QZMQ_HELLO_BYTES);
    *out_size = HR_QZMQ_HELLO_BYTES;
    return HR_QZMQ_FINE;
}

static enum hr_qzmq_reason take_welcome(struct hr_qzmq *s, uint64_t now_ns, const uint8_t *in,
                                        size_t size, uint8_t *out, size_t *out_size)
{
    enum hr_qzmq_reason reason = check_message(in, size, QZMQ_WELCOME, HR_QZMQ_WELCOME_BYTES);
    uint8_t agreed[HR_KEM_SECRET_BYTES];
    int rc;

    if (reason) {
        return reason;
    }
    if (hr_kem_decapsulate(s->kem, in + QZMQ_CIPHER_AT, agreed)) {
        return HR_QZMQ_BAD_SHARE;
    }
    rc = agree(s, agreed, in);
    hr_crypto_wipe(agreed, sizeof(agreed));
    reason = rc ? HR_QZMQ_NO_CRYPTO : check_proof(s, in + QZMQ_WELCOME_SEALED);
    if (reason) {
        return reason;
    }
    s->stream = (uint32_t)qzmq_get(in + HEADER_BYTES, 4);
    put_header(out, QZMQ_FINISH);
    qzmq_put(out + HEADER_BYTES, s->stream, 4);
    if (hr_digest_add(s->transcript, out, QZMQ_FINISH_SEALED) ||
        prove(s, s->own, out + QZMQ_FINISH_SEALED) || finish(s, now_ns)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    *out_size = HR_QZMQ_FINISH_BYTES;
    return HR_QZMQ_FINE;
}

/* ---- the server
 * ----------------------------------------------------------------------------------- */

/* A session with the sender of a HELLO whose cookie was good; its WELCOME in out. */
static enum hr_qzmq_reason welcome(struct hr_qzmq *s, const uint8_t *hello, uint8_t *out)
{
    uint8_t agreed[HR_KEM_SECRET_BYTES];
    int rc;

    put_header(out, QZMQ_WELCOME);
    qzmq_put(out + HEADER_BYTES, s->stream, 4);
    if (hr_crypto_random(out + 8, 32)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    if (hr_kem_encapsulate(hello + QZMQ_SHARE_AT, out + QZMQ_CIPHER_AT, agreed)) {
        return HR_QZMQ_BAD_SHARE;
    }
    memcpy(s->hello, hello, sizeof(s->hello));
    rc = agree(s, agreed, out);
    hr_crypto_wipe(agreed, sizeof(agreed));
    rc = rc ? rc : prove(s, s->server->own, out + QZMQ_WELCOME_SEALED);
    return rc ? HR_QZMQ_NO_CRYPTO : HR_QZMQ_FINE;
}

static void refuse(enum hr_qzmq_reason reason, uint8_t *out, size_t *out_size)
{
    put_header(out, QZMQ_REFUSE);
    out[HEADER_BYTES] = (uint8_t)reason;
    *out_size = HR_QZMQ_REFUSE_BYTES;
}

enum hr_qzmq_reason hr_qzmq_greet(const struct hr_qzmq_server *server, uint64_t now_ns,
                                  const void *peer, size_t peer_size, uint32_t stream,
                                  const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                                  struct hr_qzmq **session)
{
    static const uint8_t none[QZMQ_COOKIE_BYTES];
    enum hr_qzmq_reason reason = check_message(in, size, QZMQ_HELLO, HR_QZMQ_HELLO_BYTES);
    struct hr_qzmq *s;

    *session = NULL;
    *out_size = 0;
    if (reason || peer_size > HR_QZMQ_PEER_MAX) {
        return reason ? reason : HR_QZMQ_NO_ROOM;
    }
    if (memcmp(in + QZMQ_COOKIE_AT, none, sizeof(none)) == 0) {
        return make_retry(server, now_ns, peer, peer_size, in, out, out_size);
    }
    reason = check_cookie(server, now_ns, peer, peer_size, in);
    if (reason) {
        return reason;
    }
    s = qzmq_session_new(false, &server->limits, now_ns);
    if (!s) {
        return HR_QZMQ_NO_CRYPTO;
    }
    s->server = server;
    s->stream = stream;
    reason = welcome(s, in, out);
    if (reason) {
        hr_qzmq_free(s);
        refuse(reason, out, out_size);
        return reason;
    }
    *out_size = HR_QZMQ_WELCOME_BYTES;
    *session = s;
    return HR_QZMQ_FINE;
}

static enum hr_qzmq_reason take_finish(struct hr_qzmq *s, uint64_t now_ns, const uint8_t *in,
                                       size_t size)
{
    enum hr_qzmq_reason reason = check_message(in, size, QZMQ_FINISH, HR_QZMQ_FINISH_BYTES);

    if (reason) {
        return reason;
    }
    if (qzmq_get(in + HEADER_BYTES, 4) != s->stream) {
        return HR_QZMQ_BAD_STREAM;
    }
    if (hr_digest_add(s->transcript, in, QZMQ_FINISH_SEALED)) {
        return HR_QZMQ_NO_CRYPTO;
    }
    reason = check_proof(s, in + QZMQ_FINISH_SEALED);
    if (reason) {
        return reason;
    }
    return finish(s, now_ns) ? HR_QZMQ_NO_CRYPTO : HR_QZMQ_FINE;
}

enum hr_qzmq_reason hr_qzmq_step(struct hr_qzmq *s, uint64_t now_ns, const uint8_t *in, size_t size,
                                 uint8_t *out, size_t *out_size)
{
    enum hr_qzmq_reason reason;

    *out_size = 0;
    if (s->state == QZMQ_SHUT) {
        return s->reason;
    }
    if (hr_qzmq_overdue(s, now_ns)) {
        reason = HR_QZMQ_LATE;
    } else if (s->state == QZMQ_WAITS_FINISH) {
        reason = take_finish(s, now_ns, in, size);
    } else if (s->state != QZMQ_WAITS_WELCOME) {
        reason = HR_QZMQ_BAD_MESSAGE;
    } else if (size && in[0] == QZMQ_RETRY) {
        reason = take_retry(s, in, size, out, out_size);
    } else if (size == HR_QZMQ_REFUSE_BYTES && in[0] == QZMQ_REFUSE) {
        reason = HR_QZMQ_PEER_REFUSED;
    } else {
        reason = take_welcome(s, now_ns, in, size, out, out_size);
    }
    if (reason == HR_QZMQ_FINE) {
        return reason;
    }
    *out_size = 0;
    if (!s->client && s->state == QZMQ_WAITS_FINISH) {
        refuse(reason, out, out_size);
    }
    return qzmq_shut(s, reason);
}
