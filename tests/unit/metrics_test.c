/* What a server says of itself, read as strictly as Prometheus' text format is written down: every
 * family is told what it is, once and before its samples, a histogram adds up, labels are escaped.
 * Over HTTP the same bytes come, and who asks for something else, or says nothing that is HTTP,
 * gets none of them. The dashboard asks for nothing that is not there. */
#include "harness/metrics.h"

#include "harness/error.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAMILIES_MAX 64
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#define NAME_MAX_BYTES 96

static const char *const ports[] = {"tcp://127.0.0.1:5555", "unix:///a\\b\"c\nd"};

static struct hr_server_counts counts(void)
{
    struct hr_server_counts c = {
        .received = 30,
        .accepted = 28,
        .rejected = 2,
        .events = 44,
        .trades = 7,
        .batches = 3,
        .latency = {[0] = 5, [3] = 20, [HR_SERVER_BUCKETS - 1] = 5},
        .latency_ns = 123456789,
        .resident_bytes = UINT64_C(1) << 52,
        .port_count = 2,
        .ports = {{.port = 5555, .open = 3, .bytes_in = 1800}, {.refused = UINT64_MAX}}};

    return c;
}

static int write_page(void *context, FILE *out)
{
    hr_metrics_write(
        out, &(struct hr_metrics){
                 .counts = context, .engine = "reference", .ports = ports, .started_s = 1.7e9});
    return 0;
}

/* ---- a strict reader ------------------------------------------------------------------ */

struct page {
    char families[FAMILIES_MAX][NAME_MAX_BYTES], types[FAMILIES_MAX][16];
    int count;
    double bucket, le; /* the last bucket's */
    int samples;
};

static bool name_char(char c, bool first)
{
    return isalpha((unsigned char)c) || c == '_' || c == ':' ||
           (!first && isdigit((unsigned char)c));
}

static const char *take_name(const char *at, char *name)
{
    size_t n = 0;

    while (name_char(at[n], n == 0)) {
        n++;
    }
    CHECK(n > 0 && n < NAME_MAX_BYTES);
    memcpy(name, at, n);
    name[n] = '\0';
    return at + n;
}

/* {name="value",…}; *le: that label's, if it is there. */
static const char *take_labels(const char *at, double *le)
{
    *le = NAN;
    if (*at != '{') {
        return at;
    }
    do {
        char name[NAME_MAX_BYTES];
        const char *value;

        at = take_name(at + 1, name);
        CHECK(at[0] == '=' && at[1] == '"');
        value = at += 2;
        for (; *at != '"'; at++) {
            CHECK(*at && *at != '\n');
            if (*at == '\\') {
                at++;
                CHECK(*at == '\\' || *at == '"' || *at == 'n');
            }
        }
        if (strcmp(name, "le") == 0) {
            *le = strncmp(value, "+Inf\"", 5) == 0 ? INFINITY : strtod(value, NULL);
        }
        at++;
    } while (*at == ',');
    CHECK_EQ(*at, '}');
    return at + 1;
}

static void read_comment(struct page *p, const char *line)
{
    char name[NAME_MAX_BYTES];
    const char *at = take_name(line + 7, name);

    CHECK_EQ(*at, ' ');
    if (strncmp(line, "# HELP ", 7) == 0) {
        CHECK(p->count < FAMILIES_MAX);
        for (int i = 0; i < p->count; i++) {
            CHECK(strcmp(p->families[i], name) != 0); /* once */
        }
        CHECK(at[1] != '\0');
        strcpy(p->families[p->count], name);
        p->types[p->count++][0] = '\0';
        p->le = -1;
        p->bucket = 0;
        return;
    }
    CHECK_EQ(strncmp(line, "# TYPE ", 7), 0);
    CHECK_STR(p->families[p->count - 1], name);
    CHECK_STR(p->types[p->count - 1], "");
    CHECK(strcmp(at, " counter") == 0 || strcmp(at, " gauge") == 0 ||
          strcmp(at, " histogram") == 0);
    snprintf(p->types[p->count - 1], sizeof(p->types[0]), "%s", at + 1);
}

