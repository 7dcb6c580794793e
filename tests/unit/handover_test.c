/* handover_test.c - does the second thread read every event that an engine makes, and is the answer
 * the one that the oracle gives? */
#include "harness/error.h"
#include "harness/flow.h"
#include "harness/handover.h"
#include "tests/unit/engine_rig.h"

static struct hr_tape tape_of(uint32_t markets)
{
    struct hr_flow_params p;
    struct hr_tape tape;

    hr_flow_defaults(&p);
    p.markets = markets;
    p.crossing = 0.3;
    if (hr_tape_record(&tape, &p, 40000, engine_named("oracle"), NULL, NULL)) {
        FAIL("%s", hr_error());
    }
    return tape;
}

static struct hr_handover *drive(const char *name, const struct hr_tape *tape, bool consumed,
                                 struct hr_drive_sum *load, struct hr_drive_sum *steady)
{
    struct hr_handover *h;
    struct hr_handover_params params = {.engine = engine_named(name),
                                        .limits = hr_flow_limits(&tape->params, 1),
                                        .consumed = consumed,
                                        .cpu = -1};

    CHECK_EQ(hr_handover_open(&h, &params), 0);
    CHECK_EQ(hr_handover_drive(h, tape->requests, tape->load, load), 0);
    CHECK_EQ(hr_handover_drive(h, tape->requests + tape->load, tape->steady, steady), 0);
    return h;
}

TEST(handover, every_event_is_read)
{
    struct hr_tape tape = tape_of(1);
    const struct hr_flow_counts *c = &tape.counts;
    struct hr_drive_sum load, read, unread;
    struct hr_handover *h = drive("reference", &tape, true, &load, &read);

    CHECK_EQ(load.requests, tape.load);
    CHECK_EQ(load.events, tape.load);
    CHECK_EQ(read.requests, tape.steady);
    CHECK_EQ(read.events, c->trades + c->accepted + c->cancelled + c->rejected);
    CHECK_EQ(read.trades, c->trades);
    CHECK_EQ(hr_handover_digest(h), tape.digest);
    CHECK_EQ(hr_handover_digest_read(h), tape.digest);
    hr_handover_close(h);

    h = drive("reference", &tape, false, &load, &unread);
    CHECK_EQ(unread.events, read.events);
    CHECK_EQ(hr_handover_digest(h), tape.digest);
    CHECK_EQ(hr_handover_digest_read(h), 0);
    hr_handover_close(h);
    hr_tape_free(&tape);
}

/* Events name no market, so their fold is an engine's digest for one market only. */
TEST(handover, several_markets_are_counted)
{
    struct hr_tape tape = tape_of(7);
    struct hr_drive_sum load, read;
    struct hr_handover *h = drive("reference", &tape, true, &load, &read);

    CHECK_EQ(read.trades, tape.counts.trades);
    CHECK_EQ(hr_handover_digest(h), tape.digest);
    hr_handover_close(h);
    hr_tape_free(&tape);
}

TEST(handover, what_cannot_start_is_refused)
{
    struct hr_handover *h;
    struct hr_handover_params params = {
        .engine = engine_named("reference"), .consumed = true, .cpu = -1};

    CHECK(hr_handover_open(&h, &params) < 0);
    CHECK(h == NULL);
    CHECK(*hr_error());
    hr_handover_close(NULL);
}
