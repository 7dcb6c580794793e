/* qzmq_record_test.c - records that were changed, repeated, left out, cut, moved, sent back or
 * sealed with another key close their session and no other; keys are renewed, and old ones gone. */
#include "tests/test.h"

#include "tests/unit/qzmq_rig.h"

#include <stdlib.h>

#define OPEN_OR_SKIP(r, ...)                                              \
    do {                                                                  \
        if (hr_crypto_available()) {                                      \
            SKIP("no OpenSSL 3.5");                                       \
        }                                                                 \
        CHECK(qzmq_rig_open(&(r), (struct hr_qzmq_limits){__VA_ARGS__})); \
    } while (0)

#define ROOM 4096u

struct sent {
    uint8_t bytes[ROOM];
    size_t size;
};

static enum hr_qzmq_reason seal(struct qzmq_rig *r, struct hr_qzmq *side, struct sent *sent)
{
    return hr_qzmq_seal(side, r->now_ns, "some orders", 11, sent->bytes, ROOM, &sent->size);
}

static enum hr_qzmq_reason deliver(struct qzmq_rig *r, struct hr_qzmq *side,
                                   const struct sent *sent)
{
    uint8_t plain[ROOM];
    size_t size = 0;
    enum hr_qzmq_reason reason =
        hr_qzmq_open(side, r->now_ns, sent->bytes, sent->size, plain, sizeof(plain), &size);

    CHECK(reason == HR_QZMQ_FINE ? size == 11 && memcmp(plain, "some orders", 11) == 0 : size == 0);
    return reason;
}

static void check_one_through(struct qzmq_rig *r, struct hr_qzmq *from, struct hr_qzmq *to)
{
    struct sent sent;

    CHECK_EQ(seal(r, from, &sent), HR_QZMQ_FINE);
    CHECK_EQ(deliver(r, to, &sent), HR_QZMQ_FINE);
}

/* Refused for this reason, then and for ever. */
static void check_refused(struct qzmq_rig *r, struct hr_qzmq *side, const struct sent *sent,
                          enum hr_qzmq_reason reason)
{
    struct sent more;

    CHECK_EQ(deliver(r, side, sent), reason);
    CHECK_EQ(hr_qzmq_reason(side), reason);
    CHECK_EQ(deliver(r, side, sent), reason);
    CHECK_EQ(seal(r, side, &more), reason);
    CHECK(!hr_qzmq_ready(side));
    hr_qzmq_close(side, r->now_ns, more.bytes, &more.size); /* has nothing more to say */
    CHECK_EQ(more.size, 0);
    CHECK_EQ(hr_qzmq_reason(side), reason);
}

TEST(qzmq_record, every_changed_bit_is_found)
{
    struct qzmq_rig r;
    struct sent good, bad;

    OPEN_OR_SKIP(r, 0, 0);
    for (size_t bit = 0; bit < (11 + HR_QZMQ_OVERHEAD_BYTES) * 8; bit++) {
        /* Sessions with known secrets: a handshake for each bit would be long. */
        uint8_t a[HR_DIGEST_BYTES] = {1}, b[HR_DIGEST_BYTES] = {2};

        r.client = qzmq_session_new(true, NULL, r.now_ns);
        r.session = qzmq_session_new(false, NULL, r.now_ns);
        CHECK(r.client && r.session && qzmq_begin_records(r.client, r.now_ns, a, b) == 0 &&
              qzmq_begin_records(r.session, r.now_ns, a, b) == 0);
        CHECK_EQ(seal(&r, r.client, &good), HR_QZMQ_FINE);
        bad = good;
        bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(deliver(&r, r.session, &bad) != HR_QZMQ_FINE);
        CHECK(!hr_qzmq_ready(r.session));
        qzmq_rig_hang_up(&r);
    }
    qzmq_rig_close(&r);
}

/* The wire format, once and for all: known secrets give known bytes, for the first record, the
 * second and the first of the next epoch. They were computed from qzmq.h's words by another
 * library's HMAC and AES. */
