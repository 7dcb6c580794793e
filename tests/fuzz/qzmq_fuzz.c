/* qzmq_fuzz.c - what comes off the wire, to whoever may get it: a server that is greeted, a client
 * that waits, a session that waits for the end of its handshake, one that is ready. The first byte
 * says who; the rest is the message, or, for a message that was good, what is done to it. Nothing
 * may be accepted that was changed, and a refused session stays refused and holds no key. */
#include "harness/qzmq_session.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1000000000u

static struct hr_sign_key *client_key, *server_key;
static struct hr_qzmq_server *server;
static uint8_t server_public[HR_VERIFY_KEY_BYTES];
static uint8_t out[HR_QZMQ_HANDSHAKE_MAX];
static size_t out_size;

static void need(bool good)
{
    if (!good) {
        abort();
    }
}

static bool set_up(void)
{
    uint8_t client_public[HR_VERIFY_KEY_BYTES], seed[HR_SIGN_SEED_BYTES] = {1};

    if (server || hr_crypto_available()) {
        return server != NULL;
    }
    need(hr_sign_key_from_seed(&client_key, seed) == 0);
    seed[0] = 2;
    need(hr_sign_key_from_seed(&server_key, seed) == 0);
    hr_sign_key_public(client_key, client_public);
    hr_sign_key_public(server_key, server_public);
    need(hr_qzmq_server_new(&server, server_key, NULL) == 0);
    need(hr_qzmq_server_pin(server, client_public) == 0);
    return true;
}

static void check_shut(struct hr_qzmq *s, enum hr_qzmq_reason reason)
{
    uint8_t record[HR_QZMQ_OVERHEAD_BYTES + 1];
    size_t n;

    need(reason != HR_QZMQ_FINE && hr_qzmq_reason(s) == reason && !hr_qzmq_ready(s));
    need(!s->in.aead && !s->out.aead && !s->kem);
    need(hr_qzmq_seal(s, NOW, "x", 1, record, sizeof(record), &n) == reason && n == 0);
}

static void greet(const uint8_t *message, size_t size)
{
    struct hr_qzmq *s;
    enum hr_qzmq_reason reason =
        hr_qzmq_greet(server, NOW, "peer", 4, 1, message, size, out, &out_size, &s);

    need(!s); /* no message without our HMAC makes a session */
    need(out_size == 0 || (reason == HR_QZMQ_FINE && out_size == HR_QZMQ_RETRY_BYTES));
}

static struct hr_qzmq *client_waiting(uint8_t *hello)
{
    struct hr_qzmq *s;

    need(hr_qzmq_connect(&s, client_key, server_public, NULL, NOW, hello) == 0);
    return s;
}

static void step(struct hr_qzmq *s, const uint8_t *message, size_t size)
{
    enum hr_qzmq_reason reason = hr_qzmq_step(s, NOW, message, size, out, &out_size);

    if (reason == HR_QZMQ_FINE) { /* a RETRY may be anybody's */
        need(s->client && size == HR_QZMQ_RETRY_BYTES && out_size == HR_QZMQ_HELLO_BYTES);
        need(!hr_qzmq_ready(s));
    } else {
        check_shut(s, reason);
    }
}

/* A handshake in which the data changes what lies on the wire at one moment. */
static void disturb(uint8_t *wire, size_t *size, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i + 3 <= n && i < 12; i += 3) {
        size_t at = (data[i] | (size_t)data[i + 1] << 8) % *size;

        if (data[i + 2]) {
            wire[at] ^= data[i + 2];
        } else {
            *size = at;
            return;
        }
    }
}

