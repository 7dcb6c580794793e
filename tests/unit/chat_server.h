/*
 * chat_server.h - a server of a language model that has none: for tests, in a process of its own,
 * on a port of loopback that nobody had. It answers requests one after the other, each as its mode
 * says: well, late, wrongly or not at all.
 */
#ifndef HR_CHAT_SERVER_H
#define HR_CHAT_SERVER_H

#include "tests/test.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHAT_FIRST_MS 20
#define CHAT_PIECE_MS 2
#define CHAT_PIECES 8 /* of two tokens each, by its own count */
#define CHAT_KEY "open-sesame-4711"

enum chat_mode {
    CHAT_GOOD,
    CHAT_WANTS_KEY, /* good, for who has it */
    CHAT_NO_USAGE,
    CHAT_ONE_PIECE,
    CHAT_BREAKS_OFF,
    CHAT_ERROR_WITHIN,
    CHAT_NONSENSE,
    CHAT_REDIRECTS,
    CHAT_SILENT,
};

struct chat_server {
    pid_t pid;
    int port;
};

static inline void chat_wait(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static inline void chat_say(int fd, const char *text)
{
    for (size_t at = 0, length = strlen(text); at < length;) {
        ssize_t sent = send(fd, text + at, length - at, MSG_NOSIGNAL);

        if (sent <= 0) {
            _exit(0);
        }
        at += (size_t)sent;
    }
}

/* A chunk of a chunked answer. */
static inline void chat_chunk(int fd, const char *text)
{
    char head[32];

    snprintf(head, sizeof(head), "%zx\r\n", strlen(text));
    chat_say(fd, head);
    chat_say(fd, text);
    chat_say(fd, "\r\n");
}

static inline void chat_stream(int fd, enum chat_mode mode)
{
    int pieces = mode == CHAT_ONE_PIECE ? 1 : CHAT_PIECES;

    chat_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n");
    chat_chunk(fd, ": hello\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n");
    chat_wait(CHAT_FIRST_MS);
    for (int i = 0; i < pieces; i++) {
        chat_chunk(fd, "data: {\"choices\":[{\"delta\":{\"content\":\"so it is\"},"
                       "\"finish_reason\":null}]}\n\n");
        chat_wait(CHAT_PIECE_MS);
        if (i == 3 && mode == CHAT_BREAKS_OFF) {
            chat_say(fd, "0\r\n\r\n");
            return;
        }
        if (i == 3 && mode == CHAT_ERROR_WITHIN) {
            chat_chunk(fd, "data: {\"error\":{\"message\":\"out of \\u0007memory\"}}\n\n");
        }
    }
    if (mode == CHAT_NONSENSE) {
        chat_chunk(fd, "data: {\"choices\":[{]}\n\n");
    }
    if (mode != CHAT_NO_USAGE) {
        chat_chunk(fd, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":70,"
                       "\"completion_tokens\":16}}\n\n");
    }
    chat_chunk(fd, "data: [DONE]\n\n");
    chat_say(fd, "0\r\n\r\n");
}

/* The rest of a request after its head, by its Content-Length; false at the connection's end. */
static inline int chat_request(int fd, char *head, size_t size)
{
    size_t used = 0, length = 0;
    char *end = NULL, byte, *field;

    while (!end) {
        if (used + 1 == size || recv(fd, &byte, 1, 0) != 1) {
            return 0;
        }
        head[used++] = byte;
        head[used] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    field = strstr(head, "Content-Length: ");
    length = field ? strtoul(field + 16, NULL, 10) : 0;
    while (length--) {
        if (recv(fd, &byte, 1, 0) != 1) {
            return 0;
        }
    }
    return 1;
}

static inline void chat_serve(int listening, enum chat_mode mode)
{
    static const char denied[] = "{\"error\":{\"message\":\"who are you?\"}}";
    char head[4096], answer[256];

    for (;;) {
        int fd = accept(listening, NULL, NULL);

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        while (fd >= 0 && chat_request(fd, head, sizeof(head))) {
            if (!strstr(head, "POST /v1/chat/completions HTTP/1.1\r\n")) {
                chat_say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            } else if (mode == CHAT_SILENT) {
                chat_wait(60000);
            } else if (mode == CHAT_REDIRECTS) {
                chat_say(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\n"
                             "Content-Length: 0\r\n\r\n");
            } else if (mode == CHAT_WANTS_KEY &&
                       !strstr(head, "Authorization: Bearer " CHAT_KEY "\r\n")) {
                snprintf(answer, sizeof(answer),
                         "HTTP/1.1 401 Unauthorized\r\nContent-Length: %zu\r\n\r\n%s",
                         strlen(denied), denied);
                chat_say(fd, answer);
            } else {
                chat_stream(fd, mode);
            }
        }
        close(fd);
    }
}

static inline void chat_server_start(struct chat_server *server, enum chat_mode mode)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);
    int listening = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(listening >= 0);
    CHECK_EQ(bind(listening, (struct sockaddr *)&in, sizeof(in)), 0);
    CHECK_EQ(listen(listening, 4), 0);
    CHECK_EQ(getsockname(listening, (struct sockaddr *)&in, &size), 0);
    server->port = ntohs(in.sin_port);
    fflush(NULL);
    server->pid = fork();
    CHECK(server->pid >= 0);
    if (server->pid == 0) {
        chat_serve(listening, mode);
    }
    close(listening);
}

static inline void chat_server_stop(struct chat_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

#endif
