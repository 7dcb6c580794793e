/*
 * crypto_handshake.c - how many sessions a second can begin on one core, and what is the time spent
 * on?
 *
 * Whole handshakes in one thread, both sides timed apart, then each of their parts alone. Signing
 * is a loop that tries until a signature fits, so its time is a distribution, and a handshake's
 * with it. It cannot see the network between the two, nor what many cores do at once.
 */
#include "suites/crypto_suite.h"

#include "harness/clock.h"
#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS 1000000000u
#define HANDSHAKE_S 4e-3 /* guessed, of both sides */
#define PARTS_S 2.5e-3

json_t *hr_crypto_params(void)
{
    return json_pack("{s:s, s:s}", "library", hr_crypto_version(), "processor",
                     hr_crypto_processor());
}

int hr_sealed_pair_open(struct hr_sealed_pair *p, const struct hr_qzmq_limits *limits)
{
    uint8_t public_key[HR_VERIFY_KEY_BYTES];
    int rc;

    memset(p, 0, sizeof(*p));
    rc = hr_sign_key_new(&p->client_key);
    rc = rc ? rc : hr_sign_key_new(&p->server_key);
    rc = rc ? rc : hr_qzmq_server_new(&p->server, p->server_key, limits);
    if (rc) {
        return rc;
    }
    hr_sign_key_public(p->client_key, public_key);
    return hr_qzmq_server_pin(p->server, public_key);
}

static void hang_up(struct hr_sealed_pair *p)
{
    hr_qzmq_free(p->client);
    hr_qzmq_free(p->session);
    p->client = p->session = NULL;
}

void hr_sealed_pair_close(struct hr_sealed_pair *p)
{
    hang_up(p);
    hr_qzmq_server_free(p->server);
    hr_sign_key_free(p->client_key);
    hr_sign_key_free(p->server_key);
}

static int refused(enum hr_qzmq_reason reason)
{
    return hr_fail(EPROTO, "a handshake without an enemy failed: %s", hr_qzmq_text(reason));
}

int hr_sealed_pair_shake_hands(struct hr_sealed_pair *p, const struct hr_qzmq_limits *limits,
                               uint64_t *client_ticks, uint64_t *server_ticks)
{
    uint8_t wire[HR_QZMQ_HANDSHAKE_MAX], back[HR_QZMQ_HANDSHAKE_MAX];
    uint8_t server_key[HR_VERIFY_KEY_BYTES];
    enum hr_qzmq_reason reason;
    uint64_t at[7];
    size_t size;
    int rc;

    hang_up(p);
    hr_sign_key_public(p->server_key, server_key);
    at[0] = hr_ticks();
    rc = hr_qzmq_connect(&p->client, p->client_key, server_key, limits, NOW_NS, wire);
    at[1] = hr_ticks();
    if (rc) {
        return rc;
    }
    reason = hr_qzmq_greet(p->server, NOW_NS, "c", 1, 1, wire, HR_QZMQ_HELLO_BYTES, back, &size,
                           &p->session);
    at[2] = hr_ticks();
    reason = reason ? reason : hr_qzmq_step(p->client, NOW_NS, back, size, wire, &size);
    at[3] = hr_ticks();
    reason =
        reason ? reason
               : hr_qzmq_greet(p->server, NOW_NS, "c", 1, 1, wire, size, back, &size, &p->session);
    at[4] = hr_ticks();
    reason = reason ? reason : hr_qzmq_step(p->client, NOW_NS, back, size, wire, &size);
    at[5] = hr_ticks();
    reason = reason ? reason : hr_qzmq_step(p->session, NOW_NS, wire, size, back, &size);
    at[6] = hr_ticks();
    if (reason || !hr_qzmq_ready(p->client) || !hr_qzmq_ready(p->session)) {
        return refused(reason);
    }
    if (client_ticks) {
        *client_ticks = at[1] - at[0] + at[3] - at[2] + at[5] - at[4];
    }
    if (server_ticks) {
        *server_ticks = at[2] - at[1] + at[4] - at[3] + at[6] - at[5];
    }
    return 0;
}

/* Both ends hold the same keys when what one seals the other opens: eight bytes that are made up.
 */
