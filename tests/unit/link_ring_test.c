/* link_ring_test.c - do the bytes of a ring come whole and in order, however far the reader is
 * behind, and does a ring that was read empty begin at its start again? */
#include "harness/link.h"

#include "harness/error.h"
#include "tests/test.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE 1000u
#define ROUNDS 20000u
#define PATIENCE_S 30 /* a reader that waits for what never comes is ended */

static const struct hr_link_ops *ring(void)
{
    CHECK_STR(hr_links[0]->name, "ring");
    return hr_links[0];
}

static struct hr_link *listening(void)
{
    struct hr_link_params params = {.clients = 2, .message_bytes = MESSAGE, .congestion = ""};
    struct hr_link *link;

    if (ring()->listen(&link, &params)) {
        FAIL("%s", hr_error());
    }
    return link;
}

/* Any number below `below`, the same every time. */
static uint32_t any(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* The byte at a place of connection c's stream. */
static uint8_t byte_at(uint32_t c, uint64_t place)
{
    return (uint8_t)((place * 0x9E3779B97F4A7C15u >> 40) + c);
}

/* What there is of connection c, at most `most` bytes of it; false if one is wrong. */
static bool read_some(struct hr_link *link, uint32_t c, uint64_t *place, size_t most)
{
    const uint8_t *at;
    size_t have = ring()->read(link, c, 0, &at), n = have < most ? have : most;

    for (size_t i = 0; i < n; i++) {
        if (at[i] != byte_at(c, *place + i)) {
            return false;
        }
    }
    *place += n;
    ring()->read(link, c, n, &at);
    return true;
}

static size_t write_some(struct hr_link *link, uint32_t c, uint64_t *place, size_t most)
{
    uint8_t *at;
    size_t room = ring()->write(link, c, 0, &at), n = room < most ? room : most;

    for (size_t i = 0; i < n; i++) {
        at[i] = byte_at(c, *place + i);
    }
    *place += n;
    ring()->write(link, c, n, &at);
    return n;
}

/* The server's side, in a process of its own, reads as it likes until it has read `ends`. */
static int reads_all(struct hr_link *link, const uint64_t *ends)
{
    uint64_t places[2] = {0, 0}, state = 2;

    while (places[0] < ends[0] || places[1] < ends[1]) {
        uint32_t ready[2];
        int n = ring()->poll(link, ready, 2, 0);

        for (int i = 0; i < n; i++) {
            /* Now all that there is, now a part, so that the ring is empty often and full often. */
            size_t most = any(&state, 3) ? 1 + any(&state, 3 * MESSAGE) : SIZE_MAX;

            if (!read_some(link, ready[i], places + ready[i], most)) {
                return 1;
            }
        }
    }
    return 0;
}

TEST(link_ring, bytes_come_whole_and_in_order_however_far_the_reader_is_behind)
{
    uint64_t sizes[2] = {0, 0}, places[2] = {0, 0}, state = 1;
    struct hr_link *link = listening();
    int status;
    pid_t pid;

    for (uint32_t i = 0; i < ROUNDS; i++) { /* the same numbers as below */
        uint32_t c = any(&state, 2);

        sizes[c] += 1 + any(&state, MESSAGE);
    }
    state = 1;
    pid = fork();
    if (pid == 0) {
        alarm(PATIENCE_S);
        _exit(ring()->join(link, true) || reads_all(link, sizes));
    }
    CHECK_EQ(ring()->join(link, false), 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t c = any(&state, 2);
        size_t left = 1 + any(&state, MESSAGE);

        while (left && waitpid(pid, &status, WNOHANG) == 0) {
            left -= write_some(link, c, places + c, left);
        }
        CHECK_EQ(left, 0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ring()->close(link, HR_LINK_ALL);
}

/* What waits in memory that both processes see until the other has had its turn. */
static void turn(_Atomic uint32_t *turns, uint32_t mine)
{
    for (int i = 0; *turns != mine; i++) {
        CHECK(i < PATIENCE_S * 10000);
        usleep(100);
    }
}

/* Half read it goes on behind what is unread; all read it begins again, and all of it is free. */
TEST(link_ring, what_was_read_empty_begins_at_the_start_again)
{
    _Atomic uint32_t *turns =
        mmap(NULL, sizeof(*turns), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    struct hr_link *link = listening();
    uint64_t place = 0, seen = 0;
    uint8_t *start, *at;
    size_t whole;
    int status;
    pid_t pid;

    CHECK(turns != MAP_FAILED);
    pid = fork();
    if (pid == 0) {
        bool good = ring()->join(link, true) == 0;

        alarm(PATIENCE_S);
        for (uint32_t k = 1; k < 8; k += 2) {
            turn(turns, k);
            good = read_some(link, 0, &seen, k == 1 ? 300 : SIZE_MAX) && good;
            /* What came after the last look is seen by the next. */
            good = (k == 1 || read_some(link, 0, &seen, SIZE_MAX)) && good;
            *turns = k + 1;
        }
        _exit(good && seen == 4 * 700 ? 0 : 1);
    }
    CHECK_EQ(ring()->join(link, false), 0);
    whole = ring()->write(link, 0, 0, &start);
    for (uint32_t k = 0; k < 8; k += 2) {
        turn(turns, k);
        ring()->write(link, 0, 0, &at);
        CHECK_EQ(at - start, k == 2 ? 700 : 0);
        CHECK_EQ(write_some(link, 0, &place, 700), 700);
        *turns = k + 1;
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQ(ring()->write(link, 0, 0, &at), whole);
    CHECK(at == start);
    munmap(turns, sizeof(*turns));
    ring()->close(link, HR_LINK_ALL);
}
