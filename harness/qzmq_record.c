/*
 * qzmq_record.c - is this the next record of this session, as it was sealed? And when must the key
 * be renewed?
 *
 * The checks that cost nothing come first; the tag decides. A record that fails any of them shuts
 * the session: on a transport that keeps order there is no innocent reason for one.
 */
#include "harness/qzmq_session.h"

#include <string.h>

/* Key and mask of the direction's present secret. */
static int set_key(struct qzmq_direction *d, uint64_t now_ns)
{
    uint8_t key[HR_AEAD_KEY_BYTES];
    int rc = qzmq_derive(d->secret, "key", NULL, key, sizeof(key));

    rc = rc ? rc : qzmq_derive(d->secret, "mask", NULL, d->mask, sizeof(d->mask));
    rc = rc ? rc : hr_aead_key(d->aead, key);
    hr_crypto_wipe(key, sizeof(key));
    d->epoch_records = d->epoch_bytes = 0;
    d->epoch_began_ns = now_ns;
    return rc;
}

/* The secret of the next epoch takes the place of this one's, which is gone. */
static int renew(struct qzmq_direction *d, uint64_t now_ns)
{
    uint8_t next[HR_DIGEST_BYTES];
    int rc = qzmq_derive(d->secret, "next", NULL, next, sizeof(next));

    memcpy(d->secret, next, sizeof(next));
    hr_crypto_wipe(next, sizeof(next));
    d->epoch++;
    return rc ? rc : set_key(d, now_ns);
}

int qzmq_begin_records(struct hr_qzmq *s, uint64_t now_ns, const uint8_t *client_secret,
                       const uint8_t *server_secret)
{
    int rc;

    memcpy(s->out.secret, s->client ? client_secret : server_secret, HR_DIGEST_BYTES);
    memcpy(s->in.secret, s->client ? server_secret : client_secret, HR_DIGEST_BYTES);
    rc = set_key(&s->out, now_ns);
    rc = rc ? rc : set_key(&s->in, now_ns);
    s->state = QZMQ_READY;
    return rc;
}

static void nonce_of(const struct qzmq_direction *d, uint8_t *nonce)
{
    memcpy(nonce, d->mask, HR_AEAD_NONCE_BYTES);
    for (int i = 0; i < 8; i++) {
        nonce[4 + i] ^= (uint8_t)(d->sequence >> 8 * i);
    }
}

static uint64_t age(const struct qzmq_direction *d, uint64_t now_ns)
{
    return now_ns > d->epoch_began_ns ? now_ns - d->epoch_began_ns : 0;
}

/* Enough was sealed with this key. */
static bool used_up(const struct hr_qzmq *s, const struct qzmq_direction *d)
{
    return d->epoch_records >= s->limits.rekey_records || d->epoch_bytes >= HR_QZMQ_REKEY_BYTES;
}

static enum hr_qzmq_reason seal(struct hr_qzmq *s, uint64_t now_ns, uint8_t kind, const void *plain,
                                size_t size, uint8_t *out)
{
    struct qzmq_direction *d = &s->out;
    uint8_t nonce[HR_AEAD_NONCE_BYTES];

    if (d->sequence >= QZMQ_SEQUENCE_END) {
        return qzmq_shut(s, HR_QZMQ_EXHAUSTED);
    }
    if ((used_up(s, d) || age(d, now_ns) >= s->limits.rekey_ns) && renew(d, now_ns)) {
        return qzmq_shut(s, HR_QZMQ_NO_CRYPTO);
    }
    out[0] = kind;
    out[1] = (uint8_t)d->epoch;
    qzmq_put(out + 2, d->sequence, 6);
    qzmq_put(out + 8, s->stream, 4);
    nonce_of(d, nonce);
    if (hr_aead_seal(d->aead, nonce, out, QZMQ_HEADER_BYTES, plain, size,
                     out + QZMQ_HEADER_BYTES)) {
        return qzmq_shut(s, HR_QZMQ_NO_CRYPTO);
    }
    d->sequence++;
    d->epoch_records++;
    d->epoch_bytes += size;
    return HR_QZMQ_FINE;
}

