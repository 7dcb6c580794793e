/*
 * drive.h - the measuring loops: how requests of a tape are driven through a path.
 *
 * Three loops, all straight from the tape's memory: batches with timestamps at the ends only
 * (throughput), one request at a time with a tick before and after each (service time), and open
 * loop (each request at its due time, latency counted from then). Nothing here allocates, locks or
 * judges. The loops serve synchronous paths and asynchronous ones.
 *
 * Threads: each loop runs in the calling thread; one thread per path instance.
 * Errors: 0; -EINTR after Ctrl-C; else a negative errno with hr_error().
 */
#ifndef HR_DRIVE_H
#define HR_DRIVE_H

#include "harness/histogram.h"
#include "harness/path.h"

struct hr_drive {
    const struct hr_path_ops *ops;
    struct hr_path *path;
    uint32_t batch; /* requests per submit, at most the engine's batch_max */
};

struct hr_drive_sum {
    uint64_t requests, events, trades;
    uint64_t busy; /* how often the path could not take a batch at once */
    uint64_t ns;   /* first submit to last answer */
};

/* In batches, closed loop. Sets *sum (adds nothing to what was there). */
int hr_drive_batches(const struct hr_drive *drive, const struct eut_request *requests,
                     uint64_t count, struct hr_drive_sum *sum);

/* What a request turned out to be, from its op and its answer. */
enum hr_order_class {
    HR_CLASS_PASSIVE,
    HR_CLASS_CANCEL,
    HR_CLASS_REPLACE,
    HR_CLASS_TAKER,
    HR_CLASS_QUOTE
};
#define HR_CLASSES 5
extern const char
    *const hr_class_names[HR_CLASSES]; /* "new", "cancel", "replace", "taker", "quote" */
/* Taker: traded, or may only trade (immediate, fill or kill, market). */
enum hr_order_class hr_class_of(const struct eut_request *request, uint64_t trades);

/* One at a time; samples[i] = ticks << 3 | class. One clock reading is inside each sample. */
int hr_drive_each(const struct hr_drive *drive, const struct eut_request *requests, uint64_t count,
                  uint64_t *samples, struct hr_drive_sum *sum);

/* The clock of the open loop: NULL is hr_ticks(). Tests give one that they move themselves. */
struct hr_timer {
    uint64_t (*now)(void *context);
    void *context;
};

/* What the open loop notes, once per submit: cheap enough not to disturb what it times. */
struct hr_open_batch {
    uint64_t offered; /* ticks; first submit, whatever the path answered */
    uint64_t sent;    /* the submit that was not HR_BUSY */
    uint64_t done;    /* the answer was there */
    uint64_t count;
};

/* due: ticks from the start, ascending, one per request. All that is due goes in one submit, at
 * most drive->batch of it. log: room for `count`; *batches says how many were used. All log times
 * are ticks from the start. */
int hr_drive_open(const struct hr_drive *drive, const struct eut_request *requests, uint64_t count,
                  const uint64_t *due, const struct hr_timer *timer, struct hr_open_batch *log,
                  uint64_t *batches, struct hr_drive_sum *sum);

/* What the log means. Latency counts from the due time, service time from the sending. A send is
 * late when it was offered more than budget ticks after it could have been: after its due time and
 * after the path was free for it (the wait for a busy engine is latency, not lateness). */
struct hr_open_account {
    uint64_t late, late_max_ns;
    uint64_t backlog_max; /* requests due and not yet answered, at most */
    double residence_mean_ns;
};
void hr_open_account(const struct hr_open_batch *log, uint64_t batches, const uint64_t *due,
                     uint64_t budget, struct hr_histogram *latency, struct hr_histogram *service,
                     struct hr_open_account *account);

#endif
