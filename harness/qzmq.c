/*
 * qzmq.c - what does a session hold, when is it shut, and why? The parts that handshake and records
 * share: the session itself, the server's pinned keys, the reasons in words.
 */
#include "harness/error.h"
#include "harness/qzmq_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *hr_qzmq_text(enum hr_qzmq_reason reason)
{
    static const char *const texts[HR_QZMQ_REASONS] = {
        [HR_QZMQ_FINE] = "nothing is wrong",
        [HR_QZMQ_BAD_MESSAGE] = "a message that does not belong here",
        [HR_QZMQ_BAD_VERSION] = "another version of the protocol",
        [HR_QZMQ_BAD_SUITE] = "another set of algorithms: there is no other than the strong one",
        [HR_QZMQ_BAD_COOKIE] = "the cookie is not ours, not for this sender, or too old",
        [HR_QZMQ_BAD_SHARE] = "no secret can be agreed with what was sent",
        [HR_QZMQ_BAD_HANDSHAKE] = "something said in the handshake was changed on its way",
        [HR_QZMQ_BAD_PEER] = "the other side's key is not one that is known here",
        [HR_QZMQ_BAD_SIGNATURE] = "the other side does not have the key that it names",
        [HR_QZMQ_LATE] = "the handshake took too long",
        [HR_QZMQ_BAD_STREAM] = "a record of another session",
        [HR_QZMQ_REPLAYED] = "a record that was there before",
        [HR_QZMQ_MISSING] = "records are missing before this one",
        [HR_QZMQ_BAD_EPOCH] = "a key that is neither this nor the next",
        [HR_QZMQ_BAD_RECORD] = "a record that was changed, cut short or sealed with another key",
        [HR_QZMQ_STALE] = "the other side does not renew its key",
        [HR_QZMQ_EXHAUSTED] = "all sequence numbers are used",
        [HR_QZMQ_PEER_CLOSED] = "the other side closed",
        [HR_QZMQ_PEER_REFUSED] = "the other side refused",
        [HR_QZMQ_CLOSED] = "closed",
        [HR_QZMQ_NO_CRYPTO] = "OpenSSL failed",
        [HR_QZMQ_NOT_READY] = "the session is not ready",
        [HR_QZMQ_NO_ROOM] = "too much for the buffer or a record",
    };

    return reason < HR_QZMQ_REASONS ? texts[reason] : "an unknown reason";
}

void hr_qzmq_fingerprint(const uint8_t *public_key, uint8_t *fingerprint)
{
    uint8_t value[HR_DIGEST_BYTES] = {0};
    struct hr_digest *digest;

    if (hr_digest_new(&digest) == 0) {
        if (hr_digest_add(digest, public_key, HR_VERIFY_KEY_BYTES) ||
            hr_digest_value(digest, value)) {
            memset(value, 0, sizeof(value));
        }
        hr_digest_free(digest);
    }
    memcpy(fingerprint, value, HR_QZMQ_FINGERPRINT_BYTES);
}

int qzmq_derive(const uint8_t *secret, const char *label, const uint8_t *context, void *out,
                size_t size)
{
    uint8_t info[64 + HR_DIGEST_BYTES];
    size_t length = strlen(label);

    memcpy(info, label, length);
    if (context) {
        memcpy(info + length, context, HR_DIGEST_BYTES);
        length += HR_DIGEST_BYTES;
    }
    return hr_hkdf_expand(secret, info, length, out, size);
}

/* ---- a server ------------------------------------------------------------------------- */

static struct hr_qzmq_limits whole(const struct hr_qzmq_limits *limits)
{
    struct hr_qzmq_limits set = limits ? *limits : (struct hr_qzmq_limits){0};

    set.rekey_ns = set.rekey_ns ? set.rekey_ns : HR_QZMQ_REKEY_NS;
    set.rekey_records = set.rekey_records ? set.rekey_records : HR_QZMQ_REKEY_RECORDS;
    return set;
}

int hr_qzmq_server_new(struct hr_qzmq_server **server, const struct hr_sign_key *own,
                       const struct hr_qzmq_limits *limits)
{
    uint8_t public_key[HR_VERIFY_KEY_BYTES];
    struct hr_qzmq_server *made;
    int rc = hr_crypto_available();

    *server = NULL;
    if (rc) {
        return rc;
    }
    made = calloc(1, sizeof(*made));
    if (!made) {
        return hr_fail(ENOMEM, "no memory for a server's keys");
    }
    made->own = own;
    made->limits = whole(limits);
    hr_sign_key_public(own, public_key);
    hr_qzmq_fingerprint(public_key, made->fingerprint);
    rc = hr_crypto_random(made->cookie_key, sizeof(made->cookie_key));
    if (rc) {
        free(made);
        return rc;
    }
    *server = made;
    return 0;
}

