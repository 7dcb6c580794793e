/* progress.c - what is running, and for how much longer? One line redrawn on a terminal, plain
 * lines elsewhere. The remaining time is the plan's at first and the measured pace's later; it is a
 * guess. */
#include "harness/progress.h"
#include "harness/clock.h"

#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_NS 100000000u
#define BAR 24
#define WHAT_MAX 160
#define LINE_MAX_BYTES 512

static struct {
    char title[64], what[WHAT_MAX];
    uint64_t began_ns, step_ns, drawn_ns;
    double expected_s, share;
    bool open, redraws;
} now;

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

static bool terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && !is_set("CI") && !is_set("NO_COLOR") && term &&
           strcmp(term, "dumb") != 0;
}

static int columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

static double since_s(uint64_t then_ns)
{
    return (double)(hr_clock_ns() - then_ns) * 1e-9;
}

/* The plan counts for what is not yet done, the pace for what is. */
static double remaining_s(void)
{
    double elapsed = since_s(now.began_ns), planned = now.expected_s - elapsed, paced;

    if (now.share <= 0) {
        return planned > 0 ? planned : -1;
    }
    paced = elapsed * (1 - now.share) / now.share;
    if (!(now.expected_s > 0)) {
        return paced;
    }
    return now.share * paced + (1 - now.share) * now.expected_s * (1 - now.share);
}

static void put_time(char *text, size_t room, double seconds)
{
    unsigned s = seconds < 0 ? 0 : seconds > 1e6 ? 1000000 : (unsigned)(seconds + 0.5);

    if (s < 60) {
        snprintf(text, room, "%u s", s);
    } else if (s < 3600) {
        snprintf(text, room, "%u min %02u s", s / 60, s % 60);
    } else {
        snprintf(text, room, "%u h %02u min", s / 3600, s / 60 % 60);
    }
}

static void erase(void)
{
    if (now.open && now.redraws) {
        fputs("\r\033[K", stderr);
    }
}

static void draw(void)
{
    char left[32] = "", line[LINE_MAX_BYTES], bar[BAR + 1];
    double remaining = remaining_s();
    int full = (int)(now.share * BAR), width = columns() - 1, length;

    if (!now.open || !now.redraws) {
        return;
    }
    if (remaining >= 0) {
        put_time(left, sizeof(left), remaining);
    }
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)(full < 0 ? 0 : full > BAR ? BAR : full));
    bar[BAR] = '\0';
    length = snprintf(line, sizeof(line), "[%s] %3.0f %%%s%s  %s %s", bar, now.share * 100,
                      left[0] ? ", " : "", left[0] ? left : "", now.title, now.what);
    if (length > width) {
        while (width && ((unsigned char)line[width] & 0xC0) == 0x80) {
            width--; /* never half of a UTF-8 character */
        }
        line[width] = '\0';
    }
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    now.drawn_ns = hr_clock_ns();
}

static void finish_step(void)
{
    char took[32];

    if (now.open && !now.redraws && now.what[0]) {
        double s = since_s(now.step_ns);

        if (s < 60) {
            snprintf(took, sizeof(took), "%.1f s", s);
        } else {
            put_time(took, sizeof(took), s);
        }
        fprintf(stderr, "%s: %s (%s)\n", now.title, now.what, took);
    }
    now.what[0] = '\0';
}

void hr_progress_begin(const char *title, double expected_s)
{
    hr_progress_end();
    memset(&now, 0, sizeof(now));
    snprintf(now.title, sizeof(now.title), "%s", title);
    now.began_ns = now.step_ns = hr_clock_ns();
    now.expected_s = expected_s;
    now.redraws = terminal();
    now.open = true;
    draw();
}

void hr_progress_step(const char *what, double done_share)
{
    bool fresh = strncmp(what, now.what, sizeof(now.what) - 1) != 0;

    if (!now.open) {
        return;
    }
    if (fresh) {
        finish_step();
        snprintf(now.what, sizeof(now.what), "%s", what);
        now.step_ns = hr_clock_ns();
    }
    now.share = done_share >= 0 && done_share <= 1 ? done_share : now.share;
    if (now.redraws && hr_clock_ns() - now.drawn_ns >= REDRAW_NS) {
        draw();
    }
}

void hr_progress_end(void)
{
    finish_step();
    erase();
    now.open = false;
}

void hr_progress_note(const char *format, ...)
{
    va_list args;

    erase();
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    draw();
}

/* ---- the stop flag ---------------------------------------------------------------------- */

static volatile sig_atomic_t stop_signal;

static void stop(int signal_number)
{
    stop_signal = signal_number;
}

void hr_stop_install(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = stop;
    action.sa_flags = (int)SA_RESETHAND; /* the second one ends the process */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int hr_stop_signal(void)
{
    return stop_signal;
}
