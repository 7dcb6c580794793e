/* link_setting.h - what a network interface's driver is set to, by the kernel's ethtool calls. */
#ifndef HR_LINK_SETTING_H
#define HR_LINK_SETTING_H

#include <stddef.h>

/* INTERFACE/SETTING (live_host.h): sets it to `set`, or, if that is NULL, puts its value into text.
 * -ENOENT: no such setting, or interface; -ENOTSUP: its driver does not tell, or
 * does not let it be changed; -EPERM. */
int hr_link_setting(const char *name, const char *set, char *text, size_t size);

#endif
