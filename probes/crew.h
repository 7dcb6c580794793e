/*
 * crew.h - threads that do the same job at the same time, each bound, each with memory of its own.
 *
 * Each member maps its memory itself, so that on a NUMA host it lies near. A job is run by all at
 * once; its time is from the first start to the last end. One controlling thread.
 */
#ifndef HR_CREW_H
#define HR_CREW_H

#include "harness/platform/platform.h"

#include <stdint.h>

struct hr_crew;
struct hr_crew_member {
    struct hr_crew *crew;
    int number, cpu;
    struct hr_region region;
    uint64_t started_ns, ended_ns;
    volatile uint64_t result; /* keeps the work from being left out */
};
typedef void hr_crew_work(struct hr_crew_member *member, void *context);

/* One member per processor in cpus, bytes_each of huge pages for each, zeroed by its member.
 * 0, or -ENOMEM: no memory, or no threads. */
int hr_crew_start(struct hr_crew **crew, const int *cpus, int n, size_t bytes_each);
/* Runs the job in all members; seconds from the first start to the last end. */
double hr_crew_run(struct hr_crew *crew, hr_crew_work *work, void *context);
int hr_crew_size(const struct hr_crew *crew);
void hr_crew_stop(struct hr_crew *crew);

#endif
