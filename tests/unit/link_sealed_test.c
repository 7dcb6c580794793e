/* link_sealed_test.c - a sealed link with somebody on the wire: he sees no order, what he changes
 * ends that connection and no other, and strangers on the port are nobody's trouble. */
#include "harness/link_sealed.h"

#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/order_net.h"
#include "harness/qzmq.h"
#include "harness/wire.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MARKETS 3u
#define ORDERS 6000u
#define BATCH 50u
#define NOBODY UINT32_MAX

extern const struct hr_link_ops hr_link_tcp, hr_link_qtcp;

/* ---- who sits on the client's side of the wire -------------------------------------------- */

static struct {
    struct hr_link_ops ops; /* tcp, with this write */
    uint64_t bytes, records, clear;
    uint32_t victim; /* whose record is changed */
    uint64_t at_record;
} tap;

static size_t tap_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    static uint8_t *span;

    for (size_t i = 0; i + 4 <= used; i++) {
        tap.clear += memcmp(span + i, "HRO1", 4) == 0;
    }
    tap.bytes += used;
    if (used == 4 + BATCH * HR_WIRE_ORDER_BYTES + HR_QZMQ_OVERHEAD_BYTES) {
        tap.records++;
        if (c == tap.victim && tap.records >= tap.at_record) {
            span[used / 2] ^= 1;
            tap.victim = NOBODY;
        }
    }
    used = hr_link_tcp.write(link, c, used, at);
    span = *at;
    return used;
}

static int tap_listen(struct hr_link **link, const struct hr_link_params *params)
{
    return hr_link_sealed_listen(link, params, &tap.ops, true);
}

/* ---- orders that all rest ------------------------------------------------------------------- */

static struct eut_request *orders(void)
{
    struct eut_request *all = calloc(ORDERS, sizeof(*all));

    for (uint32_t i = 0; i < ORDERS; i++) {
        all[i] = (struct eut_request){.order = i + 1,
                                      .market = i % MARKETS,
                                      .price = 100 + i % 13,
                                      .qty = 1,
                                      .op = EUT_NEW,
                                      .side = EUT_SELL,
                                      .type = EUT_LIMIT,
                                      .tif = EUT_DAY};
    }
    return all;
}

static void open_net_of(struct hr_net *net, const struct hr_link_ops *ops, uint32_t clients)
{
    struct eut_handle handle;

    hr_clock_init();
    CHECK_EQ(eut_open(&handle, "reference"), 0);
    if (hr_net_open(net, &(struct hr_net_params){
                             .ops = ops,
                             .engine = handle.engine,
                             .limits = {.struct_size = sizeof(struct eut_limits),
                                        .markets = MARKETS,
                                        .batch_max = ORDERS,
                                        .orders = ORDERS,
                                        .levels = ORDERS},
                             .link = {.clients = clients, .congestion = "", .hwm = 1000},
                             .batch = BATCH,
                             .window = 4 * BATCH,
                             .server_cpu = -1})) {
        FAIL("%s", hr_error());
    }
}

static void open_net(struct hr_net *net, const struct hr_link_ops *ops)
{
    open_net_of(net, ops, MARKETS);
}

static int drive(struct hr_net *net, const struct eut_request *requests)
{
    struct hr_net_cut cut;
    uint64_t ns;
    int rc;

    CHECK_EQ(hr_net_cut(&cut, requests, ORDERS, MARKETS), 0);
    rc = hr_clients_drive(
        net->clients,
        &(struct hr_clients_run){.tapes = cut.tapes, .batch = BATCH, .lost_after_ms = 20000}, &ns);
    hr_net_cut_free(&cut);
    return rc;
}

static void tapped(struct hr_link_ops *sealed, uint32_t victim)
{
    memset(&tap, 0, sizeof(tap));
    tap.ops = hr_link_tcp;
    tap.ops.write = tap_write;
    tap.victim = victim;
    tap.at_record = 30;
    *sealed = hr_link_qtcp;
    sealed->listen = tap_listen;
}

TEST(link_sealed, no_order_is_seen_on_the_wire)
{
    struct eut_request *requests = orders();
    struct hr_link_ops sealed;
    struct hr_net net;

    if (hr_link_qtcp.available()) {
        SKIP("no OpenSSL 3.5");
    }
    tapped(&sealed, NOBODY);
    open_net(&net, &sealed);
    CHECK_EQ(drive(&net, requests), 0);
    CHECK_EQ(hr_clients_counts(net.clients)->acked, ORDERS);
    CHECK_EQ(tap.records, ORDERS / BATCH);
    CHECK(tap.bytes > ORDERS * HR_WIRE_ORDER_BYTES); /* all went past the tap … */
    CHECK_EQ(tap.clear, 0);                          /* … which saw none of it */
    hr_net_close(&net);

    tapped(&sealed, NOBODY); /* and of the same link without a seal it sees all: the test sees */
    open_net(&net, &tap.ops);
    CHECK_EQ(drive(&net, requests), 0);
    CHECK_EQ(tap.clear, ORDERS);
    hr_net_close(&net);
    free(requests);
}