static void handshake(const uint8_t *data, size_t n)
{
    uint8_t wire[HR_QZMQ_HANDSHAKE_MAX], good[HR_QZMQ_HANDSHAKE_MAX];
    struct hr_qzmq *client = client_waiting(wire), *s = NULL;
    bool at_welcome = n && data[0] & 1, changed;
    size_t size;

    need(hr_qzmq_greet(server, NOW, "p", 1, 9, wire, HR_QZMQ_HELLO_BYTES, out, &size, &s) == 0);
    need(hr_qzmq_step(client, NOW, out, size, wire, &size) == 0);
    need(hr_qzmq_greet(server, NOW, "p", 1, 9, wire, size, out, &size, &s) == 0);
    memcpy(good, out, size);
    if (at_welcome) {
        disturb(out, &size, data + 1, n - 1);
    }
    changed = size != HR_QZMQ_WELCOME_BYTES || memcmp(out, good, size) != 0;
    enum hr_qzmq_reason reason = hr_qzmq_step(client, NOW, out, size, wire, &size);
    need((reason == HR_QZMQ_FINE) == !changed);
    if (reason == HR_QZMQ_FINE) {
        memcpy(good, wire, size);
        disturb(wire, &size, n ? data + 1 : data, n ? n - 1 : 0);
        changed = size != HR_QZMQ_FINISH_BYTES || memcmp(wire, good, size) != 0;
        reason = hr_qzmq_step(s, NOW, wire, size, out, &size);
        need((reason == HR_QZMQ_FINE) == !changed && hr_qzmq_ready(s) == !changed);
    } else {
        check_shut(client, reason);
    }
    hr_qzmq_free(client);
    hr_qzmq_free(s);
}

static struct hr_qzmq *ready(bool client)
{
    uint8_t a[HR_DIGEST_BYTES] = {3}, b[HR_DIGEST_BYTES] = {4};
    struct hr_qzmq *s = qzmq_session_new(client, NULL, NOW);

    need(s && qzmq_begin_records(s, NOW, a, b) == 0);
    return s;
}

static void open_record(const uint8_t *message, size_t size)
{
    struct hr_qzmq *s = ready(false);
    uint8_t *plain = malloc(size ? size : 1);
    size_t n;

    need(plain != NULL);
    enum hr_qzmq_reason reason = hr_qzmq_open(s, NOW, message, size, plain, size, &n);
    need(n == 0); /* nobody else has the key */
    check_shut(s, reason);
    free(plain);
    hr_qzmq_free(s);
}

/* A good record of the data, then changed by its last bytes. */
static void change_record(const uint8_t *data, size_t size)
{
    size_t wire_size = size + HR_QZMQ_OVERHEAD_BYTES, n;
    uint8_t *wire = malloc(wire_size), *copy = malloc(wire_size);
    struct hr_qzmq *from = ready(true), *to = ready(false);

    need(wire && copy);
    need(hr_qzmq_seal(from, NOW, data, size, wire, wire_size, &n) == 0 && n == wire_size);
    memcpy(copy, wire, wire_size);
    disturb(wire, &n, data + size - (size < 12 ? size : 12), size < 12 ? size : 12);
    bool changed = n != wire_size || memcmp(wire, copy, n) != 0;
    enum hr_qzmq_reason reason = hr_qzmq_open(to, NOW, wire, n, copy, wire_size, &n);
    if (changed) {
        check_shut(to, reason);
    } else {
        need(reason == HR_QZMQ_FINE && n == size && memcmp(copy, data, size) == 0);
    }
    hr_qzmq_free(from);
    hr_qzmq_free(to);
    free(wire);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t hello[HR_QZMQ_HELLO_BYTES];
    struct hr_qzmq *s;

    if (!set_up() || size == 0 || size > HR_QZMQ_PLAIN_MAX) {
        return 0;
    }
    data++, size--;
    switch (data[-1] % 32) {
    case 0: /* a whole handshake is some milliseconds: now and then */
        handshake(data, size);
        break;
    case 1:
    case 2:
    case 3:
        s = client_waiting(hello);
        step(s, data, size);
        hr_qzmq_free(s);
        break;
    case 4:
    case 5: /* waits for FINISH, with an agreed secret that nobody knows */
        s = qzmq_session_new(false, NULL, NOW);
        need(s != NULL);
        s->server = server;
        step(s, data, size);
        hr_qzmq_free(s);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
        greet(data, size);
        break;
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
        open_record(data, size);
        break;
    default:
        change_record(data, size);
        break;
    }
    return 0;
}
