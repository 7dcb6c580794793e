/*
 * ceilings_test.c - do the kernels do what they say, and do the ceilings come out finite? Never how
 * fast.
 */
#include "harness/clock.h"
#include "probes/ceilings.h"
#include "probes/crew.h"
#include "probes/memory_kernels.h"
#include "probes/probe.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

TEST(ceilings, the_chase_is_one_cycle_through_all_lines)
{
    for (uint64_t lines = 2; lines <= 4096; lines *= 2) {
        char *at = aligned_alloc(HR_LINE_BYTES, lines * HR_LINE_BYTES);
        unsigned char seen[4096] = {0};
        uint64_t regular = 0, alternating = 0;
        CHECK(at != NULL);
        memset(at, 0, lines * HR_LINE_BYTES);
        hr_chase_build(at, lines);
        const char *p = at, *last = at;
        for (uint64_t i = 0; i < lines; i++) {
            last = p;
            p = *(const char *const *)(const void *)p;
            uint64_t line = (uint64_t)(p - at) / HR_LINE_BYTES;
            CHECK(line < lines && (uint64_t)(p - at) % HR_LINE_BYTES == 0);
            CHECK_EQ(seen[line]++, 0);
            alternating += (line ^ (uint64_t)(last - at) / HR_LINE_BYTES) & 1;
            regular += p == last + HR_LINE_BYTES || p + HR_LINE_BYTES == last;
        }
        CHECK(p == at);
        if (lines >= 1024) {
            CHECK(regular < lines / 16); /* next to its neighbour only by chance */
            CHECK(alternating > lines / 4 && alternating < lines / 4 * 3); /* even, odd, even … */
        }
        if (lines >= 8) {
            CHECK(hr_chase_run(at, lines) == at);
        }
        free(at);
    }
}

TEST(ceilings, each_way_of_touching_touches_as_often)
{
    enum { LINES = 64, COUNT = 10000 };
    static const struct hr_touch ways[] = {{0, 0}, {16, 1}, {64, 0}, {256, 2}};
    uint64_t *at = aligned_alloc(HR_LINE_BYTES, LINES * HR_LINE_BYTES);
    uint64_t changed, words = HR_LINE_BYTES / sizeof(*at);

    CHECK(at != NULL);
    for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
        memset(at, 0, LINES * HR_LINE_BYTES);
        hr_touch_lines(at, LINES, COUNT, 5, ways[w]);
        changed = 0;
        for (uint64_t i = 0; i < LINES * words; i++) {
            if (i % words != 1) {
                CHECK_EQ(at[i], 0); /* only word 1: the chase's pointers stay */
            }
            changed += at[i] != 0;
        }
        CHECK_EQ(changed, LINES);
    }
    free(at);
}

TEST(ceilings, streams_and_compares_compute_what_they_say)
{
    enum { WORDS = 512 };
    _Alignas(64) static double a[WORDS], b[WORDS], c[WORDS];
    _Alignas(64) static uint64_t numbers[WORDS], copied[WORDS];
    _Alignas(64) static int32_t bid[1024], ask[1024];
    uint64_t crossed = 0;

    for (int i = 0; i < WORDS; i++) {
        b[i] = i;
        c[i] = 2 * i;
        numbers[i] = (uint64_t)i * 3;
    }
    CHECK_EQ(hr_stream_pass(HR_STREAM_READ, false, numbers, NULL, NULL, sizeof(numbers)),
             3 * 511 * 256);
    for (int past = 0; past < 2; past++) {
        memset(a, 0, sizeof(a));
        memset(copied, 0, sizeof(copied));
        hr_stream_pass(HR_STREAM_TRIAD, past, a, b, c, sizeof(a));
        hr_stream_pass(HR_STREAM_COPY, past, copied, numbers, NULL, sizeof(copied));
        for (int i = 0; i < WORDS; i++) {
            CHECK(fabs(a[i] - 7.0 * i) < 1e-9);
            CHECK_EQ(copied[i], numbers[i]);
        }
    }
    for (int i = 0; i < 1024; i++) {
        bid[i] = i * 37 % 101;
        ask[i] = i * 53 % 97;
        crossed += bid[i] >= ask[i];
    }
    CHECK_EQ(hr_compare_prices(bid, ask, 1024), crossed);
    CHECK_EQ(hr_compare_prices(bid, ask, 256) > 0, 1);
}

static void add_one(struct hr_crew_member *m, void *context)
{
    (void)context;
    ((uint64_t *)m->region.at)[0]++;
    m->result = ((uint64_t *)m->region.at)[0];
    __atomic_fetch_add((int *)context, 1, __ATOMIC_RELAXED);
}

