/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/*
 * Telling a service manager how this process is: the protocol of sd_notify(3), which promises to stay as it
 * is. Lines of NAME=VALUE, in one datagram, to the AF_UNIX socket that NOTIFY_SOCKET names; '@' begins an
 * abstract name.  Where nobody listens, nothing is told.
 */

#include "base/buffer.h"

#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int fd; /* -1: nobody wants to hear */
    struct sockaddr_un address;
    socklen_t length;
    int64_t watchdog_ns; /* WATCHDOG=1 is to come at least so often; 0: is not asked for */
};

/* Reads the variables and takes them out of the environment, so that no child tells in our name.  Before
 * there are other threads. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Waits for a second at most.  False: it was not taken. */
bool notify_send(const struct notify *notify, const struct buffer *lines);

/* Pure.  False: this names no socket. */
bool notify_address(const char *text, struct sockaddr_un *out, socklen_t *length_out);
/* Pure: WATCHDOG_USEC and WATCHDOG_PID (each may be NULL) for the process `self`. */
int64_t notify_watchdog_ns(const char *usec, const char *pid, int64_t self);

#endif
