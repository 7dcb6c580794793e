/*
 * metrics_http.c - who asks for the metrics, and how much may he cost?
 *
 * libmicrohttpd does HTTP; it has no thread here, and works while run() is called. Connections,
 * their memory and their time are bounded. A page is made when it is asked for.
 */
#include "harness/metrics.h"

#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HR_HAVE_MICROHTTPD

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 32u
#define CONNECTION_BYTES_MAX 16384u
#define CONNECTION_S 10u

struct hr_metrics_http {
    struct MHD_Daemon *daemon;
    hr_metrics_page page;
    void *context;
    uint16_t port;
};

int hr_metrics_available(void)
{
    return 0;
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, char *text,
                             size_t size, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, text, mode);
    enum MHD_Result result;

    if (!response) {
        if (mode == MHD_RESPMEM_MUST_FREE) {
            free(text);
        }
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type",
                            status == MHD_HTTP_OK ? "text/plain; version=0.0.4; charset=utf-8"
                                                  : "text/plain; charset=utf-8");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    }
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *words)
{
    char text[128];
    int n = snprintf(text, sizeof(text), "%s\n", words);

    return reply(connection, status, text, (size_t)n, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct hr_metrics_http *http = context;
    char *text = NULL;
    size_t size = 0;
    FILE *page;
    int rc;

    (void)version;
    (void)upload;
    if (*upload_size) {
        *upload_size = 0; /* nobody wants it */
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        if (!*state) {
            *state = http; /* it is told when all was uploaded */
            return MHD_YES;
        }
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET");
    }
    if (strcmp(url, "/metrics") != 0) {
        return say(connection, MHD_HTTP_NOT_FOUND, "there is /metrics");
    }
    page = open_memstream(&text, &size);
    rc = page ? http->page(http->context, page) : -ENOMEM;
    if ((page && fclose(page)) || rc) {
        free(text);
        return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the server does not answer");
    }
    return reply(connection, MHD_HTTP_OK, text, size, MHD_RESPMEM_MUST_FREE);
}

static void be_quiet(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static int start(struct hr_metrics_http *http, const struct sockaddr *address, const char *host,
                 uint16_t port)
{
    unsigned flags = MHD_USE_AUTO | (address->sa_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    const union MHD_DaemonInfo *info;

    errno = 0;
    http->daemon = MHD_start_daemon(
        flags, port, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, be_quiet, NULL,
        MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S, MHD_OPTION_END);
    if (!http->daemon) {
        int err = errno;

        return hr_fail(
            err ? err : EADDRINUSE,
            "cannot listen on %s:%u for metrics%s%s; ADDR:PORT chooses another, off none", host,
            port, err ? ": " : "", err ? strerror(err) : "");
    }
    info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    http->port = info ? info->port : port;
    return 0;
}

int hr_metrics_open(struct hr_metrics_http **out, const char *host, uint16_t port,
                    hr_metrics_page page, void *context)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found;
    char number[8];
    int rc;

    *out = NULL;
    snprintf(number, sizeof(number), "%u", port);
    rc = getaddrinfo(host, number, &hints, &found);
    if (rc) {
        return hr_fail(EHOSTUNREACH, "no address of %s for metrics: %s", host, gai_strerror(rc));
    }
    *out = calloc(1, sizeof(**out));
    rc = *out ? 0 : hr_fail(ENOMEM, "no memory for metrics");
    if (rc == 0) {
        **out = (struct hr_metrics_http){.page = page, .context = context};
        rc = start(*out, found->ai_addr, host, port);
    }
    freeaddrinfo(found);
    if (rc) {
        hr_metrics_close(*out);
        *out = NULL;
    }
    return rc;
}

uint16_t hr_metrics_port(const struct hr_metrics_http *http)
{
    return http->port;
}

void hr_metrics_run(struct hr_metrics_http *http, int wait_ms)
{
    MHD_run_wait(http->daemon, wait_ms);
}

void hr_metrics_close(struct hr_metrics_http *http)
{
    if (http && http->daemon) {
        MHD_stop_daemon(http->daemon);
    }
    free(http);
}

#else

static int absent(void)
{
    return hr_fail(ENOTSUP,
                   "this build has no metrics: libmicrohttpd was not there when it was made "
                   "(scripts/bootstrap brings it)");
}

int hr_metrics_available(void)
{
    return absent();
}

int hr_metrics_open(struct hr_metrics_http **http, const char *host, uint16_t port,
                    hr_metrics_page page, void *context)
{
    (void)host;
    (void)port;
    (void)page;
    (void)context;
    *http = NULL;
    return absent();
}

uint16_t hr_metrics_port(const struct hr_metrics_http *http)
{
    (void)http;
    return 0;
}

void hr_metrics_run(struct hr_metrics_http *http, int wait_ms)
{
    (void)http;
    (void)wait_ms;
}

void hr_metrics_close(struct hr_metrics_http *http)
{
    (void)http;
}

#endif