int hr_qzmq_server_pin(struct hr_qzmq_server *server, const uint8_t *public_key)
{
    struct pinned *grown, *next;
    int rc;

    if (server->pinned_count == HR_QZMQ_PINNED_MAX) {
        return hr_fail(ENOSPC, "a server knows at most %d clients", HR_QZMQ_PINNED_MAX);
    }
    grown = realloc(server->pinned, sizeof(*grown) * (size_t)(server->pinned_count + 1));
    if (!grown) {
        return hr_fail(ENOMEM, "no memory for a client's key");
    }
    server->pinned = grown;
    next = &grown[server->pinned_count];
    rc = hr_verify_key_new(&next->key, public_key);
    if (rc) {
        return rc == -EBADMSG ? hr_fail(EINVAL, "no ML-DSA-65 public key") : rc;
    }
    hr_qzmq_fingerprint(public_key, next->fingerprint);
    server->pinned_count++;
    return 0;
}

void hr_qzmq_server_free(struct hr_qzmq_server *server)
{
    if (!server) {
        return;
    }
    for (int i = 0; i < server->pinned_count; i++) {
        hr_verify_key_free(server->pinned[i].key);
    }
    free(server->pinned);
    hr_crypto_wipe(server, sizeof(*server));
    free(server);
}

/* ---- a session -------------------------------------------------------------------------- */

struct hr_qzmq *qzmq_session_new(bool client, const struct hr_qzmq_limits *limits, uint64_t now_ns)
{
    struct hr_qzmq *s = calloc(1, sizeof(*s));

    if (!s || hr_digest_new(&s->transcript) || hr_aead_new(&s->out.aead, true) ||
        hr_aead_new(&s->in.aead, false)) {
        hr_qzmq_free(s);
        hr_fail(ENOMEM, "no memory for a session");
        return NULL;
    }
    s->client = client;
    s->state = client ? QZMQ_WAITS_WELCOME : QZMQ_WAITS_FINISH;
    s->limits = whole(limits);
    s->began_ns = now_ns;
    return s;
}

void qzmq_forget_handshake(struct hr_qzmq *s)
{
    hr_kem_free(s->kem);
    s->kem = NULL;
    hr_digest_free(s->transcript);
    s->transcript = NULL;
    hr_verify_key_free(s->expected);
    s->expected = NULL;
    s->own = NULL;
    s->server = NULL;
    hr_crypto_wipe(s->secret, sizeof(s->secret));
    hr_crypto_wipe(s->transcript_1, sizeof(s->transcript_1));
    hr_crypto_wipe(s->hello, sizeof(s->hello));
}

static void forget_direction(struct qzmq_direction *d)
{
    hr_aead_free(d->aead);
    hr_crypto_wipe(d, sizeof(*d));
}

enum hr_qzmq_reason qzmq_shut(struct hr_qzmq *s, enum hr_qzmq_reason reason)
{
    if (s->state != QZMQ_SHUT) {
        s->state = QZMQ_SHUT;
        s->reason = reason;
        qzmq_forget_handshake(s);
        forget_direction(&s->out);
        forget_direction(&s->in);
    }
    return s->reason;
}

void hr_qzmq_free(struct hr_qzmq *s)
{
    if (s) {
        qzmq_shut(s, HR_QZMQ_CLOSED);
        free(s);
    }
}

bool hr_qzmq_ready(const struct hr_qzmq *s)
{
    return s->state == QZMQ_READY;
}

bool hr_qzmq_overdue(const struct hr_qzmq *s, uint64_t now_ns)
{
    return s->state < QZMQ_READY && now_ns > s->began_ns &&
           now_ns - s->began_ns > HR_QZMQ_HANDSHAKE_NS;
}

enum hr_qzmq_reason hr_qzmq_reason(const struct hr_qzmq *s)
{
    return s->reason;
}

uint32_t hr_qzmq_stream(const struct hr_qzmq *s)
{
    return s->stream;
}

uint64_t hr_qzmq_renewals(const struct hr_qzmq *s)
{
    return s->out.epoch;
}

const uint8_t *hr_qzmq_peer(const struct hr_qzmq *s)
{
    return s->state == QZMQ_READY ? s->peer : NULL;
}