static void read_sample(struct page *p, const char *line)
{
    const char *family = p->families[p->count - 1], *type = p->types[p->count - 1], *tail;
    char name[NAME_MAX_BYTES], *end;
    double le, value;
    const char *at;

    CHECK(p->count > 0 && *type);
    at = take_labels(take_name(line, name), &le);
    CHECK_EQ(*at, ' ');
    value = strtod(at + 1, &end);
    CHECK(end > at + 1 && *end == '\0');
    CHECK_EQ(strncmp(name, family, strlen(family)), 0);
    tail = name + strlen(family);
    if (strcmp(type, "histogram") != 0) {
        CHECK_STR(tail, "");
        CHECK(strcmp(type, "counter") != 0 || strcmp(name + strlen(name) - 6, "_total") == 0);
    } else if (strcmp(tail, "_bucket") == 0) {
        CHECK(le > p->le && value >= p->bucket); /* in order, and cumulative */
        p->le = le;
        p->bucket = value;
    } else if (strcmp(tail, "_count") == 0) {
        CHECK(isinf(p->le) && value == p->bucket);
    } else {
        CHECK_STR(tail, "_sum");
    }
    p->samples++;
}

static void read_page(struct page *p, char *text)
{
    *p = (struct page){.count = 0};
    CHECK(*text && text[strlen(text) - 1] == '\n');
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        CHECK(end != NULL);
        *end = '\0';
        if (*line == '#') {
            read_comment(p, line);
        } else {
            read_sample(p, line);
        }
        *end = '\n';
    }
}

static char *page_text(void)
{
    struct hr_server_counts c = counts();
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);

    CHECK(out != NULL);
    write_page(&c, out);
    fclose(out);
    return text;
}

static const char *type_of(const struct page *p, const char *name)
{
    for (int i = 0; i < p->count; i++) {
        if (strcmp(p->families[i], name) == 0) {
            return p->types[i];
        }
    }
    return "";
}

TEST(metrics, read_strictly)
{
    struct page *p = calloc(1, sizeof(*p));
    char *text = page_text();

    read_page(p, text);
    CHECK_STR(type_of(p, "orders_total"), "counter");
    CHECK_STR(type_of(p, "trades_executed_total"), "counter");
    CHECK_STR(type_of(p, "order_latency_seconds"), "histogram");
    CHECK_STR(type_of(p, "memory_used_bytes"), "gauge");
    CHECK(strstr(text, "\norders_total{result=\"accepted\"} 28\n") != NULL);
    CHECK(strstr(text, "\ntrades_executed_total{status=\"success\"} 7\n") != NULL);
    CHECK(strstr(text, "\norder_latency_seconds_bucket{le=\"1e-06\"} 5\n") != NULL);
    CHECK(strstr(text, "\norder_latency_seconds_bucket{le=\"8e-06\"} 25\n") != NULL);
    CHECK(strstr(text, "\norder_latency_seconds_bucket{le=\"+Inf\"} 30\n") != NULL);
    CHECK(strstr(text, "\norder_latency_seconds_sum 0.123456789\n") != NULL);
    CHECK(strstr(text, "\nmemory_used_bytes{type=\"process\"} 4503599627370496\n") != NULL);
    CHECK(strstr(text, "{port=\"unix:///a\\\\b\\\"c\\nd\"} 18446744073709551615\n") != NULL);
    free(text);
    free(p);
}

/* ---- the dashboard ------------------------------------------------------------------------ */

/* Every word of an expression that could be a metric's name and is not PromQL's. */
static void check_expression(const struct page *p, const char *expression, int *used)
{
    static const char *const words[] = {
        "sum", "rate", "by", "le", "result", "status", "time", "increase", "histogram_quantile"};

    for (const char *at = expression; *at;) {
        char name[NAME_MAX_BYTES];
        bool known = false;
        size_t tail;

        if (*at == '$') { /* a variable of Grafana's */
            at++;
            while (name_char(*at, false)) {
                at++;
            }
            continue;
        }
        if (!name_char(*at, true)) {
            at += isdigit((unsigned char)*at) ? strspn(at, "0123456789.") : 1;
            continue;
        }
        at = take_name(at, name);
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            known = known || strcmp(name, words[i]) == 0;
        }
        for (int i = 0; i < p->count && !known; i++) {
            tail = strlen(p->families[i]);
            if (strncmp(name, p->families[i], tail) == 0 &&
                (name[tail] == '\0' ||
                 (strcmp(p->types[i], "histogram") == 0 &&
                  (strcmp(name + tail, "_bucket") == 0 || strcmp(name + tail, "_sum") == 0 ||
                   strcmp(name + tail, "_count") == 0)))) {
                known = true;
                used[i]++;
            }
        }
        if (!known) {
            FAIL("configs/grafana.json asks for %s in: %s", name, expression);
        }
    }
}

