/*
 * memory_linux.c - memory with a chosen page size, and how much memory there is to use.
 *
 * Huge regions take reserved pages (MAP_HUGETLB) when enough are free, else transparent ones
 * (MADV_HUGEPAGE on an aligned region); base regions refuse them (MADV_NOHUGEPAGE). What the kernel
 * really gave is read from smaps. A hugetlb limit of the control group below what is reserved
 * cannot be seen beforehand.
 */
#include "engine-under-test/poison.h"
#include "harness/cgroup.h"
#include "harness/error.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <inttypes.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXACT_BELOW ((int64_t)8 << 30)

/* "Key:   123 kB" of a file like /proc/meminfo, in bytes; -1 if it is not there. */
static int64_t kb_line(const char *path, const char *key)
{
    char line[256];
    size_t length = strlen(key);
    int64_t bytes = -1;
    FILE *f = fopen(path, "re");

    while (f && bytes < 0 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            bytes = strtoll(line + length + 1, NULL, 10) * 1024;
        }
    }
    if (f) {
        fclose(f);
    }
    return bytes;
}

static size_t base_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The default huge page, which is also what a transparent one is; 2 MiB if the kernel is silent. */
static size_t huge_page(void)
{
    static _Atomic size_t known;

    if (!known) {
        int64_t bytes = kb_line("/proc/meminfo", "Hugepagesize");
        known = bytes > 0 ? (size_t)bytes : (size_t)2 << 20;
    }
    return known;
}

/* Reserved huge pages, if there are enough of them. */
static bool map_reserved(struct hr_region *region, size_t bytes)
{
    size_t length = (bytes + huge_page() - 1) / huge_page() * huge_page();
    void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
                    -1, 0);

    if (at == MAP_FAILED) {
        return false;
    }
    region->at = at;
    region->mapped_bytes = length;
    return true;
}

int hr_region_map(struct hr_region *region, size_t bytes, enum hr_pages pages)
{
    bool huge = pages == HR_PAGES_HUGE && bytes >= huge_page();
    size_t unit = huge ? huge_page() : base_page(), slack = huge ? unit : 0, guard = base_page();

    *region = (struct hr_region){.pages = pages};
    if (bytes == 0 || bytes > SIZE_MAX / 4) {
        return hr_fail(EINVAL, "a memory region of %zu bytes cannot be", bytes);
    }
    region->bytes = bytes;
    if (huge && map_reserved(region, bytes)) {
        return 0;
    }
    /* Address space first, then access: the guard page that stays behind the region keeps the
     * kernel from joining it with a neighbour, so that smaps tells of this region alone. Nothing is
     * ever mapped at a fixed address, where another thread may have mapped meanwhile. */
    size_t length = (bytes + unit - 1) / unit * unit;
    char *space = mmap(NULL, length + slack + guard, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) {
        *region = (struct hr_region){.pages = pages};
        return hr_fail(ENOMEM, "no address space for %zu bytes: %s", bytes, strerror(errno));
    }
    size_t before = huge ? (unit - (uintptr_t)space % unit) % unit : 0;
    if (before) {
        munmap(space, before);
    }
    region->at = space + before;
    region->mapped_bytes = length + guard;
    if (slack > before) {
        munmap(space + before + length + guard, slack - before);
    }
    if (mprotect(region->at, length, PROT_READ | PROT_WRITE) != 0) {
        int err = errno;
        hr_region_unmap(region);
        return hr_fail(ENOMEM, "no memory for %zu bytes: %s", bytes, strerror(err));
    }
    madvise(region->at, length, pages == HR_PAGES_HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    eut_poison((char *)region->at + bytes, length - bytes);
    return 0;
}

void hr_region_unmap(struct hr_region *region)
{
    if (region->at) {
        eut_unpoison((char *)region->at + region->bytes, region->mapped_bytes - region->bytes);
        munmap(region->at, region->mapped_bytes);
    }
    region->at = NULL;
    region->bytes = region->mapped_bytes = 0;
}

size_t hr_region_huge_bytes(const struct hr_region *region)
{
    uintptr_t first = (uintptr_t)region->at, last;
    char line[512];
    size_t huge = 0;
    bool inside = false;

    FILE *f = region->at ? fopen("/proc/self/smaps", "re") : NULL;
    if (!f) {
        return 0;
    }
    last = first + region->mapped_bytes;
    while (fgets(line, sizeof(line), f)) {
        uintptr_t from, to;
        size_t kb;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2) {
            inside = from >= first && to <= last;
        } else if (inside && (sscanf(line, "AnonHugePages: %zu", &kb) == 1 ||
                              sscanf(line, "Private_Hugetlb: %zu", &kb) == 1)) {
            huge += kb * 1024;
        }
    }
    fclose(f);
    return huge;
}

uint64_t hr_memory_available(void)
{
    struct hr_cgroup group;
    int64_t bytes = kb_line("/proc/meminfo", "MemAvailable");

    if (bytes < 0) { /* kernels before 3.14 */
        bytes = kb_line("/proc/meminfo", "MemFree");
    }
    hr_cgroup_read(&group, "");
    uint64_t available = bytes > 0 ? (uint64_t)bytes : 0;
    return group.memory_available_bytes < available ? group.memory_available_bytes : available;
}

uint64_t hr_memory_resident(void)
{
    int64_t rss = kb_line("/proc/self/status", "VmRSS");
    int64_t huge = kb_line("/proc/self/status", "HugetlbPages"); /* not part of Rss */

    /* VmRSS is kept per processor and may be off by some MiB; the exact sum walks all pages. */
    if (rss < EXACT_BELOW) {
        int64_t exact = kb_line("/proc/self/smaps_rollup", "Rss");
        rss = exact >= 0 ? exact : rss;
    }
    return (uint64_t)(rss > 0 ? rss : 0) + (uint64_t)(huge > 0 ? huge : 0);
}

uint64_t hr_memory_resident_peak(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) ? 0 : (uint64_t)usage.ru_maxrss * 1024; /* in KiB here */
}

void hr_memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int hr_pages_huge_allow(bool on)
{
    return prctl(PR_SET_THP_DISABLE, on ? 0 : 1, 0, 0, 0) == 0
               ? 0
               : hr_fail(errno, "prctl(PR_SET_THP_DISABLE): %s", strerror(errno));
}
