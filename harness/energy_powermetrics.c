/*
 * energy_powermetrics.c - power as macOS's own tool prints it, summed up over its samples.
 *
 * powermetrics needs root rights. It runs beside the measuring as a child process that prints a
 * sample five times a second; a thread reads "(200.12ms elapsed)" and the sample's power, and adds
 * the product. The last sample may be STEP_S old: hence the least window.
 */
#include "harness/energy.h"
#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOOL "/usr/bin/powermetrics"
#define STEP_MS "200"
#define WINDOW_S 2.0 /* ten samples */
#define FIRST_SAMPLE_MS 5000

struct powermetrics {
    pid_t child;
    FILE *samples;
    pthread_t reader;
    atomic_ullong microjoules;
    atomic_bool over; /* the tool went away */
};

/* Watts in "Combined Power (CPU + GPU + ANE): 1234 mW" (Apple's processors) or "…package power
 * (CPUs+GT+SA): 1.23W" (Intel's); NAN for other lines. */
static double watts_in(const char *line)
{
    const char *colon = strrchr(line, ':');
    bool wanted = strstr(line, "Combined Power") || strstr(line, "package power (CPUs");
    char *end;
    double value;

    if (!wanted || !colon) {
        return (double)NAN;
    }
    value = strtod(colon + 1, &end);
    end += strspn(end, " ");
    return end == colon + 1             ? (double)NAN
           : strncmp(end, "mW", 2) == 0 ? value / 1e3
           : *end == 'W'                ? value
                                        : (double)NAN;
}

/* Seconds in "*** Sampled system activity (…) (200.12ms elapsed) ***"; NAN for other lines. */
static double elapsed_in(const char *line)
{
    const char *elapsed = strstr(line, "ms elapsed)"), *open = elapsed;

    while (open && open > line && *open != '(') {
        open--;
    }
    return elapsed && *open == '(' ? strtod(open + 1, NULL) / 1e3 : (double)NAN;
}

static void *read_samples(void *argument)
{
    struct powermetrics *p = argument;
    double elapsed_s = (double)NAN;
    char line[512];

    while (fgets(line, sizeof(line), p->samples)) {
        double s = elapsed_in(line), joules = elapsed_s * watts_in(line);

        if (!isnan(s)) {
            elapsed_s = s;
        } else if (joules >= 0 && joules < 1e6) {
            atomic_fetch_add(&p->microjoules, (unsigned long long)(joules * 1e6));
            elapsed_s = (double)NAN; /* one power a sample */
        }
    }
    atomic_store(&p->over, true);
    return NULL;
}

/* Its own process group, so that Ctrl-C, which is ours to answer, does not end it. */
static pid_t start(const char *tool, int out)
{
    pid_t child = fork();

    if (child == 0) {
        int null = open("/dev/null", O_RDWR);

        setpgid(0, 0);
        if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0) {
            _exit(126);
        }
        execl(tool, tool, "--samplers", "cpu_power", "-i", STEP_MS, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void powermetrics_close(void *self)
{
    struct powermetrics *p = self;

    kill(p->child, SIGKILL); /* it only reads */
    pthread_join(p->reader, NULL);
    waitpid(p->child, NULL, 0);
    fclose(p->samples);
    free(p);
}

static bool first_sample(struct powermetrics *p)
{
    for (int ms = 0; ms < FIRST_SAMPLE_MS && !atomic_load(&p->over); ms += 5) {
        if (atomic_load(&p->microjoules)) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}

static int powermetrics_open(void **self, const char *root, char *what, unsigned size)
{
    struct powermetrics *p;
    char tool[256];
    int ends[2];

    snprintf(tool, sizeof(tool), "%.200s" TOOL, root);
    if (access(tool, X_OK)) {
        return hr_fail(ENODEV, "only on macOS");
    }
    p = calloc(1, sizeof(*p));
    if (!p || pipe(ends)) {
        free(p);
        return hr_fail(ENOMEM, "no memory, or no pipe");
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    p->child = start(tool, ends[1]);
    close(ends[1]);
    p->samples = fdopen(ends[0], "r");
    if (p->child < 0 || !p->samples || pthread_create(&p->reader, NULL, read_samples, p)) {
        if (p->child > 0) {
            kill(p->child, SIGKILL);
            waitpid(p->child, NULL, 0);
        }
        p->samples ? (void)fclose(p->samples) : (void)close(ends[0]);
        free(p);
        return hr_fail(EAGAIN, TOOL " could not be started");
    }
    if (!first_sample(p)) {
        powermetrics_close(p);
        return hr_fail(EACCES, TOOL " gives no power: run as root");
    }
    snprintf(what, size, "processor, GPU and neural engine");
    *self = p;
    return 0;
}

static double powermetrics_joules(void *self)
{
    struct powermetrics *p = self;

    return atomic_load(&p->over) ? (double)NAN : (double)atomic_load(&p->microjoules) / 1e6;
}

const struct hr_energy_ops hr_energy_powermetrics = {.name = "powermetrics",
                                                     .window_s = WINDOW_S,
                                                     .open = powermetrics_open,
                                                     .joules = powermetrics_joules,
                                                     .close = powermetrics_close};
