/* qzmq_test.c - two that know each other talk, and nobody else gets anything: each property that
 * qzmq.h promises is attacked here, by somebody who has the wire. */
#include "tests/test.h"

#include "tests/unit/qzmq_rig.h"

#include <stdlib.h>

#define OPEN_OR_SKIP(r)                                         \
    do {                                                        \
        if (hr_crypto_available()) {                            \
            SKIP("no OpenSSL 3.5");                             \
        }                                                       \
        CHECK(qzmq_rig_open(&(r), (struct hr_qzmq_limits){0})); \
    } while (0)

static uint8_t record[HR_QZMQ_PLAIN_MAX + HR_QZMQ_OVERHEAD_BYTES], plain[HR_QZMQ_PLAIN_MAX];
static size_t record_size, plain_size;

static enum hr_qzmq_reason seal(struct qzmq_rig *r, struct hr_qzmq *side, const char *text)
{
    return hr_qzmq_seal(side, r->now_ns, text, strlen(text), record, sizeof(record), &record_size);
}

static enum hr_qzmq_reason open_record(struct qzmq_rig *r, struct hr_qzmq *side)
{
    return hr_qzmq_open(side, r->now_ns, record, record_size, plain, sizeof(plain), &plain_size);
}

/* One record goes through. */
static void check_delivers(struct qzmq_rig *r, struct hr_qzmq *from, struct hr_qzmq *to,
                           const char *text)
{
    CHECK_EQ(seal(r, from, text), HR_QZMQ_FINE);
    CHECK_EQ(record_size, strlen(text) + HR_QZMQ_OVERHEAD_BYTES);
    CHECK_EQ(open_record(r, to), HR_QZMQ_FINE);
    CHECK_EQ(plain_size, strlen(text));
    CHECK(memcmp(plain, text, plain_size) == 0);
}

/* ---- what it is for --------------------------------------------------------------------- */

TEST(qzmq, two_that_know_each_other_talk)
{
    uint8_t fingerprint[HR_QZMQ_FINGERPRINT_BYTES];
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(hr_qzmq_stream(r.client), 7);
    CHECK_EQ(hr_qzmq_stream(r.session), 7);
    hr_qzmq_fingerprint(r.client_public, fingerprint);
    CHECK(memcmp(hr_qzmq_peer(r.session), fingerprint, sizeof(fingerprint)) == 0);
    hr_qzmq_fingerprint(r.server_public, fingerprint);
    CHECK(memcmp(hr_qzmq_peer(r.client), fingerprint, sizeof(fingerprint)) == 0);
    for (int i = 0; i < 300; i++) {
        check_delivers(&r, r.client, r.session,
                       "an order of sixty bytes, as they all are, more or less, ok.");
        check_delivers(&r, r.session, r.client, "done");
    }
    check_delivers(&r, r.client, r.session, "");
    qzmq_rig_close(&r);
}

TEST(qzmq, one_order_is_88_bytes_and_shows_nothing)
{
    static const char order[61] = "ORDER ORDER ORDER ORDER ORDER ORDER ORDER ORDER ORDER ORDER!";
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, order), HR_QZMQ_FINE);
    CHECK_EQ(record_size, 88);
    for (size_t i = 0; i + 5 <= record_size; i++) {
        CHECK(memcmp(record + i, "ORDER", 5) != 0);
    }
    qzmq_rig_close(&r);
}

TEST(qzmq, closing_is_proven)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_ready(&r));
    hr_qzmq_close(r.client, r.now_ns, record, &record_size);
    CHECK_EQ(record_size, HR_QZMQ_OVERHEAD_BYTES);
    CHECK_EQ(seal(&r, r.client, "more"), HR_QZMQ_CLOSED);
    hr_qzmq_close(r.session, r.now_ns, record + 1000, &plain_size);
    CHECK_EQ(open_record(&r, r.session), HR_QZMQ_CLOSED);
    qzmq_rig_hang_up(&r);

    CHECK(qzmq_rig_ready(&r));
    hr_qzmq_close(r.client, r.now_ns, record, &record_size);
    CHECK_EQ(open_record(&r, r.session), HR_QZMQ_PEER_CLOSED);
    qzmq_rig_hang_up(&r);

    CHECK(qzmq_rig_ready(&r)); /* and one made up is not */
    hr_qzmq_close(r.client, r.now_ns, record, &record_size);
    record[record_size - 1] ^= 1;
    CHECK_EQ(open_record(&r, r.session), HR_QZMQ_BAD_RECORD);
    qzmq_rig_hang_up(&r);

    CHECK(qzmq_rig_ready(&r)); /* a record that is passed off as one */
    CHECK_EQ(seal(&r, r.client, ""), HR_QZMQ_FINE);
    record[0] = QZMQ_CLOSE;
    CHECK_EQ(open_record(&r, r.session), HR_QZMQ_BAD_RECORD);
    qzmq_rig_close(&r);
}

