/*
 * ranks_life.c - which rank died first? Connections that only close, and a witness that waits for
 * it.
 *
 * It cannot see a rank that hangs: whoever waits for an answer has a time limit for that.
 */
#include "harness/ranks_life.h"

#include "harness/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 2000
#define FOLDER_MAX 1024

/* What rank 0 and its witness both see. */
struct page {
    atomic_int lost; /* the first rank that was gone, or -1 */
    char folder[FOLDER_MAX];
};

struct hello {
    uint64_t token;
    int32_t rank;
    int32_t reserved;
};

struct hr_life {
    int size;
    uint64_t token;
    int listening, fd; /* of rank 0; of another rank: its connection */
    int *fds;          /* rank 0: of each rank, -1 none */
    struct page *page;
    int goodbye; /* the end of a pipe that the witness reads */
    pid_t witness;
    unsigned looks;
};

static struct hr_life *life_new(int size)
{
    struct hr_life *life = calloc(1, sizeof(*life));

    if (life) {
        life->size = size;
        life->listening = life->fd = life->goodbye = -1;
        life->fds = malloc((size_t)size * sizeof(*life->fds));
    }
    if (!life || !life->fds) {
        free(life);
        hr_fail(ENOMEM, "no memory for the ranks' connections");
        return NULL;
    }
    for (int i = 0; i < size; i++) {
        life->fds[i] = -1;
    }
    return life;
}

static void close_all(struct hr_life *life)
{
    for (int i = 0; i < life->size; i++) {
        if (life->fds[i] >= 0) {
            close(life->fds[i]);
        }
    }
    if (life->listening >= 0) {
        close(life->listening);
    }
    if (life->fd >= 0) {
        close(life->fd);
    }
    if (life->goodbye >= 0) {
        close(life->goodbye);
    }
}

static uint64_t random_token(void)
{
    uint64_t token = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (read(fd, &token, sizeof(token)) != (ssize_t)sizeof(token)) {
            token = 0;
        }
        close(fd);
    }
    return token ? token : (uint64_t)getpid() * 0x9E3779B97F4A7C15u;
}

/* Every IPv4 address of this host, the loopback last: another host's loopback would be tried first.
 */
static void list_addresses(char *call, size_t size)
{
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) == 0) {
        for (int loopback = 0; loopback < 2; loopback++) {
            for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
                char text[NI_MAXHOST];
                size_t used = strlen(call);

                if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || !(a->ifa_flags & IFF_UP) ||
                    !!(a->ifa_flags & IFF_LOOPBACK) != loopback ||
                    getnameinfo(a->ifa_addr, sizeof(struct sockaddr_in), text, sizeof(text), NULL,
                                0, NI_NUMERICHOST) ||
                    used + strlen(text) + 2 > size) {
                    continue;
                }
                snprintf(call + used, size - used, " %s", text);
            }
        }
        freeifaddrs(all);
    }
}

int hr_life_listen(struct hr_life **out, int size, char call[HR_LIFE_CALL_MAX])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof(at);
    struct hr_life *life = life_new(size);

    *out = life;
    if (!life) {
        return -ENOMEM;
    }
    life->token = random_token();
    life->listening = socket(AF_INET, SOCK_STREAM, 0);
    if (life->listening < 0 || bind(life->listening, (struct sockaddr *)&at, sizeof(at)) ||
        listen(life->listening, size) || hr_rank_socket(life->listening) ||
        getsockname(life->listening, (struct sockaddr *)&at, &length)) {
        int err = errno;

        hr_life_end(life);
        *out = NULL;
        return hr_fail(err, "rank 0 cannot listen: %s", strerror(err));
    }
    snprintf(call, HR_LIFE_CALL_MAX, "%" PRIx64 " %u", life->token, ntohs(at.sin_port));
    list_addresses(call, HR_LIFE_CALL_MAX);
    return 0;
}

/* A connected socket, or -1. */
static int reach(const char *address, unsigned port, const struct hello *hello)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), failed = 0;
    socklen_t length = sizeof(failed);

    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 || hr_rank_socket(fd)) {
        goto failed;
    }
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS) {
        goto failed;
    }
    if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, CONNECT_MS) != 1 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &length) || failed) {
        goto failed;
    }
    if (send(fd, hello, sizeof(*hello), 0) == (ssize_t)sizeof(*hello)) {
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
        return fd;
    }
failed:
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int hr_life_connect(struct hr_life **out, int rank, const char *call)
{
    char text[HR_LIFE_CALL_MAX], *next = NULL;
    struct hello hello = {.rank = rank};
    struct hr_life *life = life_new(1);
    unsigned port;

    *out = life;
    if (!life) {
        return -ENOMEM;
    }
    snprintf(text, sizeof(text), "%s", call);
    hello.token = strtoull(text, &next, 16);
    port = (unsigned)strtoul(next, &next, 10);
    for (char *save = NULL, *address = strtok_r(next, " ", &save); address && life->fd < 0;
         address = strtok_r(NULL, " ", &save)) {
        life->fd = reach(address, port, &hello);
    }
    if (life->fd < 0) {
        return hr_fail(EHOSTUNREACH, "no TCP connection to rank 0");
    }
    return 0;
}

