/* build_folder_test.c - where the tests find this variant's plug-ins. */
#include "tests/test.h"

#include <stdlib.h>

const char *hr_test_build(void)
{
    const char *folder = getenv("HEADROOM_TEST_BUILD");

    return folder ? folder : "build/release";
}

TEST(tests, the_build_folder_is_named)
{
    CHECK(strncmp(hr_test_build(), "build/", 6) == 0);
}
