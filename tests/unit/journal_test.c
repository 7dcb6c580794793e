/*
 * journal_test.c - what was acknowledged is there, and whatever is not is told.
 */
#include "harness/error.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/journal.h"
#include "harness/ledger/ledger_files.h"
#include "harness/random.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 7u

struct folder {
    char path[64];
};

static struct folder folder_make(void)
{
    struct folder f = {"/tmp/headroom-journal.XXXXXX"};

    CHECK(mkdtemp(f.path) != NULL);
    return f;
}

static void folder_remove(const struct folder *f)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf %s", f->path);
    CHECK_EQ(system(command), 0);
}

static struct hr_journal_params params_of(const struct folder *f, enum hr_sync sync)
{
    return (struct hr_journal_params){.folder = f->path,
                                      .limits = {sizeof(struct eut_limits), 3, 1, 256, 100, 100},
                                      .sync = sync,
                                      .io = HR_IO_PWRITE,
                                      .group_ns = 0,
                                      .group_bytes = 4096,
                                      .segment_bytes = 64u << 10};
}

/* Request n of every test: told from all others by its order. */
static struct eut_request request_of(uint64_t n)
{
    return (struct eut_request){.order = n * 0x9E3779B97F4A7C15u,
                                .market = (uint32_t)(n % 3),
                                .price = (uint32_t)n,
                                .qty = 1,
                                .op = EUT_NEW,
                                .side = EUT_BUY,
                                .type = EUT_LIMIT,
                                .tif = EUT_DAY};
}

/* Appends requests until their count is `end`. */
static int append(struct hr_journal *j, uint64_t end)
{
    int rc = 0;

    while (rc == 0 && hr_journal_appended(j) < end) {
        struct eut_request batch[BATCH];
        uint64_t from = hr_journal_appended(j) + 1;
        uint32_t n = end - from + 1 < BATCH ? (uint32_t)(end - from + 1) : BATCH;

        for (uint32_t i = 0; i < n; i++) {
            batch[i] = request_of(from + i);
        }
        rc = hr_journal_append(j, batch, n, NULL);
    }
    return rc;
}

/* Reads from `from`; every request must be the right one. The reader's last word, and its end. */
static int read_all(const struct folder *f, uint64_t from, struct hr_journal_end *end,
                    uint64_t *beyond)
{
    struct hr_journal_reader *r;
    const struct eut_request *requests;
    uint64_t expected = from, first;
    uint32_t count;
    int rc = hr_journal_reader_open(&r, f->path, from);

    memset(end, 0, sizeof(*end));
    if (rc) {
        return rc;
    }
    while ((rc = hr_journal_read(r, &requests, &count, &first)) == 1) {
        CHECK_EQ(first, expected);
        for (uint32_t i = 0; i < count; i++) {
            struct eut_request right = request_of(first + i);

            CHECK(memcmp(requests + i, &right, sizeof(right)) == 0);
        }
        expected += count;
    }
    *end = *hr_journal_reader_end(r);
    if (beyond) {
        *beyond = hr_journal_reader_beyond(r);
    }
    hr_journal_reader_close(r);
    return rc;
}

static void write_journal(const struct folder *f, uint64_t count, enum hr_sync sync, bool close)
{
    struct hr_journal_params params = params_of(f, sync);
    struct hr_journal *j;

    CHECK_EQ(hr_journal_open(&j, &params, NULL), 0);
    CHECK_EQ(append(j, count), 0);
    if (close) {
        CHECK_EQ(hr_journal_close(j), 0);
    } else {
        CHECK_EQ(hr_journal_commit(j), 0);
        CHECK_EQ(hr_journal_acknowledged(j), count);
        hr_journal_drop(j);
    }
}

static void path_of(const struct folder *f, uint64_t first, char *path, size_t size)
{
    snprintf(path, size, "%s/" HR_JOURNAL_NAME, f->path, first);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK_EQ(fwrite(data, 1, size, file), size);
    CHECK_EQ(fclose(file), 0);
}

TEST(journal, crc32c_is_the_published_one_by_table_and_by_instruction)
{
    uint8_t bytes[100];

    CHECK_EQ(hr_crc32c(0, "123456789", 9), 0xE3069283u);
    CHECK_EQ(hr_crc32c_plain(0, "123456789", 9), 0xE3069283u);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37);
    }
    for (size_t n = 0; n < sizeof(bytes); n++) {
        CHECK_EQ(hr_crc32c(5, bytes, n), hr_crc32c_plain(5, bytes, n));
        CHECK_EQ(hr_crc32c(hr_crc32c(0, bytes, n), bytes + n, sizeof(bytes) - n),
                 hr_crc32c(0, bytes, sizeof(bytes)));
    }
}