static int same_keys(struct hr_sealed_pair *p, uint64_t *sent, uint64_t *come)
{
    uint8_t record[sizeof(*sent) + HR_QZMQ_OVERHEAD_BYTES];
    enum hr_qzmq_reason reason;
    size_t size;
    int rc = hr_crypto_random(sent, sizeof(*sent));

    if (rc) {
        return rc;
    }
    reason = hr_qzmq_seal(p->client, NOW_NS, sent, sizeof(*sent), record, sizeof(record), &size);
    reason = reason ? reason
                    : hr_qzmq_open(p->session, NOW_NS, record, size, come, sizeof(*come), &size);
    return reason ? refused(reason) : 0;
}

enum { BOTH_RATE, CLIENT_RATE, SERVER_RATE, CLIENT_MEAN, SERVER_MEAN, HANDSHAKE_METRICS };
static const struct hr_measured handshake_metrics[HANDSHAKE_METRICS] = {
    [BOTH_RATE] = {.name = "handshakes", .unit = "handshakes/s", .higher = true},
    [CLIENT_RATE] = {.name = "handshakes_client", .unit = "handshakes/s", .higher = true},
    [SERVER_RATE] = {.name = "handshakes_server", .unit = "handshakes/s", .higher = true},
    [CLIENT_MEAN] = {.name = "client_mean", .unit = "ns"},
    [SERVER_MEAN] = {.name = "server_mean", .unit = "ns"},
};
static const char *const handshake_histograms[] = {"client", "server", NULL};

static int handshake_trial(const struct hr_case *c, struct hr_trial *t)
{
    uint64_t count = *(const uint64_t *)c->context, client_sum = 0, server_sum = 0;
    uint64_t sent_sum = 0, come_sum = 0;
    struct hr_sealed_pair pair;
    int rc = hr_sealed_pair_open(&pair, NULL);

    hr_trial_start(t);
    for (uint64_t i = 0; i < count && rc == 0; i++) {
        uint64_t client = 0, server = 0, sent = 0, come = 0;

        rc = hr_sealed_pair_shake_hands(&pair, NULL, &client, &server);
        rc = rc ? rc : same_keys(&pair, &sent, &come);
        hr_histogram_record(t->histograms[0], hr_ticks_to_ns(client));
        hr_histogram_record(t->histograms[1], hr_ticks_to_ns(server));
        client_sum += client;
        server_sum += server;
        sent_sum = sent_sum * 31 + sent;
        come_sum = come_sum * 31 + come;
    }
    hr_trial_stop(t);
    hr_sealed_pair_close(&pair);
    if (rc) {
        return rc;
    }
    t->values[CLIENT_MEAN] = (double)hr_ticks_to_ns(client_sum) / (double)count;
    t->values[SERVER_MEAN] = (double)hr_ticks_to_ns(server_sum) / (double)count;
    t->values[CLIENT_RATE] = 1e9 / t->values[CLIENT_MEAN];
    t->values[SERVER_RATE] = 1e9 / t->values[SERVER_MEAN];
    t->values[BOTH_RATE] = 1e9 / (t->values[CLIENT_MEAN] + t->values[SERVER_MEAN]);
    hr_trial_digest(t, come_sum, sent_sum);
    return 0;
}

/* ---- the parts ------------------------------------------------------------------------ */

enum { SHARE, ENCAPSULATE, DECAPSULATE, SIGN, VERIFY, PARTS };
static const struct hr_measured part_metrics[PARTS] = {
    [SHARE] = {.name = "share_mean", .unit = "ns"},
    [ENCAPSULATE] = {.name = "encapsulate_mean", .unit = "ns"},
    [DECAPSULATE] = {.name = "decapsulate_mean", .unit = "ns"},
    [SIGN] = {.name = "sign_mean", .unit = "ns"},
    [VERIFY] = {.name = "verify_mean", .unit = "ns"},
};
static const char *const part_histograms[] = {"share", "encapsulate", "decapsulate",
                                              "sign",  "verify",      NULL};

