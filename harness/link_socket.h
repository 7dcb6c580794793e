/*
 * link_socket.h - what the links over sockets share: where two processes meet, and what a
 * connection is set to. Between processes of one program that is 127.0.0.1, or the far end of a
 * cable, and a port that the system chooses, or a path that exists while the link is being made;
 * between programs it is what both were told (params.place), and a client listens nowhere.
 *
 * Errors: a negative errno with hr_error(). Threads: one per side.
 */
#ifndef HR_LINK_SOCKET_H
#define HR_LINK_SOCKET_H

#include "harness/link.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HR_SOCKET_PATH_MAX 96

union hr_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

struct hr_meeting {
    int fd;     /* listens; -1 when it was closed, or never did */
    bool local; /* a path instead of a port */
    uint16_t port;
    union hr_address address;
    socklen_t address_bytes;
    char text[112];                                                /* the place, for messages */
    char folder[HR_SOCKET_PATH_MAX], path[HR_SOCKET_PATH_MAX + 8]; /* removed with it, if not "" */
};

int hr_meeting_open(struct hr_meeting *meeting, bool local, const struct hr_link_params *params);
/* A connection to it, set up and not blocking, or a negative errno: -EINTR if the program is to end
 * meanwhile, -ETIMEDOUT if nothing comes back for 20 s. Of a name with several addresses the first
 * that answers. */
int hr_meeting_connect(const struct hr_meeting *meeting, const struct hr_link_params *params);
/* The next caller's, or -EAGAIN without a message if there is none. */
int hr_meeting_accept(const struct hr_meeting *meeting, const struct hr_link_params *params);
void hr_meeting_close(struct hr_meeting *meeting, bool remove);
/* So many connections are to be open at once: raises what the process may open as far as the system
 * lets it. -EMFILE if that is not enough. */
int hr_sockets_allow(uint64_t connections);
/* What the system made of the settings. */
void hr_socket_facts(int fd, bool local, struct hr_link_facts *facts);

#endif
