/*
 * drive.c - how fast, and how soon, does a path answer a tape?
 *
 * The loops keep to the path's calls and the clock; what they note is counted up afterwards. A
 * stall of the machine inside a loop looks like a slow engine here: the validity checks around a
 * run tell.
 */
#include "harness/drive.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <string.h>

#define IN_FLIGHT_MAX 1024u

const char *const hr_class_names[HR_CLASSES] = {"new", "cancel", "replace", "taker", "quote"};

static int interrupted(void)
{
    return hr_fail(EINTR, "interrupted");
}

/* Collects until no more than `keep` batches are in flight. */
static int drain(const struct hr_drive *d, uint64_t *in_flight, uint64_t keep,
                 struct hr_drive_sum *sum)
{
    struct hr_answer answer;

    while (*in_flight > keep) {
        int rc = d->ops->collect(d->path, &answer);

        if (rc < 0) {
            return rc;
        }
        if (rc == 0) {
            if (hr_stop_signal()) {
                return interrupted();
            }
            continue;
        }
        (*in_flight)--;
        sum->events += answer.events_total;
        sum->trades += answer.trades;
    }
    return 0;
}

int hr_drive_batches(const struct hr_drive *d, const struct eut_request *requests, uint64_t count,
                     struct hr_drive_sum *sum)
{
    uint64_t in_flight = 0, done = 0, start;

    memset(sum, 0, sizeof(*sum));
    start = hr_clock_ns();
    while (done < count) {
        uint32_t n = count - done < d->batch ? (uint32_t)(count - done) : d->batch;
        enum hr_submit outcome = d->ops->submit(d->path, requests + done, n);
        int rc;

        if (outcome == HR_BROKEN) {
            return -EIO;
        }
        if (hr_stop_signal()) {
            return interrupted();
        }
        if (outcome == HR_BUSY) {
            sum->busy++;
            rc = drain(d, &in_flight, in_flight ? in_flight - 1 : 0, sum);
        } else {
            done += n;
            in_flight++;
            rc = drain(d, &in_flight, outcome == HR_DONE ? 0 : IN_FLIGHT_MAX, sum);
        }
        if (rc) {
            return rc;
        }
    }
    int rc = drain(d, &in_flight, 0, sum);

    sum->ns = hr_clock_ns() - start;
    sum->requests = done;
    return rc;
}

enum hr_order_class hr_class_of(const struct eut_request *request, uint64_t trades)
{
    switch (request->op) {
    case EUT_CANCEL:
        return HR_CLASS_CANCEL;
    case EUT_REPLACE:
        return trades ? HR_CLASS_TAKER : HR_CLASS_REPLACE;
    case EUT_QUOTE:
        return HR_CLASS_QUOTE;
    default:
        return trades || request->type == EUT_MARKET || request->tif == EUT_IOC ||
                       request->tif == EUT_FOK
                   ? HR_CLASS_TAKER
                   : HR_CLASS_PASSIVE;
    }
}

int hr_drive_each(const struct hr_drive *d, const struct eut_request *requests, uint64_t count,
                  uint64_t *samples, struct hr_drive_sum *sum)
{
    uint64_t start;

    memset(sum, 0, sizeof(*sum));
    start = hr_clock_ns();
    for (uint64_t i = 0; i < count; i++) {
        struct hr_answer answer = {0};
        uint64_t before = hr_ticks();
        enum hr_submit outcome;
        int rc = 0;

        while ((outcome = d->ops->submit(d->path, requests + i, 1)) == HR_BUSY) {
            sum->busy++;
            if (hr_stop_signal()) {
                return interrupted();
            }
        }
        if (outcome == HR_BROKEN) {
            return -EIO;
        }
        while ((rc = d->ops->collect(d->path, &answer)) == 0) {
            if (hr_stop_signal()) {
                return interrupted();
            }
        }
        if (rc < 0) {
            return rc;
        }
        samples[i] = (hr_ticks() - before) << 3 | hr_class_of(requests + i, answer.trades);
        sum->events += answer.events_total;
        sum->trades += answer.trades;
        if ((i & 1023) == 0 && hr_stop_signal()) {
            return interrupted();
        }
    }
    sum->ns = hr_clock_ns() - start;
    sum->requests = count;
    return 0;
}

