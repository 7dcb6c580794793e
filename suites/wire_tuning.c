/*
 * wire_tuning.c - what does each thing that one can set on a host bring an order?
 *
 * The same orders with one thing set and without: the way over TCP with both sides where the
 * scheduler puts them, pinned, and pinned with real-time priority; looking all the while against
 * sleeping in epoll, and against a kernel that polls busily before it lets one sleep, which is over
 * a cable between two network namespaces, since loopback has no queue that could be polled; all in
 * turns. And, by call, a flow that no cache holds in small pages and in huge ones, one after the
 * other. Nothing of the host is changed: each is a setting of this process alone. What io_uring
 * brings is the difference of the round trips of tcp and uring. It cannot see what a network card's
 * settings bring: there is none.
 */
#include "suites/round_trip.h"

#include "suites/closed_run.h"

#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/platform/poller.h"

#include <errno.h>

#define SUITE "wire"
#define TUNINGS 7
#define BUSY_POLL_US 50 /* as `headroom tune` would set it for all */

/* ---- the way over TCP ------------------------------------------------------------------ */

struct tuned {
    const char *name;
    bool pinned, realtime, sleeps, busy_poll, cable;
    struct hr_round_trip trip;
};

/* The server's process is forked from this one, and has its priority. Who is not pinned may be
 * moved: that is what is measured then, and no check of it. */
static int tuned_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct tuned *tuned = c->context;
    const struct hr_rig *given = t->rig;
    struct hr_rig unpinned = *given;
    struct hr_case trip = *c;
    int rc = 0, back;

    trip.context = &tuned->trip;
    unpinned.cpu = -1;
    if (!tuned->pinned) {
        t->rig = &unpinned;
        rc = hr_thread_pin(-1);
    }
    if (rc == 0 && tuned->realtime) {
        rc = hr_thread_realtime(true);
    }
    rc = rc ? rc : hr_round_trip_trial(&trip, t);
    t->rig = given;
    back = tuned->realtime ? hr_thread_realtime(false) : 0;
    back = !tuned->pinned && given->cpu >= 0 ? hr_thread_pin(given->cpu) : back;
    return rc ? rc : back;
}

/* Why the process may not be given real-time priority, or NULL. */
static const char *no_realtime(void)
{
    return hr_thread_realtime(true) ? hr_error() : hr_thread_realtime(false) ? hr_error() : NULL;
}

/* Why a connection cannot be made this way, or NULL: one is tried. */
static const char *no_way(const struct hr_bench *bench, const struct hr_link_way *way)
{
    const struct hr_path_ops *ops = bench->rig.path;
    struct hr_path *path;
    int rc = bench->rig.plan
                 ? 0
                 : ops->open(&path, &(struct hr_path_params){
                                        .engine = bench->rig.engine,
                                        .limits = {.struct_size = sizeof(struct eut_limits),
                                                   .markets = 1,
                                                   .batch_max = 1,
                                                   .orders = 1,
                                                   .levels = 1},
                                        .cpu = -1,
                                        .way = way});

    if (rc == 0 && !bench->rig.plan) {
        ops->close(path);
    }
    return rc ? hr_error() : NULL;
}

/* Where the host polls all queues busily, sleeping would be measured as what it is held against. */
static const char *no_sleep(const struct tuned *tuned)
{
    return tuned->cable && tuned->sleeps && !tuned->busy_poll && hr_poller_all_busy()
               ? "this host polls busily before anybody sleeps (net.core.busy_poll)"
               : NULL;
}

/* Why one of them cannot be measured here, or NULL; what would help into *advice. */
static const char *refused(const struct hr_bench *bench, struct tuned *tuned,
                           struct hr_own_net *net, const char **advice)
{
    int other = hr_rig_other_cpu(&bench->rig);
    const char *why = tuned->cable ? hr_own_net_refused(bench, net) : NULL;

    *advice = "`headroom tune` says what this host allows";
    if (why) {
        *advice = HR_OWN_NET_ADVICE;
    } else if ((why = no_sleep(tuned))) {
        *advice = "measure it with `sysctl net.core.busy_poll=0`";
    } else if (tuned->busy_poll && !tuned->cable) {
        *advice = "a cable has one: see the same case over it";
    }
    tuned->trip.way = (struct hr_link_way){.cable = tuned->cable ? net->cable : NULL,
                                           .sleeps = tuned->sleeps,
                                           .busy_poll_us = tuned->busy_poll ? BUSY_POLL_US : 0};
    return other == HR_NO_OTHER_CPU       ? HR_WHY_OTHER_CPU
           : bench->rig.path->available() ? hr_error()
           : tuned->pinned && other < 0   ? "nothing is pinned in this run (run.pin)"
           : why                          ? why
           : tuned->realtime              ? no_realtime()
           : tuned->busy_poll             ? no_way(bench, &tuned->trip.way)
                                          : NULL;
}

struct round {
    struct tuned tuned[TUNINGS];
    struct hr_case cases[TUNINGS];
    struct hr_measured figures[HR_ROUND_TRIP_METRICS_MAX];
    struct hr_workload workload;
    int count;
};

