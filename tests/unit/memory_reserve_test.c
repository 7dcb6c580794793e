/* memory_reserve_test.c - is what was reserved really held, and really given back? */
#include "harness/memory_reserve.h"
#include "tests/test.h"

TEST(memory_reserve, is_held_and_given_back_piece_by_piece)
{
    const uint64_t mib = 1u << 20;
    struct hr_reserve reserve;
    uint64_t before = hr_memory_resident();

    CHECK_EQ(hr_reserve_open(&reserve, 200 * mib), 0); /* whole pieces: 192 MiB */
    CHECK_EQ(reserve.bytes, 192 * mib);
    CHECK_EQ(hr_reserve_left(&reserve), 192 * mib);
    CHECK(reserve.ns > 0);
    CHECK(hr_memory_resident() - before > 180 * mib);
    hr_reserve_give(&reserve, 1);
    CHECK_EQ(hr_reserve_left(&reserve), 192 * mib);
    hr_reserve_give(&reserve, 0.5); /* no more than half is left */
    CHECK_EQ(hr_reserve_left(&reserve), 64 * mib);
    hr_reserve_give(&reserve, 0.9); /* and nothing comes back */
    CHECK_EQ(hr_reserve_left(&reserve), 64 * mib);
    hr_reserve_close(&reserve);
    CHECK_EQ(hr_reserve_left(&reserve), 0);
    CHECK(hr_memory_resident() < before + 20 * mib);
}

TEST(memory_reserve, nothing_is_a_reserve_too)
{
    struct hr_reserve none = {.pieces = NULL}, small;

    hr_reserve_give(&none, 0);
    hr_reserve_close(&none);
    CHECK_EQ(hr_reserve_open(&small, 1000), 0);
    CHECK_EQ(hr_reserve_left(&small), 0);
    hr_reserve_close(&small);
}