TEST(journal, crc32c_names_the_flipped_bit)
{
    uint8_t bytes[64];
    uint32_t right;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 91);
    }
    right = hr_crc32c(0, bytes, sizeof(bytes));
    CHECK_EQ(hr_crc32c_flipped(right, bytes, sizeof(bytes)), -1);
    for (int bit = 0; bit < (int)sizeof(bytes) * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_EQ(hr_crc32c_flipped(right, bytes, sizeof(bytes)), bit);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    bytes[3] ^= 5;
    CHECK_EQ(hr_crc32c_flipped(right, bytes, sizeof(bytes)), -1);
}

TEST(journal, what_was_appended_is_read_by_every_policy_and_way)
{
    for (int io = HR_IO_PWRITE; io <= HR_IO_URING; io++) {
        for (int sync = HR_SYNC_NONE; sync <= HR_SYNC_GROUP; sync++) {
            struct folder f = folder_make();
            struct hr_journal_params params = params_of(&f, (enum hr_sync)sync);
            struct hr_journal_end end;
            struct hr_journal *j;

            params.io = (enum hr_journal_io)io;
            if (hr_journal_io_available(params.io)) {
                folder_remove(&f);
                continue;
            }
            CHECK_EQ(hr_journal_open(&j, &params, NULL), 0);
            CHECK_EQ(append(j, 5000), 0); /* three files */
            if (sync == HR_SYNC_BATCH) {
                CHECK_EQ(hr_journal_acknowledged(j), 5000);
                CHECK(hr_journal_counts(j).files >= 3);
            }
            CHECK_EQ(hr_journal_commit(j), 0);
            CHECK_EQ(hr_journal_acknowledged(j), 5000);
            CHECK_EQ(hr_journal_close(j), 0);
            CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
            CHECK_EQ(end.first, 1);
            CHECK_EQ(end.last, 5000);
            CHECK(end.closed && !end.torn);
            CHECK_EQ(end.limits.orders, 100);
            CHECK_EQ(read_all(&f, 4321, &end, NULL), 0); /* in the middle of a record */
            CHECK_EQ(end.last, 5000);
            CHECK_EQ(read_all(&f, 9999, &end, NULL), 0); /* behind the end */
            CHECK_EQ(end.last, 5000);
            folder_remove(&f);
        }
    }
}

TEST(journal, a_batch_larger_than_a_record_is_cut)
{
    struct folder f = folder_make();
    struct hr_journal_params params = params_of(&f, HR_SYNC_BATCH);
    struct eut_request *batch = calloc(10000, sizeof(*batch));
    struct hr_journal_end end;
    struct hr_journal *j;
    uint64_t last;

    for (uint32_t i = 0; i < 10000; i++) {
        batch[i] = request_of(i + 1);
    }
    CHECK_EQ(hr_journal_open(&j, &params, NULL), 0);
    CHECK_EQ(hr_journal_append(j, batch, 10000, &last), 0);
    CHECK_EQ(last, 10000);
    CHECK_EQ(hr_journal_acknowledged(j), 10000);
    CHECK_EQ(hr_journal_close(j), 0);
    CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
    CHECK_EQ(end.last, 10000);
    free(batch);
    folder_remove(&f);
}

/* Cut at any byte: what was whole before it is read, the rest is a torn tail. */
TEST(journal, a_torn_tail_is_recognised_wherever_it_was_torn)
{
    struct folder f = folder_make();
    struct hr_journal_end end;
    char path[128];
    uint8_t *data;
    size_t size;

    write_journal(&f, 3 * BATCH, HR_SYNC_BATCH, false);
    path_of(&f, 1, path, sizeof(path));
    CHECK_EQ(hr_file_load(path, 1 << 20, &data, &size), 0);
    CHECK_EQ(size, 128 + 3 * (32 + 32 * BATCH));
    for (size_t cut = 0; cut < size; cut++) {
        size_t records = cut < 128 ? 0 : (cut - 128) / (32 + 32 * BATCH);

        CHECK_EQ(truncate(path, (off_t)size), 0);
        write_file(path, data, size);
        CHECK_EQ(truncate(path, (off_t)cut), 0);
        CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
        CHECK_EQ(end.last, records * BATCH);
        CHECK_EQ(end.torn, cut < 128 || (cut - 128) % (32 + 32 * BATCH) != 0);
        CHECK_EQ(end.offset + end.torn_bytes, cut);
    }
    free(data);
    folder_remove(&f);
}

