/*
 * memory_macos.c - memory regions, and how much memory there is to use, from Mach.
 *
 * Superpages exist on Intel only (VM_FLAGS_SUPERPAGE_SIZE_2MB); Apple Silicon has 16 KiB pages and
 * nothing larger for programs, so a huge region is an ordinary one there and says 0 huge bytes.
 * Available memory is what the kernel could hand out without compressing or swapping: free,
 * inactive, speculative and purgeable pages. Sources: mach/host_info.h, mach/vm_statistics.h.
 */
#include "harness/error.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <mach/mach.h>
#include <mach/vm_statistics.h>
#include <malloc/malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SUPERPAGE ((size_t)2 << 20)

static size_t mapped_bytes(size_t bytes, enum hr_pages pages)
{
    size_t unit = (size_t)getpagesize();

#if defined(__x86_64__)
    unit = pages == HR_PAGES_HUGE && bytes >= SUPERPAGE ? SUPERPAGE : unit;
#else
    (void)pages;
#endif
    return (bytes + unit - 1) / unit * unit;
}

int hr_region_map(struct hr_region *region, size_t bytes, enum hr_pages pages)
{
    const int flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, access = PROT_READ | PROT_WRITE;
    void *at = MAP_FAILED;

    *region = (struct hr_region){.pages = pages};
    if (bytes == 0 || bytes > SIZE_MAX / 4) {
        return hr_fail(EINVAL, "a memory region of %zu bytes cannot be", bytes);
    }
#if defined(__x86_64__)
    if (pages == HR_PAGES_HUGE && bytes >= SUPERPAGE) {
        at = mmap(NULL, mapped_bytes(bytes, pages), access, flags, VM_FLAGS_SUPERPAGE_SIZE_2MB, 0);
    }
#endif
    if (at == MAP_FAILED) {
        at = mmap(NULL, mapped_bytes(bytes, pages), access, flags, -1, 0);
    }
    if (at == MAP_FAILED) {
        return hr_fail(ENOMEM, "no memory for %zu bytes: %s", bytes, strerror(errno));
    }
    region->at = at;
    region->bytes = bytes;
    region->mapped_bytes = mapped_bytes(bytes, pages);
    return 0;
}

void hr_region_unmap(struct hr_region *region)
{
    if (region->at) {
        munmap(region->at, region->mapped_bytes);
    }
    region->at = NULL;
    region->bytes = region->mapped_bytes = 0;
}

size_t hr_region_huge_bytes(const struct hr_region *region)
{
    (void)region;
    return 0; /* not told by the system */
}

uint64_t hr_memory_available(void)
{
    vm_statistics64_data_t vm;
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;

    if (host_statistics64(mach_host_self(), HOST_VM_INFO64, (host_info64_t)&vm, &count) !=
        KERN_SUCCESS) {
        return 0;
    }
    /* free_count holds the speculative pages already */
    return ((uint64_t)vm.free_count + vm.inactive_count + vm.purgeable_count) *
           (uint64_t)getpagesize();
}

uint64_t hr_memory_resident(void)
{
    task_vm_info_data_t info;
    mach_msg_type_number_t count = TASK_VM_INFO_COUNT;

    if (task_info(mach_task_self(), TASK_VM_INFO, (task_info_t)&info, &count) != KERN_SUCCESS) {
        return 0;
    }
    return info.phys_footprint; /* compressed pages included: what the process costs the host */
}

uint64_t hr_memory_resident_peak(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) ? 0 : (uint64_t)usage.ru_maxrss; /* in bytes here */
}

void hr_memory_trim(void)
{
    malloc_zone_pressure_relief(NULL, 0);
}

int hr_pages_huge_allow(bool on)
{
    return on ? 0 : hr_fail(ENOTSUP, "macOS has one size of page");
}