enum hr_qzmq_reason hr_qzmq_seal(struct hr_qzmq *s, uint64_t now_ns, const void *plain, size_t size,
                                 uint8_t *out, size_t capacity, size_t *out_size)
{
    enum hr_qzmq_reason reason;

    *out_size = 0;
    if (s->state != QZMQ_READY) {
        return s->reason ? s->reason : HR_QZMQ_NOT_READY;
    }
    if (size > HR_QZMQ_PLAIN_MAX || capacity < size + HR_QZMQ_OVERHEAD_BYTES) {
        return HR_QZMQ_NO_ROOM;
    }
    reason = seal(s, now_ns, QZMQ_RECORD, plain, size, out);
    *out_size = reason ? 0 : size + HR_QZMQ_OVERHEAD_BYTES;
    return reason;
}

/* What the header alone tells; renews the key when the record is the first of the next. */
static enum hr_qzmq_reason check_header(struct hr_qzmq *s, uint64_t now_ns, const uint8_t *in)
{
    struct qzmq_direction *d = &s->in;
    uint64_t sequence = qzmq_get(in + 2, 6);

    if (qzmq_get(in + 8, 4) != s->stream) {
        return HR_QZMQ_BAD_STREAM;
    }
    if (sequence != d->sequence) {
        return sequence < d->sequence ? HR_QZMQ_REPLAYED : HR_QZMQ_MISSING;
    }
    if (in[1] == (uint8_t)(d->epoch + 1)) {
        return renew(d, now_ns) ? HR_QZMQ_NO_CRYPTO : HR_QZMQ_FINE;
    }
    if (in[1] != (uint8_t)d->epoch) {
        return HR_QZMQ_BAD_EPOCH;
    }
    /* A record may have been under way for a while; a peer that never renews is found all the same.
     */
    return used_up(s, d) || age(d, now_ns) / 2 >= s->limits.rekey_ns ? HR_QZMQ_STALE : HR_QZMQ_FINE;
}

static bool is_refusal(const struct hr_qzmq *s, const uint8_t *in, size_t size)
{
    return s->client && !s->heard && size == HR_QZMQ_REFUSE_BYTES && in[0] == QZMQ_REFUSE;
}

enum hr_qzmq_reason hr_qzmq_open(struct hr_qzmq *s, uint64_t now_ns, const uint8_t *in, size_t size,
                                 void *plain, size_t capacity, size_t *plain_size)
{
    struct qzmq_direction *d = &s->in;
    uint8_t nonce[HR_AEAD_NONCE_BYTES];
    enum hr_qzmq_reason reason;

    *plain_size = 0;
    if (s->state != QZMQ_READY) {
        return s->reason ? s->reason : HR_QZMQ_NOT_READY;
    }
    if (is_refusal(s, in, size)) {
        return qzmq_shut(s, HR_QZMQ_PEER_REFUSED);
    }
    if (size < HR_QZMQ_OVERHEAD_BYTES || size > HR_QZMQ_PLAIN_MAX + HR_QZMQ_OVERHEAD_BYTES ||
        (in[0] != QZMQ_RECORD && (in[0] != QZMQ_CLOSE || size != HR_QZMQ_OVERHEAD_BYTES))) {
        return qzmq_shut(s, HR_QZMQ_BAD_MESSAGE);
    }
    if (capacity < size - HR_QZMQ_OVERHEAD_BYTES) {
        return HR_QZMQ_NO_ROOM;
    }
    reason = check_header(s, now_ns, in);
    if (reason) {
        return qzmq_shut(s, reason);
    }
    nonce_of(d, nonce);
    if (hr_aead_open(d->aead, nonce, in, QZMQ_HEADER_BYTES, in + QZMQ_HEADER_BYTES,
                     size - QZMQ_HEADER_BYTES, plain)) {
        return qzmq_shut(s, HR_QZMQ_BAD_RECORD);
    }
    d->sequence++;
    d->epoch_records++;
    d->epoch_bytes += size - HR_QZMQ_OVERHEAD_BYTES;
    s->heard = true;
    if (in[0] == QZMQ_CLOSE) {
        return qzmq_shut(s, HR_QZMQ_PEER_CLOSED);
    }
    *plain_size = size - HR_QZMQ_OVERHEAD_BYTES;
    return HR_QZMQ_FINE;
}

void hr_qzmq_close(struct hr_qzmq *s, uint64_t now_ns, uint8_t *out, size_t *out_size)
{
    *out_size = 0;
    if (s->state == QZMQ_READY && seal(s, now_ns, QZMQ_CLOSE, "", 0, out) == HR_QZMQ_FINE) {
        *out_size = HR_QZMQ_OVERHEAD_BYTES;
    }
    qzmq_shut(s, HR_QZMQ_CLOSED);
}