static void add(struct hr_bench *bench, json_t *suite, struct round *round,
                const struct tuned *wanted, struct hr_own_net *net, json_t *params, double seconds)
{
    static const char *const histograms[] = {"latency", NULL};
    struct tuned tuned = *wanted;
    const char *advice, *why = refused(bench, &tuned, net, &advice);
    int n = round->count, other = hr_rig_other_cpu(&bench->rig);

    if (why) {
        hr_measure_refuse(&bench->rig, suite, SUITE, tuned.name, params, HR_SKIP, why, advice);
        return;
    }
    tuned.trip.workload = &round->workload;
    tuned.trip.server_cpu = tuned.pinned ? other : -1;
    round->tuned[n] = tuned;
    round->cases[n] = (struct hr_case){.suite = SUITE,
                                       .name = tuned.name,
                                       .params = json_incref(params),
                                       .metrics = round->figures,
                                       .metrics_count = HR_PERCENTILES + tuned.cable,
                                       .histograms = histograms,
                                       .run = tuned_trial,
                                       .context = round->tuned + n,
                                       .seconds = seconds};
    round->count++;
}

static int measure(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                   uint64_t orders, struct round *round)
{
    struct hr_measure_result results[TUNINGS];
    int rc = round->count ? hr_rig_workload(&bench->rig, flow, orders, &round->workload) : 0;

    for (int i = 0; i < round->count && rc && rc != -EINTR; i++) {
        hr_refuse_workload(bench, suite, SUITE, round->cases[i].name, round->cases[i].params, rc,
                           NULL);
    }
    if (rc || round->count == 0) {
        return rc == -EINTR ? rc : 0;
    }
    rc = hr_measure_in_turns(&bench->rig, suite, round->cases, round->count, results);
    for (int i = 0; i < round->count; i++) {
        hr_measure_result_free(results + i);
    }
    return rc;
}

static int over_tcp(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                    struct hr_own_net *net)
{
    static const struct tuned tunings[TUNINGS] = {
        {.name = "tuning=none"},
        {.name = "tuning=pinned", .pinned = true},
        {.name = "tuning=pinned,realtime", .pinned = true, .realtime = true},
        {.name = "tuning=pinned,sleeping", .pinned = true, .sleeps = true},
        {.name = "tuning=pinned,sleeping,busy_poll",
         .pinned = true,
         .sleeps = true,
         .busy_poll = true},
        {.name = "tuning=pinned,sleeping/cable=veth",
         .pinned = true,
         .sleeps = true,
         .cable = true},
        {.name = "tuning=pinned,sleeping,busy_poll/cable=veth",
         .pinned = true,
         .sleeps = true,
         .busy_poll = true,
         .cable = true}};
    uint64_t orders = hr_config_count(bench->rig.config, "wire.round_trips");
    struct round round = {.count = 0};
    int rc;

    hr_round_trip_metrics(round.figures, true);
    for (int i = 0; i < TUNINGS; i++) {
        char id[256];
        json_t *params;

        hr_case_id(&bench->rig, SUITE, tunings[i].name, id, sizeof(id));
        if (hr_case_wanted(&bench->rig, id)) {
            params = hr_flow_case_params(flow);
            json_object_set_new(params, "orders", json_integer((json_int_t)orders));
            json_object_set_new(params, "busy_poll_us",
                                json_integer(tunings[i].busy_poll ? BUSY_POLL_US : 0));
            add(bench, suite, &round, tunings + i, net, params,
                (double)orders * HR_ROUND_TRIP_PLAN_S + 0.05);
            json_decref(params);
        }
    }
    rc = measure(bench, suite, flow, orders, &round);
    for (int i = 0; i < round.count; i++) {
        json_decref(round.cases[i].params);
    }
    return rc;
}

/* ---- pages ------------------------------------------------------------------------------ */

/* With the process's memory in small pages whatever the engine asks for, and as it asks. */
static int pages(struct hr_bench *bench, json_t *suite, bool huge)
{
    struct hr_closed_case wanted = {.suite = SUITE,
                                    .name = huge ? "tuning=pages_huge" : "tuning=pages_base",
                                    .orders = hr_config_count(bench->rig.config, "wire.orders"),
                                    .batch =
                                        (uint32_t)hr_config_count(bench->rig.config, "run.batch")};
    int rc = hr_config_named_flow(
        bench->rig.config, hr_config_text(bench->rig.config, "wire.pages_flow"), &wanted.flow);

    if (rc) {
        return rc;
    }
    if (!huge && hr_pages_huge_allow(false)) {
        hr_measure_refuse(&bench->rig, suite, SUITE, wanted.name, NULL, HR_SKIP, hr_error(),
                          "needs a system that lets a process do without huge pages");
        return 0;
    }
    rc = hr_closed_case_run(bench, suite, &wanted, NULL);
    return hr_pages_huge_allow(true) && rc == 0 && !huge ? hr_context(-EIO, SUITE) : rc;
}

int hr_tuning_cases(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                    struct hr_own_net *net)
{
    const struct hr_path_ops *given = bench->rig.path;
    int rc;

    bench->rig.path = hr_path_find("tcp");
    rc = over_tcp(bench, suite, flow, net);
    bench->rig.path = hr_path_find("inproc");
    if (rc == 0 && *hr_config_text(bench->rig.config, "wire.pages_flow")) {
        rc = pages(bench, suite, false);
        rc = rc ? rc : pages(bench, suite, true);
    }
    bench->rig.path = given;
    return rc;
}