TEST(qzmq, mistakes_of_the_caller_close_nothing)
{
    static uint8_t much[HR_QZMQ_PLAIN_MAX + 1];
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_welcome(&r));
    CHECK_EQ(seal(&r, r.session, "early"), HR_QZMQ_NOT_READY);
    CHECK_EQ(open_record(&r, r.session), HR_QZMQ_NOT_READY);
    CHECK(!hr_qzmq_peer(r.session));
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(
        hr_qzmq_seal(r.client, r.now_ns, much, sizeof(much), record, sizeof(record), &record_size),
        HR_QZMQ_NO_ROOM);
    CHECK_EQ(hr_qzmq_seal(r.client, r.now_ns, much, 10, record, 37, &record_size), HR_QZMQ_NO_ROOM);
    CHECK_EQ(seal(&r, r.client, "four"), HR_QZMQ_FINE);
    CHECK_EQ(hr_qzmq_open(r.session, r.now_ns, record, record_size, plain, 3, &plain_size),
             HR_QZMQ_NO_ROOM);
    CHECK_EQ(open_record(&r, r.session), HR_QZMQ_FINE);
    qzmq_rig_close(&r);
}

/* ---- who ------------------------------------------------------------------------------------ */

TEST(qzmq, a_client_that_is_not_pinned_is_refused)
{
    struct hr_sign_key *own;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    own = r.client_key;
    r.client_key = r.stranger_key;
    CHECK(qzmq_rig_welcome(&r));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_BAD_PEER);
    CHECK(!hr_qzmq_ready(r.session));
    /* it is told, by the message that is left in the wire */
    CHECK_EQ(r.size, HR_QZMQ_REFUSE_BYTES);
    CHECK_EQ(hr_qzmq_open(r.client, r.now_ns, r.wire, r.size, plain, sizeof(plain), &plain_size),
             HR_QZMQ_PEER_REFUSED);
    r.client_key = own;
    qzmq_rig_close(&r);
}

TEST(qzmq, a_server_that_is_not_the_pinned_one_is_refused)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    hr_sign_key_public(r.stranger_key, r.server_public); /* whom the client expects */
    CHECK(qzmq_rig_welcome(&r));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_PEER);
    CHECK_EQ(r.size, 0);
    qzmq_rig_close(&r);
}

/* He names somebody else's key, and cannot sign with it. */
TEST(qzmq, a_name_without_its_key_is_refused)
{
    uint8_t stranger_public[HR_VERIFY_KEY_BYTES];
    struct hr_verify_key *named;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    hr_sign_key_public(r.stranger_key, stranger_public);
    CHECK(qzmq_rig_welcome(&r));
    /* The server pinned this fingerprint, but the key behind it is another: the signature that
     * arrives is good, of the wrong key. */
    named = r.server->pinned[0].key;
    CHECK_EQ(hr_verify_key_new(&r.server->pinned[0].key, stranger_public), 0);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_BAD_SIGNATURE);
    hr_verify_key_free(named);
    qzmq_rig_hang_up(&r);

    CHECK_EQ(hr_verify_key_new(&named, stranger_public), 0);
    CHECK(qzmq_rig_welcome(&r)); /* and the same at the client */
    hr_verify_key_free(r.client->expected);
    r.client->expected = named;
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_SIGNATURE);
    qzmq_rig_close(&r);
}

