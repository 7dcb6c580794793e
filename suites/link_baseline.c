/*
 * link_baseline.c - libiperf over loopback, in processes of its own, in the same run.
 *
 * The library is opened at run time and only in the children: it keeps its state in globals, prints
 * on standard output and brings libraries of its own. One stream, as the paths' one server has one
 * thread. It cannot see what smaller messages would reach.
 */
#include "suites/link_baseline.h"

#include "harness/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES 150
#define TRY_MS 20

struct iperf_test;

/* What is used of iperf_api.h (3.x), whose functions have not changed since 3.1. */
struct iperf {
    struct iperf_test *(*new_test)(void);
    int (*defaults)(struct iperf_test *);
    void (*set_role)(struct iperf_test *, char);
    void (*set_port)(struct iperf_test *, int);
    void (*set_host)(struct iperf_test *, const char *);
    void (*set_duration)(struct iperf_test *, int);
    void (*set_json)(struct iperf_test *, int);
    void (*set_congestion)(struct iperf_test *, char *);
    void (*set_bind)(struct iperf_test *, const char *);
    int (*run_client)(struct iperf_test *);
    int (*run_server)(struct iperf_test *);
    char *(*json)(struct iperf_test *);
};

static const struct {
    const char *name;
    size_t at;
} functions[] = {
    {"iperf_new_test", offsetof(struct iperf, new_test)},
    {"iperf_defaults", offsetof(struct iperf, defaults)},
    {"iperf_set_test_role", offsetof(struct iperf, set_role)},
    {"iperf_set_test_server_port", offsetof(struct iperf, set_port)},
    {"iperf_set_test_server_hostname", offsetof(struct iperf, set_host)},
    {"iperf_set_test_duration", offsetof(struct iperf, set_duration)},
    {"iperf_set_test_json_output", offsetof(struct iperf, set_json)},
    {"iperf_set_test_congestion_control", offsetof(struct iperf, set_congestion)},
    {"iperf_set_test_bind_address", offsetof(struct iperf, set_bind)},
    {"iperf_run_client", offsetof(struct iperf, run_client)},
    {"iperf_run_server", offsetof(struct iperf, run_server)},
    {"iperf_get_test_json_output_string", offsetof(struct iperf, json)},
};

static bool load(struct iperf *iperf)
{
    static const char *const names[] = {"libiperf.so.0", "libiperf.so", "libiperf.dylib",
                                        "/opt/homebrew/lib/libiperf.dylib"};
    void *library = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !library; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    for (size_t i = 0; library && i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *symbol = dlsym(library, functions[i].name);

        if (!symbol) {
            return false;
        }
        memcpy((char *)iperf + functions[i].at, &symbol, sizeof(symbol));
    }
    return library != NULL;
}

static struct iperf_test *test_of(const struct iperf *iperf, char role, int port)
{
    struct iperf_test *test = iperf->new_test();

    if (test) {
        iperf->defaults(test);
        iperf->set_role(test, role);
        iperf->set_port(test, port);
    }
    return test;
}

/* Until its parent kills it: a client whose try failed comes again. */
static void serve(int port)
{
    struct iperf iperf;
    struct iperf_test *test;

    while (load(&iperf) && (test = test_of(&iperf, 's', port))) {
        iperf.set_bind(test, "127.0.0.1");
        if (iperf.run_server(test) < 0) {
            nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
        }
    }
    _exit(0);
}

static void silence(void)
{
    int null = open("/dev/null", O_WRONLY);

    if (null >= 0) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
}

/* What the client's process tells its parent. */
struct told {
    double bits_per_s; /* NAN: why says why not */
    char why[160];
};

static double received(const char *text)
{
    json_t *all = text ? json_loads(text, 0, NULL) : NULL;
    double bits = json_number_value(json_object_get(
        json_object_get(json_object_get(all, "end"), "sum_received"), "bits_per_second"));

    json_decref(all);
    return bits > 0 ? bits : (double)NAN;
}

/* One try, with a test of its own: one that failed keeps what it failed with. NAN: the server was
 * not there yet. */
static double measured(const struct iperf *iperf, int port, int seconds, char *congestion)
{
    struct iperf_test *test = test_of(iperf, 'c', port);

    if (test) {
        iperf->set_host(test, "127.0.0.1");
        iperf->set_duration(test, seconds);
        iperf->set_json(test, 1);
        if (*congestion) {
            iperf->set_congestion(test, congestion);
        }
        if (iperf->run_client(test) == 0) {
            return received(iperf->json(test));
        }
    }
    nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
    return (double)NAN;
}

