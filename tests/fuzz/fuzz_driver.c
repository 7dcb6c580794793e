/* fuzz_driver.c - runs a fuzz target without a fuzzer: mutates its seeds, deterministically, a
 * fixed number of times. Usage: TARGET [SEED-FOLDER]. HEADROOM_FUZZ_COUNT says how many inputs
 * (20000), HEADROOM_FUZZ_ONE=N runs only the Nth, which is what a failure names. It sees no
 * coverage: it repeats, it does not search. */
#include "harness/random.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEEDS_MAX 256
#define INPUT_MAX 65536u

struct seed {
    uint8_t *data;
    size_t size;
};

static struct seed seeds[SEEDS_MAX];
static int seed_count;
static volatile unsigned long running;

/* Sanitizers call this before they end the process; plain crashes come as signals. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void tell(void)
{
    char text[96];
    int length =
        snprintf(text, sizeof(text), "failed on input %lu: HEADROOM_FUZZ_ONE=%lu repeats it\n",
                 running, running);

    (void)!write(STDERR_FILENO, text, (size_t)length);
}

static void on_signal(int number)
{
    tell();
    signal(number, SIG_DFL);
    raise(number);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name,
                  (*b)->d_name); /* not alphasort: the order must not hang on the locale */
}

static void read_seed(const char *folder, const char *name)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = name[0] == '.' ? NULL : fopen(path, "rb");
    if (!file || seed_count == SEEDS_MAX) {
        return;
    }
    struct seed *seed = &seeds[seed_count++];
    seed->data = malloc(INPUT_MAX);
    seed->size = seed->data ? fread(seed->data, 1, INPUT_MAX, file) : 0;
    fclose(file);
}

static void read_seeds(const char *folder)
{
    struct dirent **entries = NULL;
    int n = folder ? scandir(folder, &entries, NULL, by_name) : 0;

    for (int i = 0; i < n; i++) {
        read_seed(folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* One change: of a bit, a byte, a number's digit, or of a stretch that is removed, doubled or taken
 * from another seed. Returns the new size. */
static size_t mutate(struct hr_random *r, uint8_t *data, size_t size)
{
    static const uint8_t odd[] = {0,    1,   0x7F, 0x80, 0xFF, ' ', ',', '\n',
                                  '\r', '-', '0',  '9',  '#',  '"', ':'};
    size_t at = size ? hr_random_below(r, (uint32_t)size) : 0;
    size_t length = 1 + hr_random_below(r, hr_random_below(r, 4) ? 8 : 256);

    switch (hr_random_below(r, 8)) {
    case 0:
        data[at] ^= (uint8_t)(1u << hr_random_below(r, 8));
        break;
    case 1:
        data[at] = (uint8_t)hr_random_u64(r);
        break;
    case 2:
        data[at] = odd[hr_random_below(r, sizeof(odd))];
        break;
    case 3:
        data[at] = (uint8_t)('0' + hr_random_below(r, 10));
        break;
    case 4: /* remove */
        length = length < size - at ? length : size - at;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 5: /* double */
        length = length < size - at ? length : size - at;
        length = length < INPUT_MAX - size ? length : INPUT_MAX - size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    case 6: { /* from another */
        const struct seed *other =
            seed_count ? &seeds[hr_random_below(r, (uint32_t)seed_count)] : NULL;
        size_t from = other && other->size ? hr_random_below(r, (uint32_t)other->size) : 0;

        length = other && length < other->size - from ? length : 0;
        length = length < INPUT_MAX - at ? length : INPUT_MAX - at;
        if (length) {
            memcpy(data + at, other->data + from, length);
        }
        return at + length > size ? at + length : size;
    }
    default: /* cut */
        return hr_random_below(r, 4) ? size : at;
    }
    return size ? size : 1;
}

static void run_one(unsigned long number)
{
    static uint8_t work[INPUT_MAX];
    struct hr_random r;
    size_t size = 0;
    uint8_t *exact;

    hr_random_init(&r, number, 0);
    if (seed_count) { /* the seeds as they are come first */
        const struct seed *seed = number < (unsigned long)seed_count
                                      ? &seeds[number]
                                      : &seeds[hr_random_below(&r, (uint32_t)seed_count)];

        size = seed->size;
        memcpy(work, seed->data, size);
    }
    if (number >= (unsigned long)seed_count) {
        for (uint32_t n = 1 + hr_random_below(&r, 6); n > 0; n--) {
            size = mutate(&r, work, size);
        }
    }
    exact = malloc(size ? size : 1); /* so that a sanitizer sees one byte too many */
    if (!exact) {
        abort();
    }
    memcpy(exact, work, size);
    running = number;
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv)
{
    const char *count_text = getenv("HEADROOM_FUZZ_COUNT"), *one = getenv("HEADROOM_FUZZ_ONE");
    unsigned long count = count_text ? strtoul(count_text, NULL, 10) : 20000;
    const char *name = strrchr(argv[0], '/');

    read_seeds(argc > 1 ? argv[1] : NULL);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(tell);
    } else {
        signal(SIGSEGV, on_signal);
        signal(SIGBUS, on_signal);
        signal(SIGFPE, on_signal);
    }
    signal(SIGABRT, on_signal);
    if (one) {
        run_one(strtoul(one, NULL, 10));
        count = 1;
    } else {
        for (unsigned long i = 0; i < count; i++) {
            run_one(i);
        }
    }
    printf("%s: %lu inputs from %d seeds\n", name ? name + 1 : argv[0], count, seed_count);
    for (int i = 0; i < seed_count; i++) {
        free(seeds[i].data);
    }
    return 0;
}