TEST(ceilings, a_crew_works_together)
{
    int cpus[64], n = hr_cpus_allowed(cpus, 3), done = 0;
    struct hr_crew *crew;

    CHECK_EQ(hr_crew_start(&crew, cpus, n, 4096), 0);
    CHECK_EQ(hr_crew_size(crew), n);
    for (int round = 1; round <= 20; round++) {
        CHECK(hr_crew_run(crew, add_one, &done) >= 0);
        CHECK_EQ(done, round * n);
    }
    hr_crew_stop(crew);
}

TEST(ceilings, small_and_short_they_are_finite)
{
    char program[] = "headroom", *const argv[] = {program, NULL};
    struct hr_record *record = hr_record_new(1, argv);
    json_t *ceiling, *list;
    static int cpus[1024];
    const char *id;
    size_t i;

    CHECK(record != NULL);
    CHECK_EQ(hr_ceilings_measure_within(record, 0.2, 4 << 20, NULL), 0);
    list = json_object_get(hr_record_json(record), "ceilings");
    CHECK(json_array_size(list) >= 8);
    json_array_foreach (list, i, ceiling) {
        json_t *estimate = json_object_get(ceiling, "estimate");
        const char *name = json_string_value(json_object_get(ceiling, "id"));
        if (json_is_null(estimate)) {
            CHECK(json_string_length(json_object_get(ceiling, "reason")) > 0);
        } else if (strcmp(name, "clock/monotonic") == 0) {
            CHECK(json_number_value(estimate) >= 0);
        } else if (!(json_number_value(estimate) > 0 && isfinite(json_number_value(estimate)))) {
            FAIL("%s is %g", name, json_number_value(estimate));
        }
    }
    if (hr_cpus_allowed(cpus, 1024) > 1) { /* all processors at once, where there are several */
        char together[64];
        bool found = false;

        snprintf(together, sizeof(together), "cpu/compares/threads=%d",
                 hr_cpus_allowed(cpus, 1024));
        json_array_foreach (list, i, ceiling) {
            found |= strcmp(json_string_value(json_object_get(ceiling, "id")), together) == 0;
        }
        CHECK(found);
    }
    double lines = hr_ceiling_lines(hr_record_json(record), 32768, 1, &id);
    CHECK(lines > 0 && isfinite(lines));
    CHECK(strncmp(id, "memory/lines/", 13) == 0);
    hr_record_free(record);
}

TEST(ceilings, the_nearest_working_set_bounds)
{
    json_t *record =
        json_pack("{s:[{s:s,s:f,s:{s:i,s:I}},{s:s,s:f,s:{s:i,s:I}},{s:s,s:f,s:{s:i,s:I}},{s:s,s:n,"
                  "s:{s:i,s:I}},"
                  "{s:s,s:f,s:{s:i,s:I}},{s:s,s:f,s:{s:i,s:I}}]}",
                  "ceilings", "id", "memory/lines/base/bytes=1024", "estimate", 5e8, "params",
                  "threads", 1, "bytes", (json_int_t)1024, "id", "memory/lines/base/bytes=1048576",
                  "estimate", 1e8, "params", "threads", 1, "bytes", (json_int_t)1048576, "id",
                  "memory/lines/huge/bytes=1048576", "estimate", 2e8, "params", "threads", 1,
                  "bytes", (json_int_t)1048576, "id", "memory/lines/huge/bytes=1073741824",
                  "estimate", "params", "threads", 1, "bytes", (json_int_t)1073741824, "id",
                  "memory/lines/huge/bytes=1048576/threads=2", "estimate", 9e8, "params", "threads",
                  2, "bytes", (json_int_t)1048576, "id", "memory/latency/huge/bytes=1073741824",
                  "estimate", 9e9, "params", "threads", 1, "bytes", (json_int_t)1073741824);
    const char *id;

    CHECK(record != NULL);
    CHECK_NEAR(hr_ceiling_lines(record, 2000, 1, &id), 5e8, 1);
    CHECK_STR(id, "memory/lines/base/bytes=1024");
    CHECK_NEAR(hr_ceiling_lines(record, UINT64_C(1) << 40, 1, &id), 2e8, 1);
    CHECK_STR(id, "memory/lines/huge/bytes=1048576");
    CHECK_NEAR(hr_ceiling_lines(record, 0, 1, &id), 5e8, 1);
    CHECK_NEAR(hr_ceiling_lines(record, 2000, 2, &id), 9e8, 1);
    CHECK_STR(id, "memory/lines/huge/bytes=1048576/threads=2");
    CHECK(isnan(hr_ceiling_lines(record, 2000, 3, &id)));
    CHECK(id == NULL);
    json_decref(record);
    record = json_object();
    CHECK(isnan(hr_ceiling_lines(record, 1, 1, &id)));
    CHECK(id == NULL);
    json_decref(record);
}
