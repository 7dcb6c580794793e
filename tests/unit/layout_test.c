/* layout_test.c - has every market one owner, and is every other layout refused with its line? */
#include "harness/error.h"
#include "harness/layout.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

static struct hr_layout layout;

static int parse(const char *text)
{
    hr_error_clear();
    return hr_layout_parse(&layout, text, strlen(text), "l.yaml");
}

TEST(layout, samples_are_read)
{
    CHECK_EQ(hr_layout_read(&layout, "documents"), 0);
    CHECK_EQ(layout.nodes, 3);
    CHECK_EQ(layout.markets, 5000001);
    CHECK_EQ(layout.bounds[1], 1666667);
    CHECK_EQ(layout.bounds[2], 3333334);
    CHECK_EQ(layout.bounds[3], 5000001);
    CHECK_EQ(hr_layout_read(&layout, "halves"), 0);
    CHECK_EQ(layout.nodes, 2);
    CHECK_EQ(hr_layout_read(&layout, "configs/layouts/heavy-first.yaml"), 0);
    CHECK(layout.uneven);
    CHECK_EQ(hr_layout_read(&layout, "nowhere"), -ENOENT);
    CHECK(strstr(hr_error(), "nowhere.yaml") != NULL);
}

#define NODE(n, first, last) "node" #n ":\n  first: " #first "\n  last: " #last "\n"

TEST(layout, what_is_wrong_is_told_with_its_line)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "l.yaml:1: "},
        {"markets: 10\n", "l.yaml:1: no node"},
        {NODE(1, 0, 9), "l.yaml:1: no `markets:`"},
        {"markets: 0\n" NODE(1, 0, 9), "l.yaml:1: no `markets:`"},
        {"markets: 10\n" NODE(1, 0, 4) NODE(2, 4, 9),
         "l.yaml:7: node2 overlaps node1: it begins at market 4"},
        {"markets: 10\n" NODE(1, 0, 4) NODE(2, 6, 9),
         "l.yaml:7: no node owns market 5: let node2 begin at 5"},
        {"markets: 10\n" NODE(1, 1, 4) NODE(2, 5, 9),
         "l.yaml:4: no node owns market 0: let node1 begin at 0"},
        {"markets: 10\n" NODE(1, 0, 2) NODE(2, 6, 9),
         "l.yaml:7: no node owns markets from 3: let node2"},
        {"markets: 10\n" NODE(1, 0, 4) NODE(2, 5, 8),
         "l.yaml:7: node2 ends at market 8, but markets: 10 makes the last one 9"},
        {"markets: 10\n" NODE(1, 0, 4) NODE(2, 5, 10), "l.yaml:7: node2 ends at market 10"},
        {"markets: 10\n" NODE(1, 0, 6) NODE(2, 7, 9),
         "l.yaml:4: node1 owns 7 markets and another 3: write `uneven: true`"},
        {"markets: 10\n" NODE(1, 4, 0) NODE(2, 5, 9), "l.yaml:4: node1: last 0 is before first 4"},
        {"markets: 10\nnode1:\n  first: 0\n", "l.yaml:3: node1 has no last"},
        {"markets: 10\nnode1:\n  last: 9\n", "l.yaml:3: node1 has no first"},
        {"markets: 10\n" NODE(2, 0, 9), "l.yaml:3: node2.first, but there is no node1"},
        {"markets: 10\n" NODE(1, 0, x), "l.yaml:4: node1.last: 'x' is not a whole number"},
        {"markets: 10\n" NODE(1, -1, 9), "l.yaml:3: node1.first: '-1' is not a whole number"},
        {"markets: 10\n" NODE(1, 0, 99999999999999999999), "l.yaml:4: node1.last: "},
        {"markets: [10, 11]\n" NODE(1, 0, 9), "l.yaml:1: markets: "},
        {"markets: 10\nuneven: perhaps\n", "l.yaml:2: uneven: 'perhaps' is neither true nor false"},
        {"markets: 10\nnode1:\n  firts: 0\n", "l.yaml:3: node1.firts is not known"},
        {"market: 10\n", "l.yaml:1: market is not known"},
        {"markets: 10\nnode0:\n  first: 0\n", "l.yaml:3: node0.first is not known"},
        {"markets: 10\nnode1025:\n  first: 0\n", "l.yaml:3: node1025.first is not known"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (parse(rows[i].text) != -EINVAL || !strstr(hr_error(), rows[i].message)) {
            FAIL("row %zu: \"%s\", expected \"%s\"", i, hr_error(), rows[i].message);
        }
        CHECK(strchr(hr_error(), '\n') == NULL);
    }
}

TEST(layout, uneven_ranges_are_taken_when_meant)
{
    CHECK_EQ(parse("markets: 10\nuneven: true\n" NODE(1, 0, 6) NODE(2, 7, 9)), 0);
    CHECK_EQ(layout.bounds[1], 7);
    CHECK_EQ(parse("markets: 11\n" NODE(1, 0, 5) NODE(2, 6, 10)), 0); /* by one is even */
}

TEST(layout, it_scales_with_the_markets)
{
    CHECK_EQ(hr_layout_read(&layout, "documents"), 0);
    CHECK_EQ(hr_layout_scale(&layout, 300), 0);
    CHECK_EQ(layout.markets, 300);
    CHECK_EQ(layout.bounds[0], 0);
    CHECK_EQ(layout.bounds[1], 100);
    CHECK_EQ(layout.bounds[2], 200);
    CHECK_EQ(layout.bounds[3], 300);
    CHECK_EQ(hr_layout_scale(&layout, 2), -EINVAL);
}
