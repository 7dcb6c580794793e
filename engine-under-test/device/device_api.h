/*
 * device_api.h - a device that runs kernels, whatever API drives it. Each API is one file,
 * api_<name>.c, behind the two tables below; device_apis.c is the one list of them. Nothing else
 * knows which API it talks to.
 *
 * Model: a device has EUT_QUEUES queues. What is put into one queue happens in the order in which
 * it was put; queues do not wait for each other unless told to, by marks. Nothing that is put into
 * a queue blocks the host; only after(EUT_HOST) does.
 *
 * Memory: a buffer lies in the device's memory. A *mirrored* one has a host side of the same size
 * too, in memory that the device's copy engine reaches directly (pinned), and copy() moves ranges
 * between the two. Where device and host share one memory (facts.unified) both sides are the same
 * bytes and a copy between them moves nothing: so callers are written once, with copies. For that,
 * a host side has an owner: it is the host's at first; a copy to the device, even of 0 bytes, hands
 * it to the device, a copy to the host, even of 0 bytes, hands it back as soon as a mark that was
 * put behind that copy is reached. The host touches it only while it is the host's. Kernels touch a
 * mirrored buffer only while it is the device's.
 *
 * Threads: list() may be called on any thread. An open device and all that belongs to it are used
 * by one thread at a time. Two open devices share nothing, even on the same hardware.
 *
 * Processes: an API that was used does not survive fork(). Only eut_devices_ask() may be called by
 * a process that forks later (conformance and paths between processes do): it asks in a child of
 * its own.
 *
 * Errors: 0 or a negative errno, with the text set by hr_fail() (harness/error.h): API, call, the
 * vendor's name of the error. -ENODEV: there is no such device, or none any more (lost): whatever
 * belongs to it can only be freed and closed. -ENOMEM: out of device or pinned memory. -ENOTSUP:
 * driver or device is too old, or cannot do it; the text says what is needed. -EINVAL: the kernel
 * source does not compile; the text has the log's first line with an error, build_log() all of it.
 * -EIO: everything else. Work in queues fails at the latest when a mark behind it is waited for.
 *
 * Vendor libraries are opened at run time, in list() and open(), never linked; what is called of
 * them is listed once, with prototypes of our own, in <vendor>_library.h.
 */
#ifndef EUT_DEVICE_API_H
#define EUT_DEVICE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EUT_DEVICES_MAX 32u /* of one API; more are left out */
#define EUT_QUEUES 3u       /* enough for copies in, kernels, and copies out at the same time */
#define EUT_MARKS 64u /* marks that a device keeps, numbered from 0; setting one again moves it */
#define EUT_ARGS_MAX 24u    /* arguments of a kernel */
#define EUT_HOST UINT32_MAX /* as a queue of after(): the calling thread */

/* ---- what a device is ----------------------------------------------------------- */

enum eut_device_kind { EUT_DEVICE_CPU, EUT_DEVICE_GPU, EUT_DEVICE_OTHER };

/* Plain data, so that a child process can hand it over. A number that the API does not tell is 0, a
 * text "", a place on the bus -1: `silent` says why, in one line for all of them. */
struct eut_device_facts {
    char api[16];   /* "host", "opencl", "cuda", "metal" */
    char name[128]; /* as its maker calls it */
    char vendor[64];
    char driver[128]; /* version, with its maker's name where there are several */
    char silent[160]; /* why some facts are missing; "" if none is */
    enum eut_device_kind kind;
    bool unified; /* one memory with the host: copies to and from it move nothing */
    bool ecc, ecc_known;
    uint64_t memory_bytes; /* of the device */
    uint64_t memory_free_bytes;
    uint64_t buffer_bytes_max;                             /* of one buffer */
    uint64_t cache_bytes;                                  /* the last level on the device */
    uint32_t compute_units;                                /* multiprocessors, cores */
    uint32_t clock_mhz, memory_clock_mhz, memory_bus_bits; /* at most */
    uint32_t lanes;     /* that step together: warp, SIMD group, wavefront */
    uint32_t group_max; /* work items in a group, at most */
    uint32_t group_memory_bytes;
    uint32_t version; /* of what it can do: CUDA compute capability x 10, OpenCL C version x 100 */
    uint32_t pcie_generation, pcie_lanes; /* of its link, at most */
    uint32_t power_limit_mw;
    int32_t pci_domain, pci_bus, pci_device; /* finds it again in NVML */
};

/* ---- what is made on it --------------------------------------------------------- */

/* Each API begins its own struct with this one, and sets it in open(). */
struct eut_device {
    const struct eut_device_ops *ops;
    struct eut_device_facts facts;
};

enum eut_buffer_kind { EUT_BUFFER_PRIVATE, EUT_BUFFER_MIRRORED };

/* Each API begins its own struct with this one, too. */
struct eut_buffer {
    uint64_t bytes;
    void *host; /* the host side of a mirrored one, aligned to 64 bytes or better; else NULL */
    enum eut_buffer_kind kind;
};

struct eut_kernel; /* the API's own; lives as long as the device */

