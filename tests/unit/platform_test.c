/* platform_test.c - pinning, regions and counters; the same contract on every system. */
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

TEST(platform, threads_run_where_they_are_bound)
{
    int cpus[1024], n = hr_cpus_allowed(cpus, 1024);

    CHECK(n >= 1);
    for (int i = 0; i < n && i < 4; i++) {
        int rc = hr_thread_pin(cpus[i]);
        if (rc == -ENOTSUP) {
            CHECK(hr_error()[0] != 0);
            SKIP("this system does not bind threads");
        }
        CHECK_EQ(rc, 0);
        CHECK_EQ(hr_thread_cpu(), cpus[i]);
    }
    CHECK_EQ(hr_thread_pin(-1), 0);
    CHECK_EQ(hr_cpus_allowed(cpus, 1024), n);
    CHECK(hr_thread_pin(8191) < 0);
    CHECK(hr_thread_pin(1 << 30) < 0);
    CHECK(hr_error()[0] != 0);
}

TEST(platform, regions_are_zeroed_writable_and_separate)
{
    static const size_t sizes[] = {1, 4096, 100000, (2u << 20) - 1, 2u << 20, (6u << 20) + 5};

    for (int pages = HR_PAGES_BASE; pages <= HR_PAGES_HUGE; pages++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
            struct hr_region a, b;
            CHECK_EQ(hr_region_map(&a, sizes[i], (enum hr_pages)pages), 0);
            CHECK_EQ(hr_region_map(&b, sizes[i], (enum hr_pages)pages), 0);
            CHECK_EQ(a.bytes, sizes[i]);
            CHECK_EQ(((char *)a.at)[sizes[i] - 1], 0);
            memset(a.at, 0x5a, sizes[i]);
            CHECK_EQ(((char *)b.at)[0], 0);
            CHECK(hr_region_huge_bytes(&a) <= sizes[i] + (2u << 20));
            if (pages == HR_PAGES_BASE) {
                CHECK_EQ(hr_region_huge_bytes(&a), 0);
            }
            hr_region_unmap(&a);
            hr_region_unmap(&a);
            CHECK_EQ(((char *)b.at)[sizes[i] - 1], 0);
            hr_region_unmap(&b);
        }
    }
    struct hr_region r;
    CHECK(hr_region_map(&r, 0, HR_PAGES_BASE) < 0);
    CHECK(hr_region_map(&r, SIZE_MAX, HR_PAGES_HUGE) < 0);
    CHECK(r.at == NULL);
    hr_region_unmap(&r);
}

static void *map_and_unmap(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        struct hr_region r;
        if (hr_region_map(&r, ((size_t)2 << 20) + (size_t)i * 4096, HR_PAGES_HUGE) != 0) {
            return (void *)1;
        }
        ((char *)r.at)[0] = ((char *)r.at)[r.bytes - 1] = 1;
        hr_region_unmap(&r);
    }
    return NULL;
}

TEST(platform, threads_may_map_at_the_same_time)
{
    pthread_t threads[4];
    void *failed;

    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, map_and_unmap, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL);
    }
}

TEST(platform, memory_and_disturbance_are_plausible)
{
    struct hr_disturbance before, after;
    struct hr_region r;

    CHECK(hr_memory_available() > 1u << 20);
    hr_disturbance_read(&before);
    uint64_t resident = hr_memory_resident();
    CHECK(resident > 0);
    CHECK_EQ(hr_region_map(&r, 8u << 20, HR_PAGES_BASE), 0);
    CHECK(hr_memory_resident() < resident + (4u << 20)); /* lazily backed */
    memset(r.at, 1, r.bytes);
    CHECK(hr_memory_resident() >= resident + (7u << 20));
    hr_disturbance_read(&after);
    CHECK(after.minor_faults > before.minor_faults);
    CHECK(after.major_faults >= before.major_faults);
    CHECK(after.switches_involuntary >= before.switches_involuntary);
    CHECK(after.steal_ticks >= before.steal_ticks);
    hr_region_unmap(&r);
}
