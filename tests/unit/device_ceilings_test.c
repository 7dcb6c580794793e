/* device_ceilings_test.c - are a device's ceilings measured, checked, and told where there are
 * none?
 */
#include "engine-under-test/device/device_ceilings.h"
#include "harness/error.h"
#include "tests/test.h"

#include <errno.h>

#define SECONDS 0.01
#define BYTES_MAX ((uint64_t)4 << 20)

static const struct eut_device_ceiling *row_of(const struct eut_device_ceilings *c,
                                               const char *name)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (strcmp(c->row[i].name, name) == 0) {
            return &c->row[i];
        }
    }
    FAIL("no row %s", name);
    return NULL;
}

TEST(device_ceilings, the_host_has_all_but_copies)
{
    static struct eut_device_ceilings c;
    static const char *const rates[] = {
        "copy",   "lines/bytes=64", "lines/bytes=32", "chase/bytes=32",
        "launch", "round-trip",     "compares",       "compares/pairs=500000"};

    CHECK_EQ(eut_device_ceilings_measure(&eut_api_host, 0, SECONDS, BYTES_MAX, NULL, &c), 0);
    CHECK_STR(c.facts.api, "host");
    CHECK_EQ(c.count, 12);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        const struct eut_device_ceiling *row = row_of(&c, rates[i]);
        CHECK_EQ(row->n, EUT_DEVICE_CEILING_SAMPLES);
        CHECK(eut_device_ceiling(&c, rates[i]) > 0 && row->reason[0] == 0);
    }
    CHECK(!row_of(&c, "launch")->higher && row_of(&c, "copy")->higher);
    CHECK_EQ(row_of(&c, "to-host/pinned")->n, 0);
    CHECK(strstr(row_of(&c, "to-host/pinned")->reason, "one memory") != NULL);
    CHECK(eut_device_ceiling(&c, "to-host/pinned") == 0);
    CHECK(eut_device_ceiling(&c, "no such row") == 0);
}

static bool at_once(void)
{
    return true;
}

TEST(device_ceilings, end_when_told)
{
    static struct eut_device_ceilings c;

    CHECK_EQ(eut_device_ceilings_measure(&eut_api_host, 0, SECONDS, BYTES_MAX, at_once, &c),
             -EINTR);
    CHECK_EQ(c.count, 1);
    CHECK_EQ(c.row[0].n, 0);
}

/* The host, but for the last group of every launch. */
static struct eut_device_ops broken_ops;
static int (*host_launch)(struct eut_device *, uint32_t, struct eut_kernel *, uint32_t, uint32_t,
                          const struct eut_arg *, uint32_t);

static int launch_less(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                       uint32_t groups, uint32_t group_size, const struct eut_arg *args,
                       uint32_t count)
{
    return host_launch(device, queue, kernel, groups > 1 ? groups - 1 : 1, group_size, args, count);
}

static int open_broken(uint32_t number, struct eut_device **device)
{
    int rc = eut_api_host.open(number, device);

    CHECK_EQ(rc, 0);
    broken_ops = *(*device)->ops;
    host_launch = broken_ops.launch;
    broken_ops.launch = launch_less;
    (*device)->ops = &broken_ops;
    return 0;
}

TEST(device_ceilings, a_device_that_leaves_work_out_has_none)
{
    static struct eut_device_ceilings c;
    const struct eut_device_api broken = {.name = "broken", .open = open_broken};

    CHECK_EQ(eut_device_ceilings_measure(&broken, 0, SECONDS, BYTES_MAX, NULL, &c), -EIO);
    CHECK(strstr(hr_error(), "wrong") != NULL);
}

/* A GPU whose API does not tell its units, as Metal. */
static uint32_t most_groups;

static int launch_seen(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                       uint32_t groups, uint32_t group_size, const struct eut_arg *args,
                       uint32_t count)
{
    most_groups = groups > most_groups ? groups : most_groups;
    return host_launch(device, queue, kernel, groups, group_size, args, count);
}

static int open_silent(uint32_t number, struct eut_device **device)
{
    int rc = open_broken(number, device);

    broken_ops.launch = launch_seen;
    (*device)->facts.kind = EUT_DEVICE_GPU;
    (*device)->facts.compute_units = 0;
    return rc;
}

TEST(device_ceilings, a_gpu_of_untold_size_is_given_enough_to_do)
{
    static struct eut_device_ceilings c;
    const struct eut_device_api silent = {.name = "silent", .open = open_silent};

    CHECK_EQ(eut_device_ceilings_measure(&silent, 0, SECONDS, BYTES_MAX, NULL, &c), 0);
    CHECK(most_groups >= 500);
}

TEST(device_ceilings, a_device_that_is_not_there_is_told)
{
    static struct eut_device_ceilings c;

    CHECK_EQ(eut_device_ceilings_measure(&eut_api_host, 7, SECONDS, BYTES_MAX, NULL, &c), -ENODEV);
    CHECK_EQ(c.count, 0);
}
