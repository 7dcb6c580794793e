/* replay_test.c - hostile flows as text through replay: the reference engine's events and books
 * equal the oracle's byte for byte, for many seeds, kinds of market and batch sizes. */
#include "engine-under-test/conform.h"
#include "engine-under-test/loader.h"
#include "engine-under-test/replay.h"
#include "harness/error.h"
#include "harness/sha256.h"
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

enum { REQUESTS = 3000, SEEDS = 12 };

/* Text of hostile requests that the text form can hold. */
static size_t write_text(char *text, const struct eut_hostile *kind, uint64_t seed)
{
    static struct eut_request requests[REQUESTS];
    char *at = text;

    eut_hostile_fill(kind, seed, requests, REQUESTS);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        at = hr_text_put_request(at, &requests[i]);
    }
    return (size_t)(at - text);
}

static void hash_file(const char *name, char hex[65])
{
    FILE *file = fopen(name, "rb");
    struct hr_sha256 sha;
    char piece[4096];
    size_t n;

    CHECK(file != NULL);
    hr_sha256_init(&sha);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        hr_sha256_update(&sha, piece, n);
    }
    fclose(file);
    hr_sha256_hex(&sha, hex);
}

struct outcome {
    char events[65], books[65];
    struct eut_replay replay;
};

static struct outcome replay(const char *engine, const char *text, size_t size,
                             const struct eut_hostile *kind, uint32_t batch)
{
    struct eut_limits limits = {sizeof(limits), kind->markets, kind->l2_markets,
                                batch,          REQUESTS,      REQUESTS};
    char events_name[] = "/tmp/headroom-events.XXXXXX", books_name[] = "/tmp/headroom-books.XXXXXX";
    int events_fd = mkstemp(events_name), books_fd = mkstemp(books_name);
    struct hr_output events, books;
    struct hr_flow_file *file;
    struct eut_handle handle;
    struct outcome o = {.replay = {0}};

    CHECK(events_fd >= 0 && books_fd >= 0);
    close(events_fd);
    close(books_fd);
    CHECK_EQ(eut_open(&handle, engine), 0);
    CHECK_EQ(hr_flow_file_open_memory(&file, text, size, 1u << 20, HR_FORMAT_CSV), 0);
    CHECK(hr_output_open(&events, events_name, NULL) == 0 &&
          hr_output_open(&books, books_name, NULL) == 0);
    o.replay.engine = handle.engine;
    if (eut_replay(&o.replay, file, &limits, &events, &books)) {
        FAIL("%s", hr_error());
    }
    CHECK(hr_output_close(&events) == 0 && hr_output_close(&books) == 0);
    hr_flow_file_close(file);
    hash_file(events_name, o.events);
    hash_file(books_name, o.books);
    unlink(events_name);
    unlink(books_name);
    eut_close(&handle);
    return o;
}

TEST(replay, hostile_text_gives_the_oracles_bytes)
{
    char *text = malloc(REQUESTS * HR_TEXT_LINE_MAX);
    uint64_t trades = 0, rejected = 0;

    CHECK(text != NULL);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct eut_hostile kind = {.markets = 1 + (uint32_t)(seed % 4),
                                   .l2_markets = (uint32_t)(seed % 3),
                                   .full_range = seed % 2};

        kind.l2_markets = kind.l2_markets < kind.markets ? kind.l2_markets : kind.markets;
        size_t size = write_text(text, &kind, seed);
        struct outcome oracle = replay("oracle", text, size, &kind, 64);
        struct outcome reference = replay("reference", text, size, &kind, 1 + (uint32_t)seed * 37);

        CHECK_STR(reference.events, oracle.events);
        CHECK_STR(reference.books, oracle.books);
        CHECK_EQ(reference.replay.digest, oracle.replay.digest);
        CHECK_EQ(oracle.replay.requests, REQUESTS);
        trades += oracle.replay.trades;
        rejected += oracle.replay.rejected;
    }
    CHECK(trades > 1000 && rejected > 1000); /* else the flow was not hostile */
    free(text);
}