TEST(link_sealed, a_changed_bit_ends_that_connection_and_no_other)
{
    struct eut_request *requests = orders();
    struct hr_server_counts served;
    struct hr_link_ops sealed;
    struct hr_net net;
    int64_t got = 1;

    if (hr_link_qtcp.available()) {
        SKIP("no OpenSSL 3.5");
    }
    tapped(&sealed, 1);
    open_net(&net, &sealed);
    CHECK_EQ(drive(&net, requests), -EPIPE);
    CHECK(strstr(hr_error(), "client 1") != NULL);
    /* The others: what they have on its way is answered, and more. */
    CHECK_EQ(hr_client_send(net.clients, 1, requests, 1), -EPIPE);
    for (int k = 0;
         k < 20000 && (hr_client_in_flight(net.clients, 0) || hr_client_in_flight(net.clients, 2));
         k++) {
        got = hr_clients_receive(net.clients, NULL, NULL);
        CHECK(got >= 0);
        usleep(1000);
    }
    for (uint32_t c = 0; c < 3; c += 2) {
        struct eut_request one = {.order = ORDERS + c + 1, .market = c, .op = EUT_CANCEL};

        CHECK_EQ(hr_client_in_flight(net.clients, c), 0);
        CHECK_EQ(hr_client_send(net.clients, c, &one, 1), 1);
        for (int k = 0; k < 20000 && hr_client_in_flight(net.clients, c); k++) {
            CHECK(hr_clients_receive(net.clients, NULL, NULL) >= 0);
            usleep(1000);
        }
        CHECK_EQ(hr_client_in_flight(net.clients, c), 0);
    }
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK_EQ(served.ended + served.cut, 1);
    hr_net_close(&net);
    free(requests);
}

/* More of them than a call of poll() can name; nobody reads, and every one is told in its turn. */
TEST(link_sealed, the_unread_do_not_keep_others_from_being_told)
{
    enum { MANY = 70, MOST = 64 };
    struct eut_request one = {.order = 1, .op = EUT_CANCEL};
    uint64_t until_ns;
    bool told[MANY] = {false};
    struct hr_net net;
    int left = MANY;

    if (hr_link_qtcp.available()) {
        SKIP("no OpenSSL 3.5");
    }
    open_net_of(&net, &hr_link_qtcp, MANY);
    for (uint32_t c = 0; c < MANY; c++) {
        CHECK_EQ(hr_client_send(net.clients, c, &one, 1), 1);
    }
    until_ns = hr_clock_ns() + UINT64_C(20000000000);
    while (left && hr_clock_ns() < until_ns) {
        uint32_t ready[MOST];
        int n = net.link->ops->poll(net.link, ready, MOST, 1);

        CHECK(n >= 0);
        for (int i = 0; i < n; i++) {
            CHECK(ready[i] < MANY);
            left -= !told[ready[i]];
            told[ready[i]] = true;
        }
    }
    CHECK_EQ(left, 0);
    hr_net_close(&net);
}

/* ---- strangers on the port ---------------------------------------------------------------------
 */