TEST(qzmq_record, known_secrets_give_known_bytes)
{
    static const char *const expected[] = {
        "050000000000000000000000b78e234f909fdbe80c4a5f6738b9ed13c6af65de039c184bb56f12",
        "05000100000000000000000080945e66493253491de327bc3707166ea5d9ef0640ca5d3c92f64d",
        "0501020000000000000000009e2efd59538db6011d6b82b82f467c42d2f52b3db158462e3427c8",
    };
    uint8_t a[HR_DIGEST_BYTES], b[HR_DIGEST_BYTES];
    char hex[2 * (11 + HR_QZMQ_OVERHEAD_BYTES) + 1];
    struct hr_qzmq_limits limits = {.rekey_records = 2};
    struct hr_qzmq *s;
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    memset(a, 0xA5, sizeof(a));
    memset(b, 0x5A, sizeof(b));
    s = qzmq_session_new(true, &limits, r.now_ns);
    CHECK(s && qzmq_begin_records(s, r.now_ns, a, b) == 0);
    for (int k = 0; k < 3; k++) {
        CHECK_EQ(seal(&r, s, &sent), HR_QZMQ_FINE);
        for (size_t i = 0; i < sent.size; i++) {
            snprintf(hex + 2 * i, 3, "%02x", sent.bytes[i]);
        }
        CHECK_STR(hex, expected[k]);
    }
    hr_qzmq_free(s);
    qzmq_rig_close(&r);
}

/* Counter mode with one nonce twice would give the sum of two plain texts away. */
TEST(qzmq_record, no_two_records_are_masked_alike)
{
    struct sent one, two, back;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r, .rekey_records = 2);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &one), HR_QZMQ_FINE);
    CHECK_EQ(seal(&r, r.session, &back), HR_QZMQ_FINE);
    CHECK(memcmp(one.bytes + 12, back.bytes + 12, 11) != 0); /* each direction its own */
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(seal(&r, r.client, &two), HR_QZMQ_FINE);
        CHECK(memcmp(one.bytes + 12, two.bytes + 12, 11) != 0);
        one = two;
    }
    qzmq_rig_close(&r);
}

TEST(qzmq_record, a_replayed_record_is_refused)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    CHECK_EQ(deliver(&r, r.session, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.session, &sent, HR_QZMQ_REPLAYED);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, order_and_gaps_are_seen)
{
    struct sent first, second;
    struct qzmq_rig r;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &first), HR_QZMQ_FINE);
    CHECK_EQ(seal(&r, r.client, &second), HR_QZMQ_FINE);
    check_refused(&r, r.session, &second, HR_QZMQ_MISSING);
    qzmq_rig_close(&r);
}

/* A number that fits, written over one that does not. */
TEST(qzmq_record, a_renumbered_record_is_refused)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    CHECK_EQ(deliver(&r, r.session, &sent), HR_QZMQ_FINE);
    sent.bytes[2] = 1;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_RECORD);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, a_truncated_record_is_refused)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    sent.size--;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_RECORD);
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    sent.size = HR_QZMQ_OVERHEAD_BYTES - 1;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_MESSAGE);
    qzmq_rig_close(&r);
}

/* Were the keys of both directions one, a client's own first record would be a good first record
 * of the server. */
TEST(qzmq_record, a_record_sent_back_is_refused)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.client, &sent, HR_QZMQ_BAD_RECORD);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, a_bad_record_closes_its_session_and_no_other)
{
    struct hr_qzmq *client, *session;
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    client = r.client;
    session = r.session;
    r.stream = 8;
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, client, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_STREAM);
    CHECK_EQ(deliver(&r, session, &sent), HR_QZMQ_FINE); /* where it belongs it is good */
    check_one_through(&r, session, client);
    qzmq_rig_hang_up(&r);

    r.stream = 7; /* the same name, other keys */
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    check_refused(&r, session, &sent, HR_QZMQ_REPLAYED);
    CHECK_EQ(deliver(&r, r.session, &sent), HR_QZMQ_FINE);
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    qzmq_rig_hang_up(&r);
    hr_qzmq_free(client);
    hr_qzmq_free(session);

    CHECK(qzmq_rig_ready(&r));
    client = r.client;
    session = r.session;
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, client, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_RECORD);
    check_one_through(&r, session, client);
    hr_qzmq_free(client);
    hr_qzmq_free(session);
    qzmq_rig_close(&r);
}

