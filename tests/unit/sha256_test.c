/* sha256_test.c - the hash equals the published examples, in pieces of any size, and the plain
 * C steps equal whatever this processor used. */
#include "harness/sha256.h"
#include "tests/test.h"

TEST(sha256, published_examples)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    struct hr_sha256 s;
    char hex[65];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hr_sha256_init(&s);
        hr_sha256_update(&s, cases[i].text, strlen(cases[i].text));
        hr_sha256_hex(&s, hex);
        CHECK_STR(hex, cases[i].hex);
    }
    hr_sha256_init(&s);
    for (int i = 0; i < 1000000; i++) {
        hr_sha256_update(&s, "a", 1);
    }
    hr_sha256_hex(&s, hex);
    CHECK_STR(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, pieces_and_plain_steps_agree)
{
    uint8_t data[64 * 9];
    char whole[65], pieces[65];
    struct hr_sha256 s;

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t size = 0; size <= sizeof(data); size += 13) {
        hr_sha256_init(&s);
        hr_sha256_update(&s, data, size);
        hr_sha256_hex(&s, whole);
        hr_sha256_init(&s);
        for (size_t at = 0, step = 1; at < size; at += step, step = step % 70 + 7) {
            hr_sha256_update(&s, data + at, step < size - at ? step : size - at);
        }
        hr_sha256_hex(&s, pieces);
        CHECK_STR(pieces, whole);
    }
    hr_sha256_init(&s);
    uint32_t plain[8];
    memcpy(plain, s.state, sizeof(plain));
    hr_sha256_blocks_plain(plain, data, 9);
    hr_sha256_update(&s, data, sizeof(data));
    CHECK(memcmp(plain, s.state, sizeof(plain)) == 0);
}