TEST(metrics, the_dashboard_shows_what_there_is)
{
    struct page *p = calloc(1, sizeof(*p));
    int used[FAMILIES_MAX] = {0};
    char *text = page_text();
    json_t *dashboard = json_load_file("configs/grafana.json", JSON_REJECT_DUPLICATES, NULL),
           *panel, *target;
    size_t i, k;

    read_page(p, text);
    CHECK(dashboard != NULL);
    json_array_foreach (json_object_get(dashboard, "panels"), i, panel) {
        CHECK_STR(json_string_value(json_object_get(panel, "type")), "timeseries");
        CHECK(json_array_size(json_object_get(panel, "targets")) > 0);
        json_array_foreach (json_object_get(panel, "targets"), k, target) {
            check_expression(p, json_string_value(json_object_get(target, "expr")), used);
        }
    }
    for (int f = 0; f < p->count; f++) {
        if (!used[f]) {
            FAIL("%s is exported and not on configs/grafana.json", p->families[f]);
        }
    }
    json_decref(dashboard);
    free(text);
    free(p);
}

/* ---- over HTTP --------------------------------------------------------------------------- */

/* What comes back for these bytes, until the server ends it or has nothing more to say; asked and
 * served in one thread. */
static size_t talk(struct hr_metrics_http *http, const char *request, size_t size, char *answer,
                   size_t room)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(hr_metrics_port(http)),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t at = 0, sent = 0;

    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int quiet = 0; quiet < 40 && at + 1 < room;) {
        ssize_t got, put = sent < size ? send(fd, request + sent, size - sent, MSG_NOSIGNAL) : 0;

        sent += put > 0 ? (size_t)put : 0;
        hr_metrics_run(http, 5);
        got = recv(fd, answer + at, room - 1 - at, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        at += got > 0 ? (size_t)got : 0;
        quiet = got > 0 || put > 0 ? 0 : quiet + 1;
    }
    close(fd);
    answer[at] = '\0';
    return at;
}

static void expect_status(struct hr_metrics_http *http, const char *request, const char *status)
{
    static char answer[1 << 16];

    talk(http, request, strlen(request), answer, sizeof(answer));
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0) {
        FAIL("%s for: %s", answer, request);
    }
    CHECK((strstr(answer, "orders_total") != NULL) ==
          (strcmp(status, "200") == 0 && *request == 'G'));
}

TEST(metrics, over_http)
{
    struct hr_server_counts c = counts();
    struct page *p = calloc(1, sizeof(*p));
    struct hr_metrics_http *http = NULL, *second = NULL;
    static char answer[1 << 16], rubbish[200000];
    const char *get = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char *body;

    if (hr_metrics_available()) {
        CHECK(strstr(hr_error(), "libmicrohttpd") != NULL);
        CHECK_EQ(hr_metrics_open(&http, "127.0.0.1", 0, write_page, &c), -ENOTSUP);
        SKIP("a build without libmicrohttpd");
    }
    CHECK_EQ(hr_metrics_open(&http, "127.0.0.1", 0, write_page, &c), 0);
    talk(http, get, strlen(get), answer, sizeof(answer));
    CHECK_EQ(strncmp(answer, "HTTP/1.1 200", 12), 0);
    CHECK(strstr(answer, "Content-Type: text/plain; version=0.0.4") != NULL);
    body = strstr(answer, "\r\n\r\n") + 4;
    read_page(p, body);
    CHECK(p->samples > 30);
    expect_status(http, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404");
    expect_status(http, "GET /metrics/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404");
    expect_status(http, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
                  "405");
    expect_status(http, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200");
    for (size_t i = 0; i < sizeof(rubbish); i++) {
        rubbish[i] = (char)(i * 2654435761u >> 13);
    }
    for (size_t size = 1; size < sizeof(rubbish); size = size * 7 + 1) {
        talk(http, rubbish, size, answer, sizeof(answer));
        CHECK(strstr(answer, "orders_total") == NULL);
    }
    expect_status(http, get, "200"); /* the others go on */
    CHECK(hr_metrics_open(&second, "127.0.0.1", hr_metrics_port(http), write_page, &c) < 0);
    CHECK(second == NULL && strstr(hr_error(), "cannot listen") != NULL);
    hr_metrics_close(http);
    free(p);
}