static int stranger(const struct hr_net *net, const void *bytes, size_t size)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(net->link->facts.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(fd >= 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    CHECK_EQ(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    return fd;
}

static bool ended(int fd)
{
    char bytes[256];
    ssize_t got;

    while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
    }
    return got == 0 || errno == ECONNRESET;
}

TEST(link_sealed, strangers_are_cut_off_and_the_others_go_on)
{
    static uint8_t bytes[4 + HR_QZMQ_HELLO_BYTES];
    struct eut_request *requests = orders(), one = {.order = 1, .op = EUT_CANCEL};
    const uint32_t hello = HR_QZMQ_HELLO_BYTES, huge = 0xFFFFFFFF, order = HR_WIRE_ORDER_BYTES;
    struct hr_server_counts served;
    struct hr_net net;
    int fd;

    if (hr_link_qtcp.available()) {
        SKIP("no OpenSSL 3.5");
    }
    open_net(&net, &hr_link_qtcp);
    for (int k = 0; k < 40; k++) { /* more than there are places for strangers at one time */
        memset(bytes, k, sizeof(bytes));
        memcpy(bytes, &hello, sizeof(hello));
        switch (k % 4) {
        case 0: /* no HELLO */
            break;
        case 1: /* a cookie that is made up */
            memcpy(bytes + 4, "\x01\x01\x01\x00", 4);
            break;
        case 2: /* a length that no message has */
            memcpy(bytes, &huge, sizeof(huge));
            break;
        default: /* an order in clear, as if there were no seal: never a weaker way */
            memcpy(bytes, &order, sizeof(order));
            hr_wire_orders_put(bytes + 4, &one, 1, 0, 1, 0);
            break;
        }
        fd = stranger(&net, bytes, k % 4 == 3 ? 4 + order : sizeof(bytes));
        CHECK(ended(fd));
        close(fd);
    }
    memset(bytes, 0, sizeof(bytes)); /* one that asks for a cookie, and stays */
    memcpy(bytes, &hello, sizeof(hello));
    memcpy(bytes + 4, "\x01\x01\x01\x00", 4);
    fd = stranger(&net, bytes, sizeof(bytes));
    CHECK_EQ(recv(fd, bytes, sizeof(bytes), 0), 4 + HR_QZMQ_RETRY_BYTES);
    CHECK_EQ(drive(&net, requests), 0);
    CHECK_EQ(hr_clients_counts(net.clients)->acked, ORDERS);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK_EQ(served.received, ORDERS); /* nothing of a stranger's reached the engine */
    close(fd);
    hr_net_close(&net);
    free(requests);
}

/* ---- who begins, and does not go on ------------------------------------------------------------
 */

static void tell(int fd, const uint8_t *message, uint32_t size)
{
    uint8_t bytes[4 + HR_QZMQ_HANDSHAKE_MAX];

    memcpy(bytes, &size, sizeof(size));
    memcpy(bytes + 4, message, size);
    CHECK_EQ(send(fd, bytes, 4 + size, MSG_NOSIGNAL), (ssize_t)(4 + size));
}

static uint32_t hear(int fd, uint8_t *message)
{
    uint32_t size;

    CHECK_EQ(recv(fd, &size, sizeof(size), MSG_WAITALL), (ssize_t)sizeof(size));
    CHECK(size <= HR_QZMQ_HANDSHAKE_MAX);
    CHECK_EQ(recv(fd, message, size, MSG_WAITALL), (ssize_t)size);
    return size;
}

/* Somebody whom nobody knows, which he tells only at the end: he stops after so many messages. */
static int half_a_handshake(const struct hr_net *net, int messages)
{
    uint8_t in[HR_QZMQ_HANDSHAKE_MAX], out[HR_QZMQ_HANDSHAKE_MAX], key[HR_VERIFY_KEY_BYTES];
    struct timeval patience = {.tv_sec = 30};
    size_t size = HR_QZMQ_HELLO_BYTES;
    struct hr_sign_key *own;
    struct hr_qzmq *session;
    int fd;

    CHECK_EQ(hr_sign_key_new(&own), 0);
    hr_sign_key_public(own, key);
    CHECK_EQ(hr_qzmq_connect(&session, own, key, NULL, hr_clock_ns(), out), 0);
    fd = stranger(net, out, 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    for (int i = 0; i < messages; i++) {
        tell(fd, out, (uint32_t)size);
        uint32_t got = hear(fd, in);

        if (i + 1 < messages) {
            CHECK_EQ(hr_qzmq_step(session, hr_clock_ns(), in, got, out, &size), HR_QZMQ_FINE);
        }
    }
    hr_qzmq_free(session);
    hr_sign_key_free(own);
    return fd;
}

/* Of whom nothing is known two seconds, whose handshake cost a signature ten: none for ever. */
TEST(link_sealed, half_a_handshake_is_given_up)
{
    uint64_t began_ns;
    struct hr_net net;
    int asked, welcomed;

    if (hr_link_qtcp.available() || HR_ONE_PROCESS) {
        SKIP("no OpenSSL 3.5, or others would have to wait");
    }
    open_net(&net, &hr_link_qtcp);
    welcomed = half_a_handshake(&net, 2);
    asked = half_a_handshake(&net, 1);
    began_ns = hr_clock_ns();
    CHECK(ended(asked));
    CHECK(hr_clock_ns() - began_ns > UINT64_C(1000000000));
    CHECK(ended(welcomed));
    CHECK(hr_clock_ns() - began_ns > HR_QZMQ_HANDSHAKE_NS - UINT64_C(2000000000));
    close(asked);
    close(welcomed);
    hr_net_close(&net);
}