static void client(int out, int port, int seconds, const char *congestion)
{
    struct told told = {.bits_per_s = (double)NAN};
    struct iperf iperf;
    char control[32];

    snprintf(control, sizeof(control), "%s", congestion);
    if (!load(&iperf)) {
        snprintf(told.why, sizeof(told.why), "libiperf is not installed (package iperf3)");
    } else {
        silence();
        for (int i = 0; i < TRIES && isnan(told.bits_per_s); i++) {
            told.bits_per_s = measured(&iperf, port, seconds, control);
        }
        if (isnan(told.bits_per_s)) {
            snprintf(told.why, sizeof(told.why),
                     "libiperf's client and server did not come together");
        }
    }
    _exit(write(out, &told, sizeof(told)) == (ssize_t)sizeof(told) ? 0 : 1);
}

/* A port of loopback that nobody has just now. */
static int free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0), port = -1;

    if (fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
        getsockname(fd, (struct sockaddr *)&in, &size) == 0) {
        port = ntohs(in.sin_port);
    }
    if (fd >= 0) {
        close(fd);
    }
    return port;
}

static void ask(int seconds, const char *congestion, struct told *told)
{
    int port = free_port(), pipes[2];
    pid_t server, sender;

    *told = (struct told){.bits_per_s = (double)NAN, .why = "no processes for libiperf"};
    if (port < 0 || pipe(pipes)) {
        return;
    }
    fflush(NULL);
    server = fork();
    if (server == 0) {
        silence();
        serve(port);
    }
    sender = fork();
    if (sender == 0) {
        client(pipes[1], port, seconds, congestion);
    }
    close(pipes[1]);
    if (read(pipes[0], told, sizeof(*told)) != (ssize_t)sizeof(*told)) {
        *told = (struct told){.bits_per_s = (double)NAN,
                              .why = "libiperf's process ended without a word"};
    }
    close(pipes[0]);
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    if (sender > 0) {
        waitpid(sender, NULL, 0);
    }
}

void hr_link_check(struct hr_checks *checks, const struct hr_link_seen *seen)
{
    if (isfinite(seen->link)) {
        hr_check_most(checks, "goodput_over_link",
                      fmax(seen->orders, seen->events) / seen->link * 100, 100, 100, "%");
    }
    if (isfinite(seen->nic)) {
        hr_check_most(checks, "goodput_over_nic", (seen->orders + seen->events) / seen->nic * 100,
                      100, 100, "%");
    }
}

int hr_link_baseline(struct hr_bench *bench, json_t *suite, const char *suite_name,
                     double *bits_per_s)
{
    const struct hr_config *config = bench->rig.config;
    int seconds = (int)(hr_config_count(config, "network.baseline") / 1000000000u);
    const char *congestion = hr_config_text(config, "network.congestion");
    struct told told;
    char id[256];
    json_t *c, *params;

    *bits_per_s = (double)NAN;
    hr_case_id(&bench->rig, suite_name, "libiperf", id, sizeof(id));
    if (seconds == 0 || !hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params =
        json_pack("{s:s, s:i, s:i}", "congestion", congestion, "seconds", seconds, "streams", 1);
    if (bench->rig.plan) {
        json_array_append_new(json_object_get(bench->rig.plan, "cases"),
                              json_pack("{s:s, s:o, s:i, s:f}", "id", id, "params", params, "runs",
                                        1, "seconds", (double)seconds));
        bench->rig.planned_s += seconds;
        return 0;
    }
    ask(seconds, congestion, &told);
    c = hr_measure_refuse(
        &bench->rig, suite, suite_name, "libiperf", params,
        isnan(told.bits_per_s) ? HR_SKIP : HR_PASS, isnan(told.bits_per_s) ? told.why : NULL,
        isnan(told.bits_per_s) ? "install iperf3, or set network.baseline to 0s" : NULL);
    json_decref(params);
    if (isnan(told.bits_per_s)) {
        hr_case_metric_null(c, "goodput", "bits/s", told.why);
    } else {
        hr_case_metric(c, &(struct hr_metric){.name = "goodput",
                                              .unit = "bits/s",
                                              .higher = true,
                                              .samples = &told.bits_per_s,
                                              .n = 1});
    }
    *bits_per_s = told.bits_per_s;
    return 0;
}