/* Of two whom it knows, each is known by his whole fingerprint: here they begin alike. */
TEST(qzmq, a_name_is_all_of_a_fingerprint)
{
    uint8_t seed[HR_SIGN_SEED_BYTES] = {0}, public_key[HR_VERIFY_KEY_BYTES];
    uint8_t own[HR_QZMQ_FINGERPRINT_BYTES], alike[HR_QZMQ_FINGERPRINT_BYTES];
    struct hr_sign_key *key;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    hr_qzmq_fingerprint(r.client_public, own);
    do {
        seed[1]++;
        seed[2] += seed[1] == 0;
        CHECK_EQ(hr_sign_key_from_seed(&key, seed), 0);
        hr_sign_key_public(key, public_key);
        hr_sign_key_free(key);
        hr_qzmq_fingerprint(public_key, alike);
    } while (alike[0] != own[0]);
    hr_qzmq_server_free(r.server);
    CHECK_EQ(hr_qzmq_server_new(&r.server, r.server_key, NULL), 0);
    CHECK_EQ(hr_qzmq_server_pin(r.server, public_key), 0);
    CHECK_EQ(hr_qzmq_server_pin(r.server, r.client_public), 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK(memcmp(hr_qzmq_peer(r.session), own, sizeof(own)) == 0);
    qzmq_rig_close(&r);
}

/* ---- what was said ------------------------------------------------------------------------------
 */

/* Every field of every handshake message, changed on its way: nobody becomes ready. */
TEST(qzmq, a_changed_handshake_ends)
{
    static const size_t welcome_at[] = {0,    1,    2,    3,    4,    7,    8,    39,   40,  600,
                                        1127, 1128, 1159, 1160, 1191, 1192, 3000, 4500, 4516};
    static const size_t finish_at[] = {0, 1, 2, 3, 4, 7, 8, 39, 40, 2000, 3348, 3349, 3364};
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    for (size_t i = 0; i < sizeof(welcome_at) / sizeof(welcome_at[0]); i++) {
        CHECK(qzmq_rig_welcome(&r));
        r.wire[welcome_at[i]] ^= 0x10;
        CHECK(qzmq_rig_step(&r, r.client) != HR_QZMQ_FINE);
        CHECK(!hr_qzmq_ready(r.client) && r.size == 0);
        qzmq_rig_hang_up(&r);
    }
    for (size_t i = 0; i < sizeof(finish_at) / sizeof(finish_at[0]); i++) {
        CHECK(qzmq_rig_welcome(&r));
        CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
        r.wire[finish_at[i]] ^= 0x10;
        CHECK(qzmq_rig_step(&r, r.session) != HR_QZMQ_FINE);
        CHECK(!hr_qzmq_ready(r.session));
        qzmq_rig_hang_up(&r);
    }
    qzmq_rig_close(&r);
}

/* A byte more or less of any message: none of it is looked at. */
TEST(qzmq, a_handshake_message_has_one_size)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    for (int off = -1; off <= 1; off += 2) {
        uint8_t hello[HR_QZMQ_HELLO_BYTES];

        CHECK_EQ(qzmq_rig_hello(&r), 0);
        memcpy(hello, r.wire, sizeof(hello));
        r.size += (size_t)off;
        CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_BAD_MESSAGE);
        memcpy(r.wire, hello, sizeof(hello));
        r.size = sizeof(hello);
        CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
        r.size += (size_t)off;
        CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_MESSAGE);
        qzmq_rig_hang_up(&r);

        CHECK(qzmq_rig_welcome(&r));
        CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
        r.size += (size_t)off;
        CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_BAD_MESSAGE);
        qzmq_rig_hang_up(&r);
    }
    CHECK(qzmq_rig_welcome(&r));
    r.size--;
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_MESSAGE);
    qzmq_rig_close(&r);
}

/* Nothing of one handshake is in the next, so that none can be taken for another, and a key stolen
 * from one opens no other. */
TEST(qzmq, every_handshake_is_new)
{
    uint8_t hello[HR_QZMQ_HELLO_BYTES], welcome[HR_QZMQ_WELCOME_BYTES], secret[HR_DIGEST_BYTES];
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_welcome(&r));
    memcpy(hello, r.client->hello, sizeof(hello));
    memcpy(welcome, r.wire, sizeof(welcome));
    memcpy(secret, r.session->secret, sizeof(secret));
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_welcome(&r));
    CHECK(memcmp(hello + 4, r.client->hello + 4, 32) != 0); /* random */
    CHECK(memcmp(hello + QZMQ_SHARE_AT, r.client->hello + QZMQ_SHARE_AT, 1184) != 0);
    CHECK(memcmp(hello + QZMQ_COOKIE_AT - 32, r.client->hello + QZMQ_COOKIE_AT - 32, 32) != 0);
    CHECK(memcmp(welcome + 8, r.wire + 8, 32) != 0); /* random */
    CHECK(memcmp(welcome + QZMQ_CIPHER_AT, r.wire + QZMQ_CIPHER_AT, 1088) != 0);
    CHECK(memcmp(welcome + QZMQ_WELCOME_SEALED - 32, r.wire + QZMQ_WELCOME_SEALED - 32, 32) != 0);
    CHECK(memcmp(secret, r.session->secret, sizeof(secret)) != 0);
    qzmq_rig_close(&r);
}

