/* fact_test.c - the small parsers under the probes: text, numbers, lists, lines, folders. */
#include "harness/cgroup.h"
#include "probes/fact.h"
#include "tests/test.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *root, const char *name, const void *text, size_t bytes)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    CHECK(fwrite(text, 1, bytes, f) == bytes);
    fclose(f);
}

TEST(fact, numbers_in_text)
{
    int64_t value = 7;

    CHECK(hr_text_integer(" 42 \n", &value) && value == 42);
    CHECK(hr_text_integer("-1", &value) && value == -1);
    CHECK(hr_text_integer("0x1f", &value) && value == 31);
    value = 7;
    CHECK(!hr_text_integer("", &value) && !hr_text_integer("12kB", &value));
    CHECK(!hr_text_integer("99999999999999999999", &value) && !hr_text_integer("max", &value));
    CHECK_EQ(value, 7);
}

TEST(fact, values_of_lines)
{
    const char *text =
        "model\t\t: 17\nmodel name\t: A  B \nMemTotal:  8 kB\nX: 9223372036854775807 kB\n"
        "NAME=\"Debian\"\nempty:\nlast: yes";
    char value[64];
    int64_t number;

    CHECK(hr_lines_value(text, "model", ':', value, sizeof(value)));
    CHECK_STR(value, "17");
    CHECK(hr_lines_value(text, "model name", ':', value, sizeof(value)));
    CHECK_STR(value, "A  B");
    CHECK(hr_lines_integer(text, "MemTotal", ':', &number) && number == 8192);
    CHECK(!hr_lines_integer(text, "X", ':', &number)); /* would overflow */
    CHECK(hr_lines_value(text, "NAME", '=', value, sizeof(value)));
    CHECK_STR(value, "Debian");
    CHECK(hr_lines_value(text, "empty", ':', value, sizeof(value)));
    CHECK_STR(value, "");
    CHECK(hr_lines_value(text, "last", ':', value, 3));
    CHECK_STR(value, "ye");
    CHECK(!hr_lines_value(text, "mod", ':', value, sizeof(value)));
    CHECK(!hr_lines_value("", "model", ':', value, sizeof(value)));
}

TEST(fact, any_bytes_become_text)
{
    json_t *s = hr_fact_string(" a\xff\xc3\xa4\xed\xa0\x80 \x01z\n ");

    CHECK_STR(json_string_value(s), "a?ä???  z");
    json_decref(s);
    s = hr_fact_string(" \n");
    CHECK(json_is_null(json_object_get(s, "value")));
    json_decref(s);
}

TEST(fact, files_and_why_not)
{
    char root[] = "/tmp/headroom-fact.XXXXXX", path[64], *text;
    int64_t value;

    CHECK(mkdtemp(root) != NULL);
    put(root, "ten", "10\n", 3);
    put(root, "choice", "never [madvise] always", 22);
    put(root, "zeros", "a\0b\0", 4);
    put(root, "void", "", 0);
    snprintf(path, sizeof(path), "%s/fifo", root);
    CHECK_EQ(mkfifo(path, 0600), 0);
    CHECK(hr_fact_integer(&value, root, "/%s", "ten") && value == 10);
    json_t *fact = hr_fact_choice(root, "/choice");
    CHECK_STR(json_string_value(fact), "madvise");
    json_decref(fact);
    CHECK((text = hr_fact_read(root, "/zeros")) != NULL);
    CHECK_STR(text, "a\nb");
    free(text);
    CHECK(hr_fact_read(root, "/fifo") == NULL); /* must not wait for a writer */
    CHECK(hr_fact_read(root, "/absent") == NULL);
    fact = hr_fact_number(root, "/choice");
    CHECK_STR(json_string_value(json_object_get(fact, "reason")), "/choice: not a number");
    json_decref(fact);
    fact = hr_fact_text(root, "/absent");
    CHECK_STR(json_string_value(json_object_get(fact, "reason")), "/absent: not there");
    json_decref(fact);
    fact = hr_fact_text(root, "/void");
    CHECK_STR(json_string_value(json_object_get(fact, "reason")), "/void: empty");
    json_decref(fact);
    struct hr_names names;
    hr_names_read(&names, root, "%s", "");
    CHECK_EQ(names.count, 5);
    CHECK_STR(names.name[0], "choice");
    hr_names_free(&names);
    snprintf(path, sizeof(path), "rm -rf %s", root);
    CHECK_EQ(system(path), 0);
}

TEST(fact, the_tightest_control_group_counts)
{
    static const struct {
        const char *root;
        int version;
        uint64_t limit, available;
    } rows[] = {
        {"tests/golden/hosts/epyc-2x64/root", 2, UINT64_C(549755813888),
         UINT64_C(549755813888) - (UINT64_C(10737418240) - UINT64_C(2147483648))},
        {"tests/golden/hosts/vm-2cpu/root", 1, HR_CGROUP_UNLIMITED, HR_CGROUP_UNLIMITED},
        {"tests/golden/hosts/raspberry-pi-5/root", 2, HR_CGROUP_UNLIMITED, HR_CGROUP_UNLIMITED},
        {"tests/golden/hosts", 0, HR_CGROUP_UNLIMITED, HR_CGROUP_UNLIMITED},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct hr_cgroup group;
        hr_cgroup_read(&group, rows[i].root);
        CHECK_EQ(group.version, rows[i].version);
        CHECK_EQ(group.memory_limit_bytes, rows[i].limit);
        CHECK_EQ(group.memory_available_bytes, rows[i].available);
        CHECK(isinf(group.cpus));
    }
}
