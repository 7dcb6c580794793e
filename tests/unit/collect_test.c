/* collect_test.c - does collecting keep every event, and does it notice an engine without manners?
 */
#include "engine-under-test/loader.h"
#include "engine-under-test/collect.h"
#include "harness/error.h"
#include "tests/test.h"

#include <errno.h>
#include <stdint.h>

enum manners { BEYOND_THE_ROOM, OUTSIDE_THE_BATCH, OUT_OF_ORDER, FAILS, FAILS_WITHOUT_ERRNO };
static enum manners manners;

static int submit_badly(void *self, const struct eut_request *requests, uint32_t count,
                        struct eut_sink *sink)
{
    (void)self, (void)requests;
    switch (manners) {
    case BEYOND_THE_ROOM:
        memset(&sink->events[sink->room], 0, sizeof(*sink->events));
        sink->count = 1;
        sink->events[0] = (struct eut_event){.kind = EUT_ACCEPTED};
        return 0;
    case OUTSIDE_THE_BATCH:
        sink->events[sink->count++] = (struct eut_event){.kind = EUT_ACCEPTED, .request = count};
        return 0;
    case OUT_OF_ORDER:
        sink->events[sink->count++] = (struct eut_event){.kind = EUT_ACCEPTED, .request = 1};
        sink->events[sink->count++] = (struct eut_event){.kind = EUT_ACCEPTED, .request = 0};
        return 0;
    case FAILS:
        return -EIO;
    default:
        return 1;
    }
}

TEST(collect, bad_manners_are_noticed)
{
    static const struct {
        enum manners manners;
        int rc;
        const char *says;
    } cases[] = {
        {BEYOND_THE_ROOM, -EPROTO, "beyond the sink's room of 64"},
        {OUTSIDE_THE_BATCH, -EPROTO, "in a batch of 2"},
        {OUT_OF_ORDER, -EPROTO, "request 0 after one for request 1"},
        {FAILS, -EIO, "submit() failed"},
        {FAILS_WITHOUT_ERRNO, -EPROTO, "submit() failed"},
    };
    struct eut_engine rude = eut_null;
    struct eut_request requests[2] = {{0}, {0}};

    rude.submit = submit_badly;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct eut_events events = {0};

        manners = cases[i].manners;
        hr_error_clear();
        CHECK_EQ(eut_collect(&rude, NULL, requests, 2, 2, EUT_SINK_ROOM_MIN, &events), cases[i].rc);
        if (!strstr(hr_error(), cases[i].says)) {
            FAIL("%s", hr_error());
        }
        eut_events_free(&events);
    }
}

/* Two calls, batches of 3, a sink that is flushed on the way: positions count from the first
 * request. */
TEST(collect, positions_run_on_over_batches_and_calls)
{
    struct eut_limits limits = {.struct_size = sizeof(limits),
                                .markets = 1,
                                .batch_max = 200,
                                .orders = 1000,
                                .levels = 1000};
    static struct eut_request requests[400];
    struct eut_events events = {0};
    struct eut_book book = {0};
    uint64_t digest;
    void *self;

    for (uint32_t i = 0; i < 400; i++) {
        requests[i] = (struct eut_request){.order = i + 1,
                                           .price = 1 + i % 7,
                                           .qty = 1,
                                           .op = EUT_NEW,
                                           .side = EUT_BUY,
                                           .type = EUT_LIMIT,
                                           .tif = EUT_DAY};
    }
    CHECK_EQ(eut_oracle.create(&limits, &self), 0);
    CHECK_EQ(eut_collect(&eut_oracle, self, requests, 100, 3, EUT_SINK_ROOM_MIN, &events), 0);
    CHECK_EQ(eut_collect(&eut_oracle, self, requests + 100, 300, 200, EUT_SINK_ROOM_MIN, &events),
             0);
    CHECK_EQ(events.count, 400);
    for (uint32_t i = 0; i < 400; i++) {
        CHECK_EQ(events.at[i].request, i);
        CHECK_EQ(events.at[i].order, i + 1);
    }
    CHECK_EQ(eut_events_digest(requests, &events, 1, &digest), 0);
    CHECK(digest == eut_oracle.digest(self) && digest != 0);
    CHECK_EQ(eut_book_read(&eut_oracle, self, 0, &book), 0);
    CHECK_EQ(book.count, 400);
    CHECK_EQ(book.at[0].price, 7);
    eut_oracle.destroy(self);
    eut_events_free(&events);
    eut_book_free(&book);
}