/* No bit of a journal that was closed can change unseen; and it is named. */
TEST(journal, every_flipped_bit_is_found_and_named)
{
    struct folder f = folder_make();
    struct hr_journal_end end;
    char path[128], named[64];
    uint8_t *data;
    size_t size;
    uint64_t beyond;

    write_journal(&f, 3 * BATCH, HR_SYNC_BATCH, true);
    path_of(&f, 1, path, sizeof(path));
    CHECK_EQ(hr_file_load(path, 1 << 20, &data, &size), 0);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(path, data, size);
        CHECK_EQ(read_all(&f, 1, &end, &beyond), -EBADMSG);
        CHECK(end.last <= 3 * BATCH);
        if (bit / 8 >= 128 && bit / 8 < 128 + 2 * (32 + 32 * BATCH)) {
            CHECK_EQ(beyond, 3 * BATCH);
        }
        CHECK(strstr(hr_error(), path) != NULL);
        /* A flipped bit of the payload's sum is found, but cannot be told from other damage. */
        snprintf(named, sizeof(named), "bit %zu of byte %zu was flipped", bit % 8, bit / 8);
        if (bit / 8 < 128 || ((bit / 8 - 128) % (32 + 32 * BATCH) >= 32)) {
            CHECK(strstr(hr_error(), named) != NULL);
        }
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(data);
    folder_remove(&f);
}

TEST(journal, a_hole_in_the_middle_is_no_torn_tail)
{
    struct folder f = folder_make();
    struct hr_journal_end end;
    char path[128];
    uint8_t *data;
    size_t size;
    uint64_t beyond;

    write_journal(&f, 5 * BATCH, HR_SYNC_BATCH, false);
    path_of(&f, 1, path, sizeof(path));
    CHECK_EQ(hr_file_load(path, 1 << 20, &data, &size), 0);
    memset(data + 128 + 32 + 32 * BATCH, 0, 2 * (32 + 32 * BATCH));
    write_file(path, data, size);
    CHECK_EQ(read_all(&f, 1, &end, &beyond), -EBADMSG);
    CHECK_EQ(end.last, BATCH);
    CHECK_EQ(beyond, 5 * BATCH);
    /* And one that was closed up: the last record comes too early. */
    memmove(data + 128 + 32 + 32 * BATCH, data + 128 + 4 * (32 + 32 * BATCH), 32 + 32 * BATCH);
    write_file(path, data, 128 + 2 * (32 + 32 * BATCH));
    CHECK_EQ(read_all(&f, 1, &end, &beyond), -EBADMSG);
    CHECK_EQ(end.last, BATCH);
    CHECK_EQ(beyond, 5 * BATCH);
    free(data);
    folder_remove(&f);
}

/* Pages of one group that was not synced may arrive in any order. */
TEST(journal, a_group_that_lost_a_page_is_a_torn_tail)
{
    struct folder f = folder_make();
    struct hr_journal_params params = params_of(&f, HR_SYNC_GROUP);
    struct hr_journal_end end;
    struct hr_journal *j;
    char path[128];
    uint8_t *data;
    size_t size;

    params.group_ns = 3600000000000u;
    CHECK_EQ(hr_journal_open(&j, &params, NULL), 0);
    CHECK_EQ(append(j, 2 * BATCH), 0);
    CHECK_EQ(hr_journal_commit(j), 0);
    CHECK_EQ(append(j, 5 * BATCH), 0); /* three records, one group */
    CHECK_EQ(hr_journal_commit(j), 0);
    hr_journal_drop(j);
    path_of(&f, 1, path, sizeof(path));
    CHECK_EQ(hr_file_load(path, 1 << 20, &data, &size), 0);
    memset(data + 128 + 2 * (32 + 32 * BATCH), 0, 32 + 32 * BATCH);
    write_file(path, data, size);
    CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
    CHECK_EQ(end.last, 2 * BATCH);
    CHECK(end.torn);
    CHECK_EQ(end.torn_bytes, 3 * (32 + 32 * BATCH));
    free(data);
    folder_remove(&f);
}

TEST(journal, a_missing_file_is_named)
{
    struct folder f = folder_make();
    struct hr_journal_end end;
    uint64_t *files, beyond;
    char path[128];
    int n;

    write_journal(&f, 9000, HR_SYNC_BATCH, true);
    n = hr_ledger_list(f.path, "journal", "log", &files);
    CHECK(n >= 4);
    path_of(&f, files[1], path, sizeof(path));
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(read_all(&f, 1, &end, &beyond), -EBADMSG);
    CHECK(strstr(hr_error(), strrchr(path, '/') + 1) != NULL);
    CHECK_EQ(end.last, files[1] - 1);
    CHECK_EQ(beyond, 9000);
    /* From behind it, nothing is missing. */
    CHECK_EQ(read_all(&f, files[2], &end, NULL), 0);
    CHECK_EQ(end.last, 9000);
    /* The last one: what came before it is sealed. */
    path_of(&f, files[n - 1], path, sizeof(path));
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(read_all(&f, files[2], &end, NULL), -EBADMSG);
    CHECK(strstr(hr_error(), strrchr(path, '/') + 1) != NULL);
    /* The first one. */
    CHECK_EQ(read_all(&f, 1, &end, NULL), -EBADMSG);
    path_of(&f, 1, path, sizeof(path));
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(read_all(&f, 1, &end, NULL), -EBADMSG);
    CHECK(strstr(hr_error(), strrchr(path, '/') + 1) != NULL);
    free(files);
    folder_remove(&f);
}

