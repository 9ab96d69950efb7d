/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/*
 * No driver tells its socket.  It is needed where a server is frozen: the driver waits for ever, SQLCancel()
 * waits with it, and only shutdown() of the socket ends that.
 */

static bool is_connection(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0;
}

void odbc_sockets_list(struct odbc_sockets *out)
{
    out->count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        int fd = atoi(entry->d_name);
        if (fd > 2 && fd != dirfd(folder) && out->count < sizeof out->items / sizeof *out->items &&
            is_connection(fd))
            out->items[out->count++] = fd;
    }
    closedir(folder);
}

static bool has(const struct odbc_sockets *sockets, int fd)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->items[i] == fd)
            return true;
    }
    return false;
}

int64_t odbc_socket_port(int fd)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return 0;
    if (own.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&own)->sin_port);
    return own.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&own)->sin6_port) : 0;
}

int odbc_sockets_new(const struct odbc_sockets *before, int64_t port)
{
    struct odbc_sockets now;
    int found = -1;
    size_t count = 0;
    odbc_sockets_list(&now);
    for (size_t i = 0; i < now.count; i++) {
        int fd = now.items[i];
        if (has(before, fd))
            continue;
        if (port && odbc_socket_port(fd) == port)
            return fd;
        found = fd;
        count++;
    }
    bool all = before->count < sizeof before->items / sizeof *before->items;
    return all && count == 1 ? found : -1;
}