/* A refusal proves nothing: it is heard by a client that heard nothing else yet. */
TEST(qzmq_record, a_refusal_comes_first_or_not_at_all)
{
    static const struct sent refusal = {{QZMQ_REFUSE, QZMQ_VERSION, QZMQ_SUITE, 0, 7},
                                        HR_QZMQ_REFUSE_BYTES};
    struct qzmq_rig r;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    check_refused(&r, r.session, &refusal, HR_QZMQ_BAD_MESSAGE);
    check_refused(&r, r.client, &refusal, HR_QZMQ_PEER_REFUSED);
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_ready(&r));
    check_one_through(&r, r.session, r.client);
    check_refused(&r, r.client, &refusal, HR_QZMQ_BAD_MESSAGE);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, a_close_has_nothing_in_it)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    sent.bytes[0] = QZMQ_CLOSE;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_MESSAGE);
    qzmq_rig_close(&r);
}

/* ---- renewal ------------------------------------------------------------------------------- */

TEST(qzmq_record, keys_are_renewed_by_count)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r, .rekey_records = 3);
    CHECK(qzmq_rig_ready(&r));
    for (int i = 0; i < 3 * 300; i++) { /* past 256 epochs: the number on the wire wraps */
        check_one_through(&r, r.client, r.session);
        CHECK_EQ(r.client->out.epoch, i / 3);
    }
    CHECK_EQ(r.client->out.epoch, 299);
    CHECK_EQ(r.session->in.epoch, 299);
    CHECK_EQ(r.session->out.epoch, 0); /* each direction by itself */
    check_one_through(&r, r.session, r.client);
    qzmq_rig_close(&r);
}

/* Who asks for nothing gets ten minutes, and fewer than the 2^24.5 records of RFC 8446 5.5. */
TEST(qzmq_record, keys_are_renewed_unasked)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    for (int side = 0; side < 2; side++) {
        const struct hr_qzmq *s = side ? r.session : r.client;

        CHECK_EQ(s->limits.rekey_ns, UINT64_C(600000000000));
        CHECK_EQ(s->limits.rekey_records, UINT64_C(1) << 22);
    }
    qzmq_rig_close(&r);
}

TEST(qzmq_record, keys_are_renewed_by_time)
{
    struct qzmq_rig r;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    r.now_ns += HR_QZMQ_REKEY_NS - 1;
    check_one_through(&r, r.client, r.session);
    CHECK_EQ(r.client->out.epoch, 0);
    r.now_ns += 1;
    check_one_through(&r, r.client, r.session);
    CHECK_EQ(r.client->out.epoch, 1);
    r.now_ns += 100 * HR_QZMQ_REKEY_NS; /* long silence: one renewal */
    check_one_through(&r, r.client, r.session);
    CHECK_EQ(r.client->out.epoch, 2);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, keys_are_renewed_by_bytes)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    r.client->out.epoch_bytes = r.session->in.epoch_bytes = HR_QZMQ_REKEY_BYTES - 1;
    check_one_through(&r, r.client, r.session);
    CHECK_EQ(r.client->out.epoch, 0);
    CHECK_EQ(r.session->in.epoch_bytes, HR_QZMQ_REKEY_BYTES + 10);
    check_one_through(&r, r.client, r.session);
    CHECK_EQ(r.client->out.epoch, 1);
    CHECK_EQ(r.session->in.epoch_bytes, 11);
    r.session->in.epoch_bytes = HR_QZMQ_REKEY_BYTES; /* a peer that counts wrongly */
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.session, &sent, HR_QZMQ_STALE);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, a_peer_that_never_renews_is_refused)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, .rekey_records = 3);
    CHECK(qzmq_rig_ready(&r));
    r.client->limits.rekey_records = 1000;
    for (int i = 0; i < 3; i++) {
        check_one_through(&r, r.client, r.session);
    }
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.session, &sent, HR_QZMQ_STALE);
    qzmq_rig_hang_up(&r);

    CHECK(qzmq_rig_ready(&r));
    r.client->limits.rekey_ns = UINT64_MAX;
    r.now_ns += 2 * HR_QZMQ_REKEY_NS;
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    check_refused(&r, r.session, &sent, HR_QZMQ_STALE);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, an_epoch_out_of_turn_is_refused)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    sent.bytes[1] = 2;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_EPOCH);
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_ready(&r)); /* the next epoch's name on this epoch's record */
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    sent.bytes[1] = 1;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_RECORD);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, sequence_numbers_end)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    r.client->out.sequence = r.session->in.sequence = QZMQ_SEQUENCE_END - 1;
    check_one_through(&r, r.client, r.session);
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_EXHAUSTED);
    CHECK(!hr_qzmq_ready(r.client));
    qzmq_rig_close(&r);
}

