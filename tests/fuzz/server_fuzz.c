/* server_fuzz.c - what comes off a connection, to the server that takes orders from it. The data
 * says who sends, how much, and whether it is bytes as they are or good orders with those bytes in
 * them, and how much room there is for the answers. Whatever comes: what is answered are events,
 * every order that was taken is answered once, and the counts add up. */
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/order_server.h"
#include "harness/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONNECTIONS 3u
#define IN_MAX 4096u
#define ROOM_MAX 512u
#define QUIET_ROUNDS 8 /* after the data: what waits is drained */

static void need(bool good)
{
    if (!good) {
        abort();
    }
}

/* ---- a link that is fed ---------------------------------------------------------------- */

static struct {
    struct hr_link base;
    const uint8_t *data;
    size_t size;
    int quiet;
    uint8_t in[CONNECTIONS][IN_MAX], out[ROOM_MAX];
    size_t end[CONNECTIONS], room;
    uint64_t next[CONNECTIONS], answered, asked;
} feed;

static int next_byte(void)
{
    return feed.size ? (feed.size--, *feed.data++) : 0;
}

static void more_bytes(uint32_t c, size_t n)
{
    for (; n && feed.size && feed.end[c] < IN_MAX; n--) {
        feed.in[c][feed.end[c]++] = (uint8_t)next_byte();
    }
}

/* A good order, numbered as it should be unless the data wants another number. */
static void more_order(uint32_t c, bool numbered)
{
    uint8_t *at = feed.in[c] + feed.end[c];
    struct eut_request request = {0};

    if (feed.end[c] + HR_WIRE_ORDER_BYTES > IN_MAX) {
        return;
    }
    request.op = "NCRQ?"[next_byte() % 5];
    request.order = (uint64_t)next_byte();
    request.market = (uint32_t)next_byte() % 3;
    request.price = (uint32_t)next_byte();
    request.qty = (uint32_t)next_byte();
    request.side = (uint8_t)next_byte();
    request.side = request.op == '?' || request.side & 4 ? request.side
                   : request.side & 1                    ? 'B'
                                                         : 'S';
    request.type = 'L';
    request.tif = (uint8_t) "DIFP"[next_byte() % 4];
    feed.next[c] += request.op != '?' && numbered;
    hr_wire_orders_put(at, &request, 1, c, numbered ? feed.next[c] : (uint64_t)next_byte(), 0);
    feed.end[c] += HR_WIRE_ORDER_BYTES;
}

static int feed_join(struct hr_link *link, bool server)
{
    (void)link;
    need(server);
    return 0;
}

static int feed_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    uint32_t n = 0;
    int what;

    (void)link;
    (void)wait_ms;
    if (!feed.size && feed.quiet++ == QUIET_ROUNDS) {
        return -ECANCELED;
    }
    what = next_byte();
    feed.room = feed.size ? (size_t)(what >> 5) * HR_WIRE_EVENT_BYTES : ROOM_MAX;
    if ((what & 0x1f) == 0x1f) {
        ready[n++] = (uint32_t)(next_byte() % CONNECTIONS) | HR_LINK_GONE;
    } else if (what & 1) {
        more_bytes((uint32_t)(what >> 1) % CONNECTIONS, (size_t)next_byte());
    } else if (feed.size) {
        more_order((uint32_t)(what >> 1) % CONNECTIONS, (what & 0x18) != 0x18);
    }
    for (uint32_t c = 0; c < CONNECTIONS && n < most; c++) {
        if (feed.end[c] && !(n && ready[0] == (c | HR_LINK_GONE))) {
            ready[n++] = c;
        }
    }
    return (int)n;
}

static size_t feed_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    (void)link;
    need(c < CONNECTIONS && used <= feed.end[c]);
    memmove(feed.in[c], feed.in[c] + used, feed.end[c] - used);
    feed.end[c] -= used;
    *at = feed.in[c];
    return feed.end[c];
}

static size_t feed_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    (void)link;
    need(c < CONNECTIONS && used <= feed.room && used % HR_WIRE_EVENT_BYTES == 0);
    for (size_t i = 0; i < used; i += HR_WIRE_EVENT_BYTES) {
        struct hr_wire_event event;

        need(hr_wire_event_get(feed.out + i, HR_WIRE_EVENT_BYTES, &event) == 0);
        feed.answered += event.last && event.kind != HR_WIRE_ASK;
        feed.asked += event.kind == HR_WIRE_ASK;
    }
    feed.room -= feed.size ? used : 0; /* at the end all is taken */
    *at = feed.out;
    return feed.room;
}

static void feed_close(struct hr_link *link, uint32_t c)
{
    (void)link;
    need(c < CONNECTIONS);
    feed.end[c] = 0;
    feed.next[c] = 0;
}

static const struct hr_link_ops feed_ops = {.name = "feed",
                                            .join = feed_join,
                                            .poll = feed_poll,
                                            .read = feed_read,
                                            .write = feed_write,
                                            .close = feed_close};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    struct hr_server_counts counts;
    struct eut_handle handle;
    struct hr_server_params params = {.link = &feed.base,
                                      .limits = {.struct_size = sizeof(struct eut_limits),
                                                 .markets = 2,
                                                 .batch_max = 16,
                                                 .orders = 64,
                                                 .levels = 64},
                                      .cpu = -1,
                                      .timed = true,
                                      .renew = true};

    memset(&feed, 0, sizeof(feed));
    feed.base = (struct hr_link){.ops = &feed_ops, .slots = CONNECTIONS};
    feed.data = data;
    feed.size = size;
    if (!begun) {
        hr_clock_init();
        begun = true;
    }
    need(eut_open(&handle, "oracle") == 0);
    params.engine = handle.engine;
    need(hr_server_run(&params, -1, &counts) == -ECANCELED);
    need(counts.received == counts.accepted + counts.rejected);
    need(feed.answered <= counts.received);
    /* What nobody took is what was for connections that ended. */
    need(counts.cut + counts.ended > 0 || feed.answered == counts.received);
    need(counts.bad <= counts.cut);
    eut_close(&handle);
    return 0;
}
