/*
 * server_words.h - what a server's process (order_server.c) and the one that made it
 * (server_process.c) say to each other over the control channel. For these two alone.
 */
#ifndef HR_SERVER_WORDS_H
#define HR_SERVER_WORDS_H

#include "harness/error.h"

/* One letter asks; counts are answered with a struct hr_server_counts. */
#define HR_SERVER_COUNT 'c'  /* with the digest */
#define HR_SERVER_LOOK 'l'   /* without */
#define HR_SERVER_ENOUGH 'e' /* it is to end */

/* What the parent is told once: 0 or the errno, and the words. */
struct hr_server_greeting {
    int rc;
    char why[HR_ERROR_MAX];
};

#endif
