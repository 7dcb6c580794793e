/* change_points_test.c - histories whose changes are known. */
#include "harness/change_points.h"
#include "harness/error.h"
#include "harness/random.h"
#include "tests/test.h"

#include <errno.h>
#include <math.h>

static struct hr_random stream;

/* About 0, within -1.5 … 1.5, standard deviation 0.5. */
static double noise(void)
{
    return hr_random_unit(&stream) + hr_random_unit(&stream) + hr_random_unit(&stream) - 1.5;
}

static void level(double *values, int from, int to, double middle, double share)
{
    for (int i = from; i < to; i++) {
        values[i] = middle * (1 + 2 * share * noise());
    }
}

TEST(change_points, a_step_is_found_where_it_is)
{
    double values[40];
    int at[40];

    hr_random_init(&stream, 7, 0);
    level(values, 0, 24, 100, 0.01);
    level(values, 24, 40, 95, 0.01);
    CHECK_EQ(hr_change_points(values, 40, at), 1);
    CHECK_NEAR(at[0], 24, 1);
}

TEST(change_points, two_steps_come_in_order)
{
    double values[60];
    int at[60];

    hr_random_init(&stream, 8, 0);
    level(values, 0, 20, 50e6, 0.01);
    level(values, 20, 40, 60e6, 0.01);
    level(values, 40, 60, 45e6, 0.01);
    CHECK_EQ(hr_change_points(values, 60, at), 2);
    CHECK_NEAR(at[0], 20, 1);
    CHECK_NEAR(at[1], 40, 1);
}

TEST(change_points, noise_seldom_changes)
{
    double values[30];
    int at[30], found = 0;

    hr_random_init(&stream, 9, 0);
    for (int history = 0; history < 200; history++) {
        level(values, 0, 30, 100, 0.02);
        found += hr_change_points(values, 30, at) > 0;
    }
    CHECK(found <= 12); /* 2 % of 200, and luck */
}

TEST(change_points, one_bad_day_is_no_change)
{
    double values[30];
    int at[30];

    hr_random_init(&stream, 10, 0);
    level(values, 0, 30, 100, 0.01);
    values[14] = 60;
    CHECK_EQ(hr_change_points(values, 30, at), 0);
}

TEST(change_points, short_flat_and_broken_histories)
{
    static const double flat[] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7}, broken[] = {1, 2, NAN};
    static double many[HR_CHANGE_VALUES_MAX + 1];
    static int at[HR_CHANGE_VALUES_MAX + 1];

    CHECK_EQ(hr_change_points(flat, 10, at), 0);
    CHECK_EQ(hr_change_points(flat, 3, at), 0);
    CHECK_EQ(hr_change_points(flat, 0, at), 0);
    CHECK_EQ(hr_change_points(broken, 3, at), -EINVAL);
    CHECK_EQ(hr_change_points(many, HR_CHANGE_VALUES_MAX + 1, at), -EINVAL);
}