/* What a side signed, opened with the keys that the session holds: its fingerprint and a signature
 * over `said` in `context`; all of it then goes into `said`. */
static void check_signed(struct hr_digest *said, const uint8_t *secret, const uint8_t *transcript_1,
                         const char *label, const uint8_t *sealed, const char *context,
                         const uint8_t *public_key)
{
    uint8_t info[64], key[HR_AEAD_KEY_BYTES + HR_AEAD_NONCE_BYTES], proof[QZMQ_PROOF_BYTES];
    uint8_t fingerprint[HR_QZMQ_FINGERPRINT_BYTES], value[HR_DIGEST_BYTES];
    struct hr_verify_key *verify;
    struct hr_aead *aead;

    memcpy(info, label, strlen(label));
    memcpy(info + strlen(label), transcript_1, HR_DIGEST_BYTES);
    CHECK_EQ(hr_hkdf_expand(secret, info, strlen(label) + HR_DIGEST_BYTES, key, sizeof(key)), 0);
    CHECK_EQ(hr_aead_new(&aead, false), 0);
    CHECK_EQ(hr_aead_key(aead, key), 0);
    CHECK_EQ(hr_aead_open(aead, key + HR_AEAD_KEY_BYTES, "", 0, sealed,
                          QZMQ_PROOF_BYTES + HR_AEAD_TAG_BYTES, proof),
             0);
    hr_aead_free(aead);
    hr_qzmq_fingerprint(public_key, fingerprint);
    CHECK(memcmp(proof, fingerprint, sizeof(fingerprint)) == 0);
    CHECK_EQ(hr_digest_add(said, proof, sizeof(fingerprint)), 0);
    CHECK_EQ(hr_digest_value(said, value), 0);
    CHECK_EQ(hr_verify_key_new(&verify, public_key), 0);
    CHECK_EQ(hr_verify(verify, context, strlen(context), value, sizeof(value),
                       proof + sizeof(fingerprint)),
             0);
    hr_verify_key_free(verify);
    CHECK_EQ(hr_digest_add(said, proof + sizeof(fingerprint), HR_SIGNATURE_BYTES), 0);
}

static void check_direction(const uint8_t *secret, const char *label, const uint8_t *transcript,
                            const uint8_t *held)
{
    uint8_t info[64], expected[HR_DIGEST_BYTES];

    memcpy(info, label, strlen(label));
    memcpy(info + strlen(label), transcript, HR_DIGEST_BYTES);
    CHECK_EQ(hr_hkdf_expand(secret, info, strlen(label) + HR_DIGEST_BYTES, expected, 48), 0);
    CHECK(memcmp(expected, held, sizeof(expected)) == 0);
}

/* The handshake word for word as qzmq.h has it: each signature covers all that was said and the
 * name of who signs, in a context of its own, and the keys of the records come from all of it. */
TEST(qzmq, signatures_and_keys_cover_what_the_header_says)
{
    uint8_t secret[HR_DIGEST_BYTES], transcript_1[HR_DIGEST_BYTES], value[HR_DIGEST_BYTES];
    uint8_t expected[HR_DIGEST_BYTES], agreed[HR_KEM_SECRET_BYTES];
    struct hr_digest *said;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_welcome(&r));
    memcpy(secret, r.session->secret, sizeof(secret));
    CHECK_EQ(hr_kem_decapsulate(r.client->kem, r.wire + QZMQ_CIPHER_AT, agreed), 0);
    CHECK_EQ(hr_hkdf_extract("headroom qzmq 1", 15, agreed, sizeof(agreed), expected), 0);
    CHECK(memcmp(secret, expected, sizeof(secret)) == 0);
    CHECK_EQ(hr_digest_new(&said), 0);
    CHECK_EQ(hr_digest_add(said, r.client->hello, HR_QZMQ_HELLO_BYTES), 0); /* with its cookie */
    CHECK_EQ(hr_digest_add(said, r.wire, QZMQ_WELCOME_SEALED), 0);
    CHECK_EQ(hr_digest_value(said, transcript_1), 0);
    check_signed(said, secret, transcript_1, "server proof", r.wire + QZMQ_WELCOME_SEALED,
                 "headroom qzmq 1 server", r.server_public);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    CHECK_EQ(hr_digest_add(said, r.wire, QZMQ_FINISH_SEALED), 0);
    check_signed(said, secret, transcript_1, "client proof", r.wire + QZMQ_FINISH_SEALED,
                 "headroom qzmq 1 client", r.client_public);
    CHECK_EQ(hr_digest_value(said, value), 0);
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_FINE);
    check_direction(secret, "client to server", value, r.session->in.secret);
    check_direction(secret, "server to client", value, r.session->out.secret);
    check_direction(secret, "client to server", value, r.client->out.secret);
    hr_digest_free(said);
    qzmq_rig_close(&r);
}