/* ---- what is kept, and what is gone ------------------------------------------------------------
 */

static bool all_zero(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++) {
        if (at[i]) {
            return false;
        }
    }
    return true;
}

/* Forward secrecy: with everything that both sides still hold, and both long keys, an earlier epoch
 * cannot be opened, and the handshake's secrets are gone. */
TEST(qzmq_record, what_led_to_the_keys_is_wiped)
{
    uint8_t client_secret[HR_DIGEST_BYTES], server_secret[HR_DIGEST_BYTES];
    struct hr_qzmq *thief;
    struct qzmq_rig r;
    struct sent early;

    OPEN_OR_SKIP(r, .rekey_records = 1);
    CHECK(qzmq_rig_ready(&r));
    for (int side = 0; side < 2; side++) {
        const struct hr_qzmq *s = side ? r.session : r.client;

        CHECK(!s->kem && !s->transcript && !s->expected);
        CHECK(all_zero(s->secret, sizeof(s->secret)) && all_zero(s->hello, sizeof(s->hello)));
        CHECK(all_zero(s->transcript_1, sizeof(s->transcript_1)));
    }
    CHECK_EQ(seal(&r, r.client, &early), HR_QZMQ_FINE);
    CHECK_EQ(deliver(&r, r.session, &early), HR_QZMQ_FINE);
    check_one_through(&r, r.client, r.session); /* renewed */
    memcpy(client_secret, r.session->in.secret, sizeof(client_secret));
    memcpy(server_secret, r.session->out.secret, sizeof(server_secret));
    thief = qzmq_session_new(false, NULL, r.now_ns);
    CHECK(thief && qzmq_begin_records(thief, r.now_ns, client_secret, server_secret) == 0);
    thief->stream = r.session->stream;
    CHECK_EQ(deliver(&r, thief, &early), HR_QZMQ_BAD_RECORD);
    hr_qzmq_free(thief);
    thief = qzmq_session_new(false, NULL, r.now_ns); /* but the present one can be: the test sees */
    CHECK(thief && qzmq_begin_records(thief, r.now_ns, client_secret, server_secret) == 0);
    thief->stream = r.session->stream;
    thief->in.sequence = 2;
    thief->in.epoch = 1;
    r.client->limits.rekey_records = 1000;
    CHECK_EQ(seal(&r, r.client, &early), HR_QZMQ_FINE);
    CHECK_EQ(deliver(&r, thief, &early), HR_QZMQ_FINE);
    hr_qzmq_free(thief);
    qzmq_rig_close(&r);
}

