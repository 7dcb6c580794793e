/* arrival.c - when is each request due? Times from the start for open-loop runs. Bursts: a
 * geometric number of requests at burst_factor times the rate, then a pause that brings the mean
 * back to it. */
#include "harness/flow.h"
#include "harness/portable_math.h"
#include "harness/random.h"

static double exponential(struct hr_random *r, double mean)
{
    return -mean * hr_portable_log(1 - hr_random_unit(r));
}

void hr_arrival_times(const struct hr_arrival *arrival, uint64_t *due_ns, uint64_t count)
{
    bool bursty = arrival->process == HR_ARRIVAL_BURSTY;
    double step_ns = 1e9 / arrival->rate, now_ns = 0;
    double burst = arrival->burst >= 1 ? arrival->burst : 1;
    double factor = arrival->burst_factor >= 1 ? arrival->burst_factor : 1;
    struct hr_random random;

    hr_random_init(&random, arrival->seed, 0);
    for (uint64_t i = 0; i < count; i++) {
        due_ns[i] = 0;
        switch (arrival->process) {
        case HR_ARRIVAL_BACK_TO_BACK:
            break;
        case HR_ARRIVAL_CONSTANT:
            due_ns[i] = (uint64_t)((double)i * step_ns);
            break;
        case HR_ARRIVAL_POISSON:
        case HR_ARRIVAL_BURSTY:
            now_ns += exponential(&random, bursty ? step_ns / factor : step_ns);
            if (bursty && hr_random_unit(&random) * burst < 1) {
                now_ns += exponential(&random, burst * step_ns * (1 - 1 / factor));
            }
            due_ns[i] = (uint64_t)now_ns;
            break;
        }
    }
}
