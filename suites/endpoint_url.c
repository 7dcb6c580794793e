/* endpoint_url.c - is it a plain web address, and is a key safe on the way to it? */
#include "suites/endpoint_url.h"

#include "harness/error.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define SETTING "inference.endpoint"

static const char *behind_scheme(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0    ? url + 7
           : strncasecmp(url, "https://", 8) == 0 ? url + 8
                                                  : NULL;
}

int hr_endpoint_url_check(const char *url)
{
    const char *host = behind_scheme(url);
    size_t authority = host ? strcspn(host, "/?#\\") : 0;

    if (strlen(url) > HR_ENDPOINT_URL_MAX) {
        return hr_fail(EINVAL, SETTING " is longer than %d characters", HR_ENDPOINT_URL_MAX);
    }
    if (!host) {
        return hr_fail(EINVAL, SETTING " must begin with http:// or https://, as in "
                                       "http://127.0.0.1:8080/v1");
    }
    for (const char *c = url; *c; c++) {
        if (*c <= ' ' || *c >= 127) {
            return hr_fail(EINVAL, SETTING " has a blank, or a character that is none of ASCII");
        }
    }
    /* Not repeated: what stands before an @ may be a password. */
    if (memchr(host, '@', authority)) {
        return hr_fail(EINVAL, SETTING " has a name or password before an @, which would be "
                                       "recorded: use inference.endpoint_key");
    }
    if (authority == 0 || *host == ':') {
        return hr_fail(EINVAL, SETTING " names no host");
    }
    if (strpbrk(host, "?#\\")) {
        return hr_fail(EINVAL, SETTING " is the address that comes before /chat/completions, "
                                       "without ?, # and \\");
    }
    return 0;
}

bool hr_endpoint_is_here(const char *url)
{
    const char *host = behind_scheme(url);
    size_t length = strcspn(host, ":/");
    int dots = 0;

    if (strncmp(host, "[::1]", 5) == 0) {
        return host[5] == '\0' || host[5] == ':' || host[5] == '/';
    }
    if (length == 9 && strncasecmp(host, "localhost", 9) == 0) {
        return true;
    }
    /* 127.evil.example is a name like any other. */
    for (size_t i = 0; i < length; i++) {
        dots += host[i] == '.';
        if (host[i] != '.' && !isdigit((unsigned char)host[i])) {
            return false;
        }
    }
    return dots == 3 && strncmp(host, "127.", 4) == 0;
}

int hr_endpoint_key_check(const char *url, const char *variable)
{
    if (!*variable) {
        return 0;
    }
    if (strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(variable) ||
        isdigit((unsigned char)*variable)) {
        return hr_fail(EINVAL, "inference.endpoint_key is the name of an environment variable that "
                               "holds the key, in capitals; the key itself would be recorded");
    }
    if (strncasecmp(url, "https://", 8) != 0 && !hr_endpoint_is_here(url)) {
        return hr_fail(EINVAL, "inference.endpoint_key: a key would go to another machine in the "
                               "clear; use https://");
    }
    return 0;
}
