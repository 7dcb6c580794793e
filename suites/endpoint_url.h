/*
 * endpoint_url.h - may this be asked, and with that key? What a user gives as an endpoint is
 * recorded with the result, and a key is nobody else's: so both are looked at before anything is
 * sent or written.
 */
#ifndef HR_ENDPOINT_URL_H
#define HR_ENDPOINT_URL_H

#include <stdbool.h>

#define HR_ENDPOINT_URL_MAX 512

/* http:// or https://, a host, no name and password in it, no query: else -EINVAL with the mend. */
int hr_endpoint_url_check(const char *url);
/* Is it this machine, by its name: localhost, 127.…, [::1]? Of a URL that passed. */
bool hr_endpoint_is_here(const char *url);
/* The setting names an environment variable, never the key itself, which is not repeated in the
 * message; and a key goes over https, or to this machine. "" is no key. */
int hr_endpoint_key_check(const char *url, const char *variable);

#endif
