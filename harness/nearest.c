/* nearest.c - which known name was meant? Edit distance by dynamic programming over three rows.
 * Words beyond WORD_MAX bytes are compared by their beginning; bytes are compared, not characters.
 */
#include "harness/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64u

static unsigned min2(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *now = rows[i % 3], *before = rows[(i - 1) % 3], *before2 = rows[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

            now[j] = min2(min2(before[j], now[j - 1]) + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2])) {
                now[j] = min2(now[j], before2[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

bool hr_nearest_offer(struct hr_nearest *nearest, const char *name)
{
    size_t word_length = strnlen(nearest->word, WORD_MAX), name_length = strnlen(name, WORD_MAX);
    unsigned d = distance(nearest->word, word_length, name, name_length);

    if (word_length >= 2 && strncasecmp(nearest->word, name, word_length) == 0) {
        d = 1;
    }
    if (nearest->name[0] && d >= nearest->distance) {
        return false;
    }
    snprintf(nearest->name, sizeof(nearest->name), "%s", name);
    nearest->distance = d;
    return true;
}

const char *hr_nearest_name(const struct hr_nearest *nearest)
{
    size_t length = strnlen(nearest->word, WORD_MAX);

    return nearest->name[0] && nearest->distance <= 1 + length / 4 ? nearest->name : NULL;
}