TEST(qzmq_record, a_closed_session_holds_no_key)
{
    struct qzmq_rig r;
    struct sent sent;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK(qzmq_rig_ready(&r));
    CHECK_EQ(seal(&r, r.client, &sent), HR_QZMQ_FINE);
    sent.bytes[sent.size - 1] ^= 1;
    check_refused(&r, r.session, &sent, HR_QZMQ_BAD_RECORD);
    CHECK(all_zero(&r.session->in, sizeof(r.session->in)));
    CHECK(all_zero(&r.session->out, sizeof(r.session->out)));
    qzmq_rig_close(&r);
}

/* ---- floods
 * ---------------------------------------------------------------------------------------- */

static uint64_t resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%*s %llu", &pages) != 1) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return pages * 4096;
}

/* Of each kind of message that can come without a key, many. HEADROOM_BAD_MESSAGES says how many.
 */
TEST(qzmq_record, bad_messages_take_no_memory)
{
    const char *text = getenv("HEADROOM_BAD_MESSAGES");
    unsigned long count = text ? strtoul(text, NULL, 10) : 20000, refused = 0;
    uint8_t hello[HR_QZMQ_HELLO_BYTES], out[HR_QZMQ_HANDSHAKE_MAX], junk[ROOM];
    uint64_t before = 0, after, random = 88172645463325252u;
    uint8_t a[HR_DIGEST_BYTES] = {1}, b[HR_DIGEST_BYTES] = {2};
    struct qzmq_rig r;
    struct sent good;
    size_t out_size;

    OPEN_OR_SKIP(r, 0, 0);
    CHECK_EQ(qzmq_rig_hello(&r), 0);
    memcpy(hello, r.wire, sizeof(hello));
    qzmq_rig_hang_up(&r);
    CHECK(qzmq_rig_ready(&r));
    for (unsigned long i = 0; i < count; i++) {
        struct hr_qzmq *session = NULL;

        if (i == count / 10) {
            before = resident_bytes();
        }
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        memcpy(junk, hello, sizeof(hello));
        memcpy(junk + random % 1200, &random, sizeof(random));
        switch (i % 4) {
        case 0: /* a HELLO that wants a cookie */
            (void)hr_qzmq_greet(r.server, r.now_ns, "x", 1, 1, junk, sizeof(hello), out, &out_size,
                                &session);
            CHECK(!session);
            break;
        case 1: /* one with a cookie that is made up */
            memcpy(junk + QZMQ_COOKIE_AT, &r.now_ns, 8);
            memcpy(junk + QZMQ_COOKIE_AT + 8, &random, 8);
            CHECK(hr_qzmq_greet(r.server, r.now_ns, "x", 1, 1, junk, sizeof(hello), out, &out_size,
                                &session) != HR_QZMQ_FINE);
            CHECK(!session);
            break;
        case 2: /* anything of any length */
            junk[0] = (uint8_t)(random >> 60);
            (void)hr_qzmq_greet(r.server, r.now_ns, "x", 1, 1, junk, random % sizeof(hello), out,
                                &out_size, &session);
            CHECK(!session);
            break;
        default: /* a session of its own, and a record for it that was changed */
            session = qzmq_session_new(false, NULL, r.now_ns);
            CHECK(session && qzmq_begin_records(session, r.now_ns, a, b) == 0);
            good.size = HR_QZMQ_OVERHEAD_BYTES + random % 100;
            memset(good.bytes, 0, 12);
            good.bytes[0] = QZMQ_RECORD;
            memcpy(good.bytes + 12, junk + 100, good.size - 12);
            CHECK_EQ(deliver(&r, session, &good), HR_QZMQ_BAD_RECORD);
            hr_qzmq_free(session);
            break;
        }
        refused++;
    }
    after = resident_bytes();
    CHECK_EQ(refused, count);
    check_one_through(&r, r.client, r.session); /* and who was talking still does */
    printf("%lu bad messages: resident %llu KiB after a tenth, %llu KiB at the end\n", count,
           (unsigned long long)before / 1024, (unsigned long long)after / 1024);
    CHECK(HR_SANITIZED || after <= before + (1u << 20) || before == 0);
    qzmq_rig_close(&r);
}