/* A HELLO changed both times, so that its cookie is good: the transcript alone can tell. */
TEST(qzmq, a_hello_changed_both_times_is_found_by_the_transcript)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    r.wire[20] ^= 1;
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    r.wire[20] ^= 1;
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_HANDSHAKE);
    qzmq_rig_close(&r);
}

/* Its own key in the place of the client's: the middle agrees with the server, not with the client.
 */
TEST(qzmq, a_share_put_in_by_the_middle_is_found)
{
    uint8_t share[HR_KEM_PUBLIC_BYTES];
    struct hr_kem *middle;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(hr_kem_new(&middle, share), 0);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    memcpy(r.wire + QZMQ_SHARE_AT, share, sizeof(share));
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    memcpy(r.wire + QZMQ_SHARE_AT, share, sizeof(share));
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_HANDSHAKE);
    hr_kem_free(middle);
    qzmq_rig_close(&r);
}

/* A WELCOME and a FINISH that were good in another handshake. */
TEST(qzmq, a_recorded_handshake_is_of_no_use)
{
    uint8_t welcome[HR_QZMQ_WELCOME_BYTES], finish[HR_QZMQ_FINISH_BYTES];
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_welcome(&r));
    memcpy(welcome, r.wire, sizeof(welcome));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    memcpy(finish, r.wire, sizeof(finish));
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_FINE);
    qzmq_rig_hang_up(&r);

    CHECK(qzmq_rig_welcome(&r));
    memcpy(r.wire, welcome, sizeof(welcome));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_HANDSHAKE);
    memcpy(r.wire, finish, sizeof(finish));
    r.size = sizeof(finish);
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_BAD_HANDSHAKE);
    qzmq_rig_close(&r);
}

TEST(qzmq, a_downgrade_is_refused_by_either_side)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    r.wire[1] = 0; /* an older version */
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_BAD_VERSION);
    CHECK_EQ(r.size, 0);
    hr_qzmq_free(r.client);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    r.wire[2] = 0; /* other algorithms */
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_BAD_SUITE);
    hr_qzmq_free(r.client);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    r.wire[2] = 2;
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_SUITE);
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_welcome(&r));
    r.wire[1] = 2;
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_VERSION);
    qzmq_rig_close(&r);
}

TEST(qzmq, shares_that_are_none_are_refused)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    memset(r.wire + QZMQ_SHARE_AT, 0xFF, HR_KEM_PUBLIC_BYTES); /* coefficients above the modulus */
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    memset(r.wire + QZMQ_SHARE_AT, 0xFF, HR_KEM_PUBLIC_BYTES);
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_BAD_SHARE);
    CHECK(!r.session);
    qzmq_rig_hang_up(&r);

    CHECK(qzmq_rig_welcome(&r));
    memset(r.wire + QZMQ_WELCOME_SEALED - 32, 0, 32); /* an X25519 share of small order */
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_SHARE);
    qzmq_rig_close(&r);
}

/* ---- cookies
 * --------------------------------------------------------------------------------------- */

TEST(qzmq, nothing_is_kept_or_signed_before_a_cookie_comes_back)
{
    uint8_t first[HR_QZMQ_HELLO_BYTES];
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    memcpy(first, r.wire, sizeof(first));
    for (int i = 0; i < 3; i++) {
        memcpy(r.wire, first, sizeof(first));
        r.size = sizeof(first);
        CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
        CHECK(!r.session);
        CHECK(r.size == HR_QZMQ_RETRY_BYTES && r.size < HR_QZMQ_HELLO_BYTES);
        CHECK_EQ(r.wire[0], QZMQ_RETRY);
    }
    qzmq_rig_close(&r);
}

