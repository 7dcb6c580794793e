/* link_address.c - which link is meant, and where do its sides meet? */
#include "harness/link_address.h"

#include "harness/command.h"
#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int find_link(const char *text, size_t length, const struct hr_link_ops **ops)
{
    for (int i = 0; hr_links[i]; i++) {
        if (strlen(hr_links[i]->name) == length && memcmp(hr_links[i]->name, text, length) == 0 &&
            strcmp(hr_links[i]->name, "ring") != 0) {
            *ops = hr_links[i];
            return 0;
        }
    }
    return hr_fail(ENODEV,
                   "%s: no link '%.*s' between programs; there are tcp, unix, uring, zmq, "
                   "qtcp and qzmq",
                   text, (int)length, text);
}

int hr_host_and_port(const char *text, char host[HR_ADDRESS_MAX], uint16_t *port)
{
    const char *end = text + strlen(text), *colon = strrchr(text, ':');
    bool brackets = *text == '[';
    uint64_t number;

    if (brackets) {
        end = strchr(text, ']');
        if (!end || (end[1] != '\0' && end[1] != ':')) {
            return hr_fail(EINVAL, "%s: an IPv6 address ends in ], then :PORT", text);
        }
        colon = end[1] ? end + 1 : NULL;
        text++;
    } else if (colon) {
        if (memchr(text, ':', (size_t)(colon - text))) {
            return hr_fail(EINVAL, "%s: an IPv6 address stands in brackets: [::1]:%u", text,
                           HR_PORT_DEFAULT);
        }
        end = colon;
    }
    if (colon) {
        if (hr_parse_count(colon + 1, &number) || number > UINT16_MAX) {
            return hr_fail(EINVAL, "%s: '%s' is no port: 0 (the system chooses) to 65535", text,
                           colon + 1);
        }
        *port = (uint16_t)number;
    }
    if (end == text || (size_t)(end - text) >= HR_ADDRESS_MAX) {
        return hr_fail(EINVAL, "%s: no host; 127.0.0.1 is this machine, 0.0.0.0 all its networks",
                       text);
    }
    memcpy(host, text, (size_t)(end - text));
    host[end - text] = '\0';
    return 0;
}

int hr_link_address(struct hr_link_address *a, const char *text, bool server)
{
    const char *behind = strstr(text, "://");
    int rc;

    *a = (struct hr_link_address){.place = {.port = HR_PORT_DEFAULT, .server = server}};
    if (!behind) {
        return hr_fail(EINVAL, "%s: an address is LINK://HOST:PORT, as tcp://127.0.0.1:%u", text,
                       HR_PORT_DEFAULT);
    }
    rc = find_link(text, (size_t)(behind - text), &a->ops);
    if (rc == 0) {
        rc = a->ops->available();
        rc = rc ? hr_context(hr_context(-ENODEV, "%s", a->ops->name), "%s", text) : 0;
    }
    if (rc) {
        return rc;
    }
    behind += 3;
    a->sealed = a->ops->name[0] == 'q';
    if (strcmp(a->ops->name, "unix") == 0) {
        if (!*behind || strlen(behind) >= HR_ADDRESS_MAX) {
            return hr_fail(EINVAL, "%s: unix:// is followed by a path", text);
        }
        a->place.port = 0;
        snprintf(a->host, sizeof(a->host), "%s", behind);
    } else {
        rc = hr_host_and_port(behind, a->host, &a->place.port);
        if (rc == 0 && strstr(a->ops->name, "zmq") && strchr(a->host, ':')) {
            rc = hr_fail(EINVAL, "%s: %s takes IPv4 addresses alone", text, a->ops->name);
        }
        if (rc == 0 && !server && a->place.port == 0) {
            rc = hr_fail(EINVAL, "%s: port 0 is for who listens", text);
        }
    }
    a->place.host = a->host;
    return rc;
}

void hr_link_address_text(const struct hr_link_address *a, uint16_t port,
                          char text[HR_ADDRESS_MAX + 32])
{
    bool six = strchr(a->host, ':') != NULL && strcmp(a->ops->name, "unix") != 0;
    int n = snprintf(text, HR_ADDRESS_MAX + 32, "%s://%s%s%s", a->ops->name, six ? "[" : "",
                     a->host, six ? "]" : "");

    if (strcmp(a->ops->name, "unix") != 0) {
        snprintf(text + n, (size_t)(HR_ADDRESS_MAX + 32 - n), ":%u", port);
    }
}
