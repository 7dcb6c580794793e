/*
 * live_host.h - the few things of the live host that each system has its own way to: what is no
 * file, and how a kernel's setting is read and written.
 */
#ifndef HR_LIVE_HOST_H
#define HR_LIVE_HOST_H

#include <stddef.h>

/* The text of `sysctl -a` on macOS, to be freed; NULL elsewhere. */
char *hr_live_sysctl(void);

/* "x86_64", "aarch64" …: the architecture the kernel runs on. */
void hr_live_architecture(char *name, size_t size);

/* A kernel's setting as text, without white space at its ends: on Linux a file under root (a path
 * from "/"), on macOS a name of sysctl(3). -ENOENT if there is none, or -errno with a message. */
int hr_kernel_setting_read(const char *root, const char *name, char *text, size_t size);
int hr_kernel_setting_write(const char *root, const char *name, const char *text);

/* Settings of a network interface that are no files have names as if they were:
 * /ethtool/INTERFACE/SETTING. Under a root they are files of that name, on a live Linux host the
 * kernel's ethtool calls; elsewhere there are none. Settings: gro, tso, lro (0 or 1); rx-usecs,
 * adaptive-rx (of interrupts); rx-ring-unused (entries of the receive ring below the card's most).
 * -ENOTSUP: the driver does not tell. */
#define HR_LINK_SETTINGS "/ethtool/"

#endif