enum eut_direction { EUT_TO_DEVICE, EUT_TO_HOST };

/* One argument of a kernel, in the order of its parameters: K_BUF and K_CBUF parameters take a
 * buffer, K_VAL ones the bytes of a 32-bit or 64-bit number or of a plain struct of such, copied at
 * once. In Metal the place in this list is the buffer index. */
struct eut_arg {
    const struct eut_buffer *buffer; /* or NULL, and then */
    const void *value;
    uint32_t value_bytes; /* at most 256, a multiple of 4 */
};

/* What is to be compiled. */
struct eut_kernel_source {
    const char *text; /* the dialect header is already in front */
    const char *const
        *defines;             /* "NAME=VALUE", ended by NULL: each API gives them to its compiler */
    const char *const *names; /* of kernels, ended by NULL */
};

/* ---- the API -------------------------------------------------------------------- */

struct eut_device_api {
    const char *name;   /* as in device:<name> */
    bool survives_fork; /* calls no driver: an open device works on in a child process */

    /* Fills at most `room` facts, *count of them, the best device first. No device is -ENODEV, and
     * the text says why there is none, as a reason that reads after "no CUDA device: " (library
     * not found, driver too old, no device in this host …). Opens nothing that stays open but the
     * vendor's library. */
    int (*list)(struct eut_device_facts *facts, uint32_t room, uint32_t *count);

    /* Opens the device at this place of list()'s order. */
    int (*open)(uint32_t number, struct eut_device **device);
};

struct eut_device_ops {
    /* Waits for nothing; accepts NULL and half-opened ones. Buffers and kernels that are left go
     * with it. */
    void (*close)(struct eut_device *device);

    /* Compiles, and finds each name: kernels[i] is the one of names[i]. May be called more than
     * once. */
    int (*build)(struct eut_device *device, const struct eut_kernel_source *source,
                 struct eut_kernel **kernels);

    /* What the last build's compiler said, warnings too; "" if nothing. Valid until the next. */
    const char *(*build_log)(const struct eut_device *device);

    /* Device side and host side are zeroed. 0 bytes are 1. */
    int (*alloc)(struct eut_device *device, enum eut_buffer_kind kind, uint64_t bytes,
                 struct eut_buffer **buffer);
    void (*free)(struct eut_device *device, struct eut_buffer *buffer); /* accepts NULL */

    /* Puts a copy of bytes [offset, offset + bytes) into the queue. `memory` NULL: to or from the
     * same bytes of the buffer's host side, which must be mirrored. Else any memory of the host
     * (pageable: the API may wait for it), where the bytes lie from memory[0] on and stay until a
     * mark behind the copy is reached; `memory` is not written EUT_TO_DEVICE. */
    int (*copy)(struct eut_device *device, uint32_t queue, enum eut_direction direction,
                struct eut_buffer *buffer, uint64_t offset, uint64_t bytes, void *memory);

    /* Puts `groups` groups of `group_size` work items into the queue; group_size is at most
     * facts.group_max, and `groups` at least 1. What a kernel writes, kernels and copies behind it
     * see. */
    int (*launch)(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                  uint32_t groups, uint32_t group_size, const struct eut_arg *args, uint32_t count);

    /* mark: sets a mark behind all that is in the queue so far, and sees to it that the device
     * begins with that (flush). after: what is put into the queue from now on begins when the mark
     * is reached; for EUT_HOST the call returns when it is. */
    int (*mark)(struct eut_device *device, uint32_t queue, uint32_t mark);
    int (*after)(struct eut_device *device, uint32_t queue, uint32_t mark);

    /* Time on the device's own clock from one reached mark to another, from the API's events. */
    int (*elapsed)(struct eut_device *device, uint32_t from, uint32_t to, uint64_t *ns);
};

/* ---- all APIs (device_apis.c) --------------------------------------------------- */

extern const struct eut_device_api eut_api_host, eut_api_opencl, eut_api_cuda, eut_api_metal;

/* In the order in which device:auto tries them, the host's last; ended by NULL. */
extern const struct eut_device_api *const eut_device_apis[];

const struct eut_device_api *eut_device_api_find(const char *name); /* or NULL */

/* What list() answers, asked in a child process, which a driver that crashes cannot take along:
 * `rc` is list()'s own, and `why` its text if it is not 0. Safe before a fork(). */
struct eut_device_answer {
    int rc;
    char why[512];
    uint32_t count;
    struct eut_device_facts facts[EUT_DEVICES_MAX];
};
void eut_devices_ask(const struct eut_device_api *api, struct eut_device_answer *answer);

/* The way to open a device: -ENOTSUP in a process whose parent had one open before it forked, since
 * its driver would hang or lie. */
int eut_device_open(const struct eut_device_api *api, uint32_t number, struct eut_device **device);

/* What the device has used since its driver was loaded, all programs together, in thousandths of a
 * joule (device_energy.c). -ENOTSUP, with the reason, where nothing counts it. Not before a fork().
 */
int eut_device_energy(const struct eut_device_facts *facts, uint64_t *millijoules);

#endif
