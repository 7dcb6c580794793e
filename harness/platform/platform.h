/*
 * platform.h - what differs between operating systems, behind one surface.
 *
 * platform/linux and platform/macos each implement all of it; the Makefile picks the folder. What a
 * system cannot do returns -ENOTSUP with a message: never a silent stub. Facts about the
 * host are the probes' work; this is what the harness needs to *do*.
 */
#ifndef HR_PLATFORM_H
#define HR_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- threads ---- */
/* Binds the calling thread to one logical processor; -1 releases it. */
int hr_thread_pin(int cpu);
/* Real-time priority (the lowest that there is: above all that has none) for the calling thread and
 * the processes that it forks; false takes it back. -EPERM, -ENOTSUP. */
int hr_thread_realtime(bool on);
int hr_thread_cpu(void);                 /* where it runs now, or -ENOTSUP */
int hr_cpus_allowed(int *cpus, int max); /* the logical processors this process may use; how many */

/* ---- memory ---- */
enum hr_pages { HR_PAGES_BASE, HR_PAGES_HUGE };
struct hr_region {
    void *at;
    size_t bytes;
    enum hr_pages pages; /* what was asked for; huge is best effort, see hr_region_huge_bytes */
    size_t
        mapped_bytes; /* address space taken: whole pages, and what the back end keeps round it */
};
/* Zeroed, lazily backed memory. -ENOMEM. */
int hr_region_map(struct hr_region *region, size_t bytes, enum hr_pages pages);
void hr_region_unmap(struct hr_region *region);
size_t hr_region_huge_bytes(
    const struct hr_region *region); /* really backed by huge pages; 0 if unknown */
/* Whether memory that this process touches from now on may be in huge pages at all, whoever asks for
 * them. -ENOTSUP. */
int hr_pages_huge_allow(bool on);
uint64_t hr_memory_available(
    void); /* bytes that can be used without swapping, cgroup limits included */
uint64_t hr_memory_resident(void); /* RSS of this process, bytes */
uint64_t hr_memory_resident_peak(void); /* the most it ever was, bytes; 0 if unknown */
/* Gives back what the allocator keeps of freed memory, so that what is allocated next grows the
 * RSS. Best effort. */
void hr_memory_trim(void);

/* ---- files ---- */
/* What was written is on the disk, as far as the disk tells, with what is needed to read it again.
 * -errno, without a message: nothing is known then of what was written since the last good one, and
 * asking again may be answered with a yes that is none. */
int hr_file_sync(int fd);

/* ---- network interfaces ---- */
const char *hr_nic_loopback(void);
/* What crossed it since it is there, whoever sent it; to be subtracted. -ENOTSUP. */
struct hr_nic_bytes {
    uint64_t sent, received;
};
int hr_nic_bytes(const char *name, struct hr_nic_bytes *bytes);

/* ---- the program ---- */
int hr_program_path(char *path, size_t bytes); /* 0, or -errno */
/* What this start of the operating system calls itself: the same in all its containers, another on
 * every other machine. "" if it does not say. */
#define HR_BOOT_ID_MAX 64
void hr_boot_id(char id[HR_BOOT_ID_MAX]);

/* ---- what disturbed a measurement: counters to be subtracted ---- */
struct hr_disturbance {
    int64_t major_faults, minor_faults;
    int64_t switches_involuntary; /* of the calling thread where the system tells */
    int64_t swap_bytes;     /* of the host, in use; -1 unknown */
    int64_t steal_ticks;    /* of the host, USER_HZ; -1 unknown */
    int64_t throttle_count; /* thermal throttle events; -1 unknown */
    int64_t frequency_khz;  /* of the current processor; -1 unknown */
};
void hr_disturbance_read(struct hr_disturbance *d);

#endif