static void take_one(struct hr_life *life, int fd)
{
    struct hello hello;

    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, CONNECT_MS);
    if (recv(fd, &hello, sizeof(hello), 0) == (ssize_t)sizeof(hello) &&
        hello.token == life->token && hello.rank > 0 && hello.rank < life->size &&
        life->fds[hello.rank] < 0 && hr_rank_socket(fd) == 0) {
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
        life->fds[hello.rank] = fd;
    } else {
        close(fd);
    }
}

int hr_life_accept(struct hr_life *life)
{
    int missing = 0, fd;

    while ((fd = accept(life->listening, NULL, NULL)) >= 0) {
        take_one(life, fd);
    }
    close(life->listening);
    life->listening = -1;
    for (int r = 1; r < life->size; r++) {
        missing += life->fds[r] < 0;
    }
    return missing;
}

/* ---- the witness ------------------------------------------------------------------- */

static bool closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Until rank 0 says goodbye (true) or is gone (false); notes the first other rank that goes. */
static bool witness_all(const struct hr_life *life, int pipe_end)
{
    struct pollfd *polls = calloc((size_t)life->size, sizeof(*polls));
    char byte;

    for (int r = 0; polls && r < life->size; r++) {
        polls[r] = (struct pollfd){.fd = r ? life->fds[r] : pipe_end, .events = POLLIN};
    }
    while (polls) {
        poll(polls, (nfds_t)life->size, -1);
        /* Those that closed before rank 0 did are looked at before it. */
        for (int r = life->size - 1; r > 0; r--) {
            int none = -1;

            if (polls[r].fd >= 0 && polls[r].revents && closed(polls[r].fd)) {
                atomic_compare_exchange_strong(&life->page->lost, &none, r);
                polls[r].fd = -1;
            }
        }
        if (polls[0].revents) {
            bool said = read(pipe_end, &byte, 1) == 1;

            free(polls);
            return said;
        }
    }
    return true;
}

static void witness(struct hr_life *life, int pipe_end, const struct hr_rank_facts *facts,
                    hr_ranks_widow widow)
{
    char why[256];
    int lost;

    setsid(); /* what is sent to rank 0's group is not for this one */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (!witness_all(life, pipe_end)) {
        close_all(life); /* or the other ranks would think that rank 0 lives */
        lost = atomic_load(&life->page->lost);
        lost = lost < 0 ? 0 : lost;
        hr_rank_obituary(lost, life->size, facts + lost, "", why, sizeof(why));
        widow(life->page->folder, why);
    }
    _exit(0);
}

int hr_life_watch(struct hr_life *life, const struct hr_rank_facts *facts, hr_ranks_widow widow)
{
    int ends[2];

    life->page =
        mmap(NULL, sizeof(*life->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (life->page == MAP_FAILED) {
        life->page = NULL;
        return hr_fail(ENOMEM, "no memory for the witness");
    }
    atomic_store(&life->page->lost, -1);
    if (pipe(ends)) {
        return hr_fail(errno, "no pipe to the witness: %s", strerror(errno));
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fflush(NULL);
    life->witness = fork();
    if (life->witness == 0) {
        close(ends[1]);
        witness(life, ends[0], facts, widow);
    }
    close(ends[0]);
    life->goodbye = ends[1];
    return life->witness < 0 ? hr_fail(errno, "the witness cannot be started: %s", strerror(errno))
                             : 0;
}

void hr_life_folder(struct hr_life *life, const char *folder)
{
    if (life->page) {
        snprintf(life->page->folder, sizeof(life->page->folder), "%s", folder);
    }
}

int hr_life_lost(struct hr_life *life)
{
    if (life->page) {
        return atomic_load_explicit(&life->page->lost, memory_order_relaxed);
    }
    /* A system call: not at every turn of a waiting loop. */
    return life->fd >= 0 && ++life->looks % 256 == 0 && closed(life->fd) ? 0 : -1;
}

void hr_life_dismiss(struct hr_life *life)
{
    if (life && life->witness > 0) {
        (void)!write(life->goodbye, "g", 1);
        waitpid(life->witness, NULL, 0);
        life->witness = 0;
    }
}

void hr_life_end(struct hr_life *life)
{
    if (!life) {
        return;
    }
    hr_life_dismiss(life);
    close_all(life);
    if (life->page) {
        munmap(life->page, sizeof(*life->page));
    }
    free(life->fds);
    free(life);
}
