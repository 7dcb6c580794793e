/* crypto_suite_test.c - does the crypto suite measure what it says: every order through, the bytes
 * that sealing adds, keys renewed as often as asked for, and the library named with each figure? */
#include "harness/crypto.h"
#include "harness/error.h"
#include "suites/framing.h"
#include "tests/unit/small_rig.h"

#include <string.h>

static const json_t *find(const json_t *list, const char *key, const char *end)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *text = json_string_value(json_object_get(item, key));
        size_t length = text ? strlen(text) : 0;

        if (length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0) {
            return item;
        }
    }
    FAIL("nothing ends in %s", end);
    return NULL;
}

static double figure(const json_t *suite, const char *name, const char *metric)
{
    const json_t *c = find(json_object_get(suite, "cases"), "id", name);

    return json_number_value(
        json_object_get(find(json_object_get(c, "metrics"), "name", metric), "estimate"));
}

TEST(crypto_suite, figures_are_of_what_went_through)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const struct hr_suite_ops *ops = hr_suite_find("crypto");
    const json_t *c;
    size_t i;

    if (hr_crypto_available()) {
        small_rig_free(small);
        SKIP("no OpenSSL 3.5");
    }
    CHECK_EQ(ops->run(&small->bench, small->suite), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 5);
    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        const json_t *params = json_object_get(c, "params");

        CHECK_STR(json_string_value(json_object_get(c, "status")), "pass");
        CHECK_STR(json_string_value(json_object_get(params, "library")), hr_crypto_version());
        CHECK_STR(json_string_value(json_object_get(params, "processor")), hr_crypto_processor());
    }
    CHECK_NEAR(figure(small->suite, "/seal/batch=1", "wire_bytes"), 88, 1e-9);
    CHECK_NEAR(figure(small->suite, "/seal/batch=1", "overhead_bytes"), 28, 1e-9);
    /* 4000 orders are 15 whole records of 256 and one of 160 */
    CHECK_NEAR(figure(small->suite, "/seal/batch=256", "overhead_bytes"), 28 * 16 / 4000.0, 1e-9);
    CHECK_NEAR(figure(small->suite, "/seal/batch=1", "orders_10g"), 10e9 / 8 * (1448.0 / 1538) / 88,
               1);
    CHECK_EQ(figure(small->suite, "/seal/batch=1", "renewals"), 0);
    CHECK_EQ(figure(small->suite, "renewed=64", "renewals"), (250 - 1) / 64);
    CHECK(figure(small->suite, "/handshake", "handshakes") > 0);
    CHECK(figure(small->suite, "/handshake/parts", "sign_mean") > 0);
    small_rig_free(small);
}

TEST(crypto_suite, without_openssl_it_is_skipped_with_the_reason)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *c;

    if (!hr_crypto_available()) {
        small_rig_free(small);
        SKIP("there is an OpenSSL 3.5");
    }
    CHECK_EQ(hr_suite_find("crypto")->run(&small->bench, small->suite), 0);
    c = find(json_object_get(small->suite, "cases"), "id", "/handshake");
    CHECK_STR(json_string_value(json_object_get(c, "status")), "skip");
    CHECK(strstr(json_string_value(json_object_get(c, "reason")), "OpenSSL") != NULL);
    small_rig_free(small);
}

TEST(crypto_suite, what_a_link_leaves)
{
    CHECK_NEAR(hr_link_payload_share(1500), 0.9415, 1e-4); /* of which 10 Gb/s are 9.415 */
    CHECK_NEAR(hr_link_payload_share(9000), 0.9900, 1e-4);
}