TEST(journal, is_gone_on_with_after_its_end_and_after_a_torn_tail)
{
    struct folder f = folder_make();
    struct hr_journal_params params = params_of(&f, HR_SYNC_BATCH);
    struct hr_journal_end end;
    struct hr_journal *j;
    uint64_t last = 0;

    write_journal(&f, 100, HR_SYNC_BATCH, true);
    CHECK_EQ(hr_journal_open(&j, &params, NULL), -EEXIST);
    for (int round = 0; round < 6; round++) {
        char path[256];
        struct stat st;

        CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
        CHECK(end.last >= last);
        last = end.last;
        CHECK_EQ(hr_journal_open(&j, &params, &end), 0);
        CHECK_EQ(append(j, last + (uint64_t)round * 50), 0); /* round 0: nothing */
        if (round % 2) {
            uint64_t synced;

            snprintf(path, sizeof(path), "%s", hr_journal_file(j, &synced));
            hr_journal_drop(j);
            CHECK_EQ(stat(path, &st), 0);
            CHECK_EQ(st.st_size, (off_t)synced);
            CHECK_EQ(truncate(path, st.st_size - 40), 0);
        } else {
            CHECK_EQ(hr_journal_close(j), 0);
        }
    }
    CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
    folder_remove(&f);
}

/* A full disk, as a limit on file sizes makes one: what was acknowledged stays. */
TEST(journal, a_full_disk_is_one_error_and_what_was_acknowledged_stays)
{
    if (HR_ONE_PROCESS) {
        SKIP("its child starts a thread, and other tests have left some");
    }
    for (int sync = HR_SYNC_NONE; sync <= HR_SYNC_GROUP; sync++) {
        struct folder f = folder_make();
        struct hr_journal_params params = params_of(&f, (enum hr_sync)sync);
        struct hr_journal_end end;
        uint64_t acknowledged = 0;
        int pipe_ends[2], status;
        pid_t child;

        CHECK_EQ(pipe(pipe_ends), 0);
        child = fork();
        if (child == 0) {
            struct hr_journal *j;
            struct rlimit limit = {20000, 20000};
            int rc;

            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            rc = hr_journal_open(&j, &params, NULL);
            rc = rc ? rc : append(j, 2000);
            rc = rc ? rc : hr_journal_commit(j);
            acknowledged = hr_journal_acknowledged(j);
            if (rc != -EFBIG || !strstr(hr_error(), "are acknowledged") ||
                hr_journal_append(j, NULL, 0, NULL) != -EFBIG || hr_journal_close(j) != -EFBIG) {
                _exit(1);
            }
            _exit(write(pipe_ends[1], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged)
                      ? 0
                      : 2);
        }
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
        CHECK_EQ(read(pipe_ends[0], &acknowledged, sizeof(acknowledged)), sizeof(acknowledged));
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        CHECK(acknowledged > 0);
        CHECK_EQ(read_all(&f, 1, &end, NULL), 0);
        CHECK_EQ(end.last, acknowledged);
        CHECK(!end.torn);
        folder_remove(&f);
    }
}

/* Any bytes are read without a crash, and never as requests that were not written. */
TEST(journal, damage_of_any_kind_never_makes_a_request)
{
    struct folder f = folder_make();
    struct hr_random r;
    char path[128];
    uint8_t *data, *work;
    size_t size;

    hr_random_init(&r, 1, 0);
    write_journal(&f, 20 * BATCH, HR_SYNC_BATCH, true);
    path_of(&f, 1, path, sizeof(path));
    CHECK_EQ(hr_file_load(path, 1 << 20, &data, &size), 0);
    work = malloc(size);
    for (int round = 0; round < 2000; round++) {
        struct hr_journal_end end;
        size_t at = hr_random_below(&r, (uint32_t)size), n = 1 + hr_random_below(&r, 300);

        memcpy(work, data, size);
        n = n < size - at ? n : size - at;
        for (size_t i = 0; i < n; i++) {
            work[at + i] = round % 2 ? (uint8_t)hr_random_u64(&r) : 0;
        }
        if (memcmp(work, data, size) == 0) {
            continue;
        }
        write_file(path, work, size);
        /* The mark at its end shows that all of it was written. Damage that holds the mark, too,
         * may look torn; what is left is then told. */
        if (read_all(&f, 1, &end, NULL) == 0) {
            CHECK(end.torn && end.offset + end.torn_bytes == size && at + n > size - 32);
        }
    }
    free(work);
    free(data);
    folder_remove(&f);
}
