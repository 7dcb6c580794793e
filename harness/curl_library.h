/*
 * curl_library.h - libcurl, opened at run time: what is used of its easy interface, with prototypes
 * and numbers of our own (curl.h and easy.h, unchanged since 7.32; a number here is one of the
 * ABI). Opened in child processes only: it starts what it likes.
 */
#ifndef HR_CURL_LIBRARY_H
#define HR_CURL_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

enum hr_curl_option {
    HR_CURL_WRITE_DATA = 10001,
    HR_CURL_URL = 10002,
    HR_CURL_PROXY = 10004,
    HR_CURL_POST_FIELDS = 10015,
    HR_CURL_USER_AGENT = 10018,
    HR_CURL_HEADERS = 10023,
    HR_CURL_WRITE_FUNCTION = 20011,
    HR_CURL_FOLLOW_LOCATION = 52,
    HR_CURL_POST_FIELD_SIZE = 60,
    HR_CURL_NO_SIGNAL = 99,
    HR_CURL_CONNECT_TIMEOUT_MS = 156,
    HR_CURL_PROTOCOLS = 181,
};
#define HR_CURL_HTTP 1L
#define HR_CURL_HTTPS 2L
#define HR_CURL_RESPONSE_CODE 0x200002 /* of getinfo: a long */

struct hr_curl {
    int (*global_init)(long flags);
    void *(*init)(void);
    int (*setopt)(void *handle, int option, ...);
    int (*perform)(void *handle);
    int (*getinfo)(void *handle, int info, ...);
    void (*cleanup)(void *handle);
    const char *(*strerror)(int code);
    void *(*slist_append)(void *list, const char *text); /* NULL: no memory */
    void (*slist_free_all)(void *list);
};

/* -ENOSYS, and which package brings it. */
int hr_curl_load(const struct hr_curl **curl);

#endif
