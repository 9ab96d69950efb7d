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
    char request[8192]; /* the head of the last one */
    char *body;         /* and what it carried */
    size_t body_size;
    bool leaves_body; /* does not read it */
    bool stopping;
};

static inline void http_write(int fd, const void *data, size_t size)
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
    http_write(fd, head, (size_t)length);
    http_write(fd, body, size);
    return true;
}

/* The head of a request: its size, and in *got what came of the body with it.  0: the connection ended. */
static inline size_t http_read_head(int fd, char *request, size_t room, size_t *got)
{
    size_t size = 0;
    for (;;) {
        ssize_t more = recv(fd, request + size, room - 1 - size, 0);
        if (more <= 0)
            return 0;
        size += (size_t)more;
        request[size] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        if (end) {
            *got = size - (size_t)(end + 4 - request);
            return (size_t)(end + 4 - request);
        }
    }
}

static inline bool http_read_body(struct http_server *server, int fd, const char *start, size_t got)
{
    const char *length = strstr(server->request, "\r\nContent-Length: ");
    size_t size = length ? strtoul(length + 18, NULL, 10) : 0;
    free(server->body);
    server->body_size = size;
    server->body = calloc(1, size + 1);
    if (!server->body || got > size)
        abort();
    memcpy(server->body, start, got);
    while (got < size) {
        ssize_t more = recv(fd, server->body + got, size - got, 0);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static inline void http_serve(struct http_server *server, int fd)
{
    char request[sizeof server->request];
    size_t head, got;
    bool keep = true;
    while (keep && (head = http_read_head(fd, request, sizeof request, &got)) > 0) {
        pthread_mutex_lock(&server->lock);
        memcpy(server->request, request, head);
        server->request[head] = '\0';
        keep = server->leaves_body || http_read_body(server, fd, request + head, got);
        if (keep) {
            server->requests++;
            keep = server->handler(server, fd, server->request);
        }
        pthread_mutex_unlock(&server->lock);
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
    free(server->body);
}

#endif
