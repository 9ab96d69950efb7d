/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/notify.h"

#include <errno.h>
#include <scanpipe/host.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static const struct timeval longest_send = {.tv_sec = 1};

bool notify_address(const char *text, struct sockaddr_un *out, socklen_t *length_out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t size = text ? strlen(text) : 0;
    if (size < 2 || size >= sizeof out->sun_path || (text[0] != '/' && text[0] != '@'))
        return false;
    memcpy(out->sun_path, text, size);
    if (text[0] == '@') /* an abstract name is as long as the address says; a path ends with its NUL */
        out->sun_path[0] = '\0';
    *length_out = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (text[0] == '/'));
    return true;
}

/* A whole decimal number; 0 where it is none. */
static int64_t number(const char *text)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' ? value : 0;
}

int64_t notify_watchdog_ns(const char *usec, const char *pid, int64_t self)
{
    int64_t value = number(usec);
    if ((pid && number(pid) != self) || value > INT64_MAX / 1000)
        return 0;
    return value * 1000;
}

void notify_open(struct notify *notify)
{
    *notify = (struct notify){.fd = -1};
    if (notify_address(getenv("NOTIFY_SOCKET"), &notify->address, &notify->length))
        notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd >= 0) {
        setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &longest_send, sizeof longest_send);
        notify->watchdog_ns = notify_watchdog_ns(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

bool notify_send(const struct notify *notify, const struct buffer *lines)
{
    ssize_t sent;
    do {
        sent = sendto(notify->fd, lines->data, lines->size, MSG_NOSIGNAL,
                      (const struct sockaddr *)&notify->address, notify->length);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}