/* One of each; the secrets of both sides, folded, must be the same. */
static int each_part(const struct hr_sign_key *key, const struct hr_verify_key *verify,
                     uint64_t *ticks, uint64_t *ours, uint64_t *theirs)
{
    uint8_t share[HR_KEM_PUBLIC_BYTES], cipher[HR_KEM_CIPHER_BYTES], signature[HR_SIGNATURE_BYTES];
    uint8_t one[HR_KEM_SECRET_BYTES], other[HR_KEM_SECRET_BYTES];
    struct hr_kem *kem;
    uint64_t at[6], a, b;
    int rc;

    at[0] = hr_ticks();
    rc = hr_kem_new(&kem, share);
    at[1] = hr_ticks();
    if (rc) {
        return rc;
    }
    rc = hr_kem_encapsulate(share, cipher, one);
    at[2] = hr_ticks();
    rc = rc ? rc : hr_kem_decapsulate(kem, cipher, other);
    at[3] = hr_ticks();
    rc = rc ? rc : hr_sign(key, "crypto suite", 12, one, HR_DIGEST_BYTES, signature);
    at[4] = hr_ticks();
    rc = rc ? rc : hr_verify(verify, "crypto suite", 12, other, HR_DIGEST_BYTES, signature);
    at[5] = hr_ticks();
    hr_kem_free(kem);
    if (rc) {
        return rc == -EBADMSG ? hr_fail(EPROTO, "a good signature was refused") : rc;
    }
    for (int i = 0; i < PARTS; i++) {
        ticks[i] = at[i + 1] - at[i];
    }
    for (size_t i = 0; i < HR_KEM_SECRET_BYTES; i += sizeof(a)) {
        memcpy(&a, one + i, sizeof(a));
        memcpy(&b, other + i, sizeof(b));
        *ours = *ours * 31 + a;
        *theirs = *theirs * 31 + b;
    }
    return 0;
}

static int parts_trial(const struct hr_case *c, struct hr_trial *t)
{
    uint64_t count = *(const uint64_t *)c->context, sums[PARTS] = {0}, ours = 0, theirs = 0;
    uint8_t public_key[HR_VERIFY_KEY_BYTES];
    struct hr_verify_key *verify = NULL;
    struct hr_sign_key *key;
    int rc = hr_sign_key_new(&key);

    if (rc) {
        return rc;
    }
    hr_sign_key_public(key, public_key);
    rc = hr_verify_key_new(&verify, public_key);
    hr_trial_start(t);
    for (uint64_t i = 0; i < count && rc == 0; i++) {
        uint64_t ticks[PARTS] = {0};

        rc = each_part(key, verify, ticks, &ours, &theirs);
        for (int part = 0; part < PARTS; part++) {
            hr_histogram_record(t->histograms[part], hr_ticks_to_ns(ticks[part]));
            sums[part] += ticks[part];
        }
    }
    hr_trial_stop(t);
    hr_verify_key_free(verify);
    hr_sign_key_free(key);
    for (int part = 0; part < PARTS; part++) {
        t->values[part] = (double)hr_ticks_to_ns(sums[part]) / (double)count;
    }
    if (rc == 0) {
        hr_trial_digest(t, theirs, ours);
    }
    return rc;
}

int hr_crypto_handshakes(struct hr_bench *bench, json_t *suite)
{
    uint64_t count = hr_config_count(bench->rig.config, "crypto.handshakes");
    json_t *params = hr_crypto_params();
    struct hr_case whole = {.suite = HR_CRYPTO_SUITE,
                            .name = "handshake",
                            .params = params,
                            .metrics = handshake_metrics,
                            .metrics_count = HANDSHAKE_METRICS,
                            .histograms = handshake_histograms,
                            .run = handshake_trial,
                            .context = &count,
                            .seconds = (double)count * HANDSHAKE_S};
    struct hr_case parts = {.suite = HR_CRYPTO_SUITE,
                            .name = "handshake/parts",
                            .params = params,
                            .metrics = part_metrics,
                            .metrics_count = PARTS,
                            .histograms = part_histograms,
                            .run = parts_trial,
                            .context = &count,
                            .seconds = (double)count * PARTS_S};
    int rc;

    json_object_set_new(params, "handshakes", json_integer((json_int_t)count));
    rc = hr_measure(&bench->rig, suite, &whole, NULL);
    rc = rc ? rc : hr_measure(&bench->rig, suite, &parts, NULL);
    json_decref(params);
    return rc;
}