static enum hr_qzmq_reason greet_with_cookie(struct qzmq_rig *r, const char *asked,
                                             uint64_t later_ns, size_t changed, const char *comes)
{
    enum hr_qzmq_reason reason;

    CHECK_EQ(qzmq_rig_hello(r), 0);
    CHECK_EQ(qzmq_rig_greet(r, asked), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(r, r->client), HR_QZMQ_FINE);
    r->now_ns += later_ns;
    r->wire[changed] ^= changed ? 1 : 0;
    reason = qzmq_rig_greet(r, comes);
    CHECK((reason == HR_QZMQ_FINE) == (r->session != NULL));
    CHECK(reason == HR_QZMQ_FINE || r->size == 0);
    qzmq_rig_hang_up(r);
    return reason;
}

TEST(qzmq, a_cookie_is_for_one_hello_one_address_and_some_seconds)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(greet_with_cookie(&r, "one", 0, 0, "one"), HR_QZMQ_FINE);
    CHECK_EQ(greet_with_cookie(&r, "one", HR_QZMQ_COOKIE_NS, 0, "one"), HR_QZMQ_FINE);
    CHECK_EQ(greet_with_cookie(&r, "one", HR_QZMQ_COOKIE_NS + 1, 0, "one"), HR_QZMQ_BAD_COOKIE);
    CHECK_EQ(greet_with_cookie(&r, "one", 0, 0, "two"), HR_QZMQ_BAD_COOKIE);
    CHECK_EQ(greet_with_cookie(&r, "one", 0, 20, "one"), HR_QZMQ_BAD_COOKIE);   /* random */
    CHECK_EQ(greet_with_cookie(&r, "one", 0, 1000, "one"), HR_QZMQ_BAD_COOKIE); /* share */
    CHECK_EQ(greet_with_cookie(&r, "one", 0, 1252, "one"), HR_QZMQ_BAD_COOKIE); /* time */
    CHECK_EQ(greet_with_cookie(&r, "one", 0, 1291, "one"), HR_QZMQ_BAD_COOKIE); /* HMAC */
    qzmq_rig_close(&r);
}

/* The secret behind cookies is a server's own: nobody makes one but he. */
TEST(qzmq, a_cookie_is_of_one_server)
{
    struct hr_qzmq_server *server, *other;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(hr_qzmq_server_new(&other, r.server_key, NULL), 0);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    server = r.server;
    r.server = other;
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_BAD_COOKIE);
    CHECK(!r.session);
    r.server = server;
    hr_qzmq_server_free(other);
    qzmq_rig_close(&r);
}

TEST(qzmq, a_client_tries_one_cookie)
{
    uint8_t retry[HR_QZMQ_RETRY_BYTES];
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    CHECK_EQ(qzmq_rig_greet(&r, "peer"), HR_QZMQ_FINE);
    memcpy(retry, r.wire, sizeof(retry));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    memcpy(r.wire, retry, sizeof(retry));
    r.size = sizeof(retry);
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_BAD_COOKIE);
    qzmq_rig_close(&r);
}

TEST(qzmq, a_finish_names_its_session)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_welcome(&r));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    r.wire[4] ^= 1;
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_BAD_STREAM);
    qzmq_rig_close(&r);
}

TEST(qzmq, a_handshake_that_takes_too_long_ends)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r);
    CHECK(qzmq_rig_welcome(&r));
    CHECK_EQ(qzmq_rig_step(&r, r.client), HR_QZMQ_FINE);
    CHECK(!hr_qzmq_overdue(r.session, r.now_ns + HR_QZMQ_HANDSHAKE_NS));
    r.now_ns += HR_QZMQ_HANDSHAKE_NS + 1;
    CHECK(hr_qzmq_overdue(r.session, r.now_ns));
    CHECK(!hr_qzmq_overdue(r.client, r.now_ns)); /* it is ready */
    CHECK_EQ(qzmq_rig_step(&r, r.session), HR_QZMQ_LATE);
    qzmq_rig_close(&r);
}

TEST(qzmq, every_reason_has_its_words)
{
    for (int i = 0; i < HR_QZMQ_REASONS; i++) {
        CHECK(hr_qzmq_text((enum hr_qzmq_reason)i) && *hr_qzmq_text((enum hr_qzmq_reason)i));
    }
    CHECK_STR(hr_qzmq_text(HR_QZMQ_REASONS), "an unknown reason");
}
