/* regimes_test.c - are the five regimes what their files say: which orders there are, what becomes
 * of them, how large the book is, and where the middle goes? */
#include "engine-under-test/reference/reference.h"
#include "harness/config.h"
#include "harness/error.h"
#include "tests/test.h"

#include <math.h>

#define STEADY 1000000

static struct hr_flow_params preset(const char *name)
{
    struct hr_flow_params p;

    if (hr_config_preset(name, &p)) {
        FAIL("%s", hr_error());
    }
    return p;
}

struct book {
    uint64_t orders, levels;
    uint32_t price;
    uint8_t side;
};

static int visit(void *context, const struct eut_resting *r)
{
    struct book *book = context;

    book->orders++;
    book->levels += r->price != book->price || r->side != book->side;
    book->price = r->price;
    book->side = r->side;
    return 0;
}

/* The tape played again: the book after all of it, and between which prices it traded. */
static struct book play(const struct hr_tape *tape, uint32_t *lowest, uint32_t *highest)
{
    struct eut_limits limits = hr_flow_limits(&tape->params, 1);
    struct eut_event events[1024];
    struct eut_sink sink = {events, 0, 1024, NULL, NULL};
    struct book book = {0};
    void *self;

    *lowest = UINT32_MAX;
    *highest = 0;
    CHECK_EQ(eut_reference.create(&limits, &self), 0);
    for (uint64_t i = 0; i < tape->load + tape->steady; i++) {
        sink.count = 0;
        CHECK_EQ(eut_reference.submit(self, &tape->requests[i], 1, &sink), 0);
        for (uint32_t k = 0; k < sink.count; k++) {
            if (events[k].kind == EUT_TRADE) {
                *lowest = events[k].price < *lowest ? events[k].price : *lowest;
                *highest = events[k].price > *highest ? events[k].price : *highest;
            }
        }
    }
    CHECK_EQ(eut_reference.walk(self, 0, visit, &book), 0);
    eut_reference.destroy(self);
    return book;
}

static uint64_t immediate(const struct hr_tape *tape)
{
    uint64_t n = 0;

    for (uint64_t i = tape->load; i < tape->load + tape->steady; i++) {
        n += tape->requests[i].op == EUT_NEW && tape->requests[i].tif == EUT_IOC;
    }
    return n;
}

TEST(regimes, orders_are_the_leagues)
{
    static const struct {
        const char *name;
        double orders, levels, swing;
    } wanted[] = {
        {"static", 40500, 92, 0},   {"normal", 2600, 300, 0.02}, {"swing25", 1300, 970, 0.25},
        {"swing40", 690, 520, 0.4}, {"crash", 235, 180, -0.6},
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct hr_flow_params p = preset(wanted[i].name);
        uint32_t lowest, highest;
        struct hr_tape tape;

        CHECK_EQ(p.markets, 1);
        CHECK_NEAR(p.swing, wanted[i].swing, 1e-9);
        CHECK_EQ(hr_tape_record(&tape, &p, STEADY, &eut_reference, NULL, NULL), 0);

        const struct hr_flow_counts *c = &tape.counts;
        struct book book = play(&tape, &lowest, &highest);
        double news = (double)c->news, taken = (double)immediate(&tape);
        double ended = (double)(c->cancelled_by[EUT_USER] + c->cancelled_by[EUT_IOC_REST] +
                                c->cancelled_by[EUT_STP]);
        /* what the middle went in this part of its way, and what an order may lie beside it */
        double went = p.price_mid * fabs(p.swing) * STEADY / p.swing_requests;

        CHECK_NEAR(taken / news, 0.15, 0.005);
        CHECK_NEAR((double)c->replaces / (news - taken), 0.2, 0.006);
        CHECK_NEAR(ended / news, 0.95, 0.012);
        CHECK_EQ(c->rejected, c->rejected_by[EUT_UNKNOWN_ORDER]);
        CHECK((double)c->rejected < 0.003 * STEADY);
        CHECK_NEAR((double)book.orders, wanted[i].orders, 0.1 * wanted[i].orders);
        CHECK_NEAR((double)book.levels, wanted[i].levels, 0.12 * wanted[i].levels);
        CHECK((double)(highest - lowest) > 0.85 * went && highest - lowest < 1.15 * went + 30);
        hr_tape_free(&tape);
    }
}

/* There and back: after both ways the middle is where it was, but for its walk. */
TEST(regimes, a_swing_comes_back)
{
    struct hr_flow_params p = preset("crash");
    uint32_t lowest, highest;
    struct hr_tape tape, half;

    p.swing_requests = STEADY / 2;
    CHECK_EQ(hr_tape_record(&tape, &p, STEADY, &eut_reference, NULL, NULL), 0);
    CHECK_EQ(hr_tape_record(&half, &p, STEADY / 2, &eut_reference, NULL, NULL), 0);
    struct book book = play(&tape, &lowest, &highest);
    /* where it starts is scattered around price_mid */
    CHECK_NEAR((double)lowest / highest, 0.4, 0.02);
    CHECK_NEAR((double)book.price, (double)highest, 0.05 * highest);
    book = play(&half, &lowest, &highest);
    CHECK_NEAR((double)book.price, (double)lowest, 0.2 * lowest);
    hr_tape_free(&tape);
    hr_tape_free(&half);
}

TEST(regimes, a_middle_stays_inside_the_prices)
{
    struct hr_flow_params p = preset("crash");
    struct hr_tape tape;

    p.price_mid = 4 * p.levels + 64;
    p.swing = -0.95;
    p.swing_requests = 10000;
    CHECK_EQ(hr_tape_record(&tape, &p, 50000, &eut_reference, NULL, NULL), 0);
    CHECK_EQ(tape.counts.rejected_by[EUT_BAD_PRICE], 0);
    hr_tape_free(&tape);
    p.price_mid = EUT_PRICE_MAX - 4 * p.levels - 64;
    p.swing = 0.95;
    CHECK_EQ(hr_tape_record(&tape, &p, 50000, &eut_reference, NULL, NULL), 0);
    CHECK_EQ(tape.counts.rejected_by[EUT_BAD_PRICE], 0);
    hr_tape_free(&tape);
}

TEST(regimes, what_is_no_preset_is_refused)
{
    struct hr_flow_params p;

    CHECK(hr_config_preset("no-such", &p) < 0);
    CHECK(strstr(hr_error(), "no-such") != NULL);
}