static inline uint64_t timer_now(const struct hr_timer *timer)
{
    return timer ? timer->now(timer->context) : hr_ticks();
}

int hr_drive_open(const struct hr_drive *d, const struct eut_request *requests, uint64_t count,
                  const uint64_t *due, const struct hr_timer *timer, struct hr_open_batch *log,
                  uint64_t *batches, struct hr_drive_sum *sum)
{
    uint64_t next = 0, sent = 0, answered = 0, refused_at = UINT64_MAX, start = timer_now(timer);

    memset(sum, 0, sizeof(*sum));
    *batches = 0;
    while (next < count || answered < sent) {
        uint64_t now = timer_now(timer) - start;
        struct hr_answer answer;
        int rc;

        if (next < count && due[next] <= now && sent - answered < IN_FLIGHT_MAX) {
            uint32_t n = 1;

            while (n < d->batch && next + n < count && due[next + n] <= now) {
                n++;
            }
            enum hr_submit outcome = d->ops->submit(d->path, requests + next, n);

            if (outcome == HR_BROKEN) {
                return -EIO;
            }
            if (outcome == HR_BUSY) {
                sum->busy++;
                refused_at = refused_at < now ? refused_at : now;
            } else {
                log[sent].offered = refused_at < now ? refused_at : now;
                log[sent].sent = now;
                log[sent].count = n;
                refused_at = UINT64_MAX;
                sent++;
                next += n;
            }
        }
        while (answered < sent && (rc = d->ops->collect(d->path, &answer)) != 0) {
            if (rc < 0) {
                return rc;
            }
            log[answered++].done = timer_now(timer) - start;
            sum->events += answer.events_total;
            sum->trades += answer.trades;
        }
        if (hr_stop_signal()) {
            return interrupted();
        }
    }
    *batches = sent;
    sum->requests = next;
    sum->ns = sent ? hr_ticks_to_ns(log[sent - 1].done) : 0;
    return 0;
}

void hr_open_account(const struct hr_open_batch *log, uint64_t batches, const uint64_t *due,
                     uint64_t budget, struct hr_histogram *latency, struct hr_histogram *service,
                     struct hr_open_account *account)
{
    uint64_t at = 0, free_at = 0, due_now = 0, total = 0;
    double residence_ns = 0;

    memset(account, 0, sizeof(*account));
    for (uint64_t b = 0; b < batches; b++) {
        total += log[b].count;
    }
    for (uint64_t b = 0; b < batches; b++) {
        const struct hr_open_batch *batch = log + b;

        hr_histogram_record_n(service, hr_ticks_to_ns(batch->done - batch->sent), batch->count);
        while (due_now < total && due[due_now] <= batch->done) {
            due_now++;
        }
        if (due_now - at > account->backlog_max) {
            account->backlog_max = due_now - at;
        }
        for (uint64_t i = 0; i < batch->count; i++, at++) {
            uint64_t ready = due[at] > free_at ? due[at] : free_at;
            uint64_t waited_ns = hr_ticks_to_ns(batch->done - due[at]);

            hr_histogram_record(latency, waited_ns);
            residence_ns += (double)waited_ns;
            if (batch->offered > ready && batch->offered - ready > budget) {
                uint64_t late_ns = hr_ticks_to_ns(batch->offered - ready);

                account->late++;
                account->late_max_ns =
                    late_ns > account->late_max_ns ? late_ns : account->late_max_ns;
            }
        }
        /* A path that answered before it took the next one was not free until then. */
        free_at = b + 1 < batches && log[b + 1].sent >= batch->done ? batch->done : batch->sent;
    }
    account->residence_mean_ns = total ? residence_ns / (double)total : 0;
}
