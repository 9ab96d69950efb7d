/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

/*
 * An HTTP server of a test's own on a free port of 127.0.0.1: one thread, one connection at a time.  The
 * test's handler answers each request as it likes.
 */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_server;

/* True: the connection is kept. */
typedef bool http_handler(struct http_server *server, int fd, const char *request);

struct http_server {
    int listener;
    int port;
    pthread_t thread;
    pthread_mutex_t lock; /* the handler runs under it */
    http_handler *handler;
    int requests, connections;
    int open_fd;        /* -1: none */
    char request[8192]; /* the last one */
    bool stopping;
};

static inline void http_send(int fd, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        at += sent;
        size -= (size_t)sent;
    }
}

/* `headers` are whole lines; the length is added. */
static inline bool http_reply(int fd, const char *status, const char *headers, const void *body, size_t size)
{
    char head[1024];
    int length =
        snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers, size);
    http_send(fd, head, (size_t)length);
    http_send(fd, body, size);
    return true;
}

static inline void http_serve(struct http_server *server, int fd)
{
    size_t size = 0;
    char request[sizeof server->request];
    for (;;) {
        ssize_t got = recv(fd, request + size, sizeof request - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        request[size] = '\0';
        if (!strstr(request, "\r\n\r\n"))
            continue;
        pthread_mutex_lock(&server->lock);
        memcpy(server->request, request, size + 1);
        server->requests++;
        bool keep = server->handler(server, fd, request);
        pthread_mutex_unlock(&server->lock);
        if (!keep)
            return;
        size = 0;
    }
}

static inline void *http_run(void *argument)
{
    struct http_server *server = argument;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&server->lock);
        server->connections++;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        server->open_fd = fd;
        bool stopping = server->stopping;
        pthread_mutex_unlock(&server->lock);
        if (!stopping)
            http_serve(server, fd);
        pthread_mutex_lock(&server->lock);
        server->open_fd = -1;
        pthread_mutex_unlock(&server->lock);
        close(fd);
    }
}

static inline void http_start(struct http_server *server, http_handler *handler)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *server = (struct http_server){.handler = handler, .open_fd = -1};
    pthread_mutex_init(&server->lock, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, size) != 0 || listen(server->listener, 8) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&server->thread, NULL, http_run, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
}

/* What the handler sees changes between two requests only. */
static inline void http_answer_with(struct http_server *server, http_handler *handler)
{
    pthread_mutex_lock(&server->lock);
    server->handler = handler;
    server->requests = server->connections = 0;
    pthread_mutex_unlock(&server->lock);
}

/* What this thread did is seen by the handler from here on, and what the handler did by this thread. */
static inline void http_meet(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    pthread_mutex_unlock(&server->lock);
}

static inline void http_stop(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    if (server->open_fd >= 0)
        shutdown(server->open_fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
}

#endif
