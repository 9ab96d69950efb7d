/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "server.h"

#include "routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define STACK_SIZE      (256 * 1024)

struct server {
    struct routes routes;
    pthread_mutex_t lock; /* of the places */
    pthread_cond_t left;
    struct place_at_table {
        struct server *server;
        int fd; /* -1: free */
    } places[CONNECTIONS_MAX];
    size_t taken;
};

int64_t server_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *connection_serve(void *place_as_void)
{
    struct place_at_table *place = place_as_void;
    struct server *server = place->server;
    struct routes_scratch scratch = {0};
    struct http_connection connection = {.fd = place->fd, .stop = &server->routes.stop};
    struct http_request request;
    while (!server->routes.stop && http_read(&connection, &request) == 1)
        if (routes_answer(&server->routes, &scratch, &connection, &request) < 0)
            break;
    routes_scratch_fini(&scratch);
    /* Under the lock: whoever stops the server must not shut down a number that stands for something new. */
    pthread_mutex_lock(&server->lock);
    http_close(&connection);
    place->fd = -1;
    server->taken--;
    pthread_cond_signal(&server->left);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static struct place_at_table *place_take(struct server *server, int fd)
{
    struct place_at_table *found = NULL;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX && !found; i++)
        if (server->places[i].fd < 0)
            found = &server->places[i];
    if (found) {
        found->fd = fd;
        server->taken++;
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

static void place_leave(struct server *server, struct place_at_table *place)
{
    pthread_mutex_lock(&server->lock);
    place->fd = -1;
    server->taken--;
    pthread_mutex_unlock(&server->lock);
}

static void connection_accept(struct server *server, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct place_at_table *place = place_take(server, fd);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (!place || pthread_create(&thread, &attributes, connection_serve, place)) {
        if (place)
            place_leave(server, place);
        close(fd);
    }
    pthread_attr_destroy(&attributes);
}

static int listen_at(uint64_t port, unsigned *port_out)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        close(fd);
        return -1;
    }
    *port_out = ntohs(address.sin_port);
    return fd;
}

/* Renamed into place, so that who waits for the file never reads half of it. */
static int port_write(const char *path, unsigned port)
{
    char beside[1100];
    snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(beside, "w");
    if (!file)
        return -1;
    bool written = fprintf(file, "%u\n", port) > 0;
    return fclose(file) == 0 && written ? rename(beside, path) : -1;
}

/* The file first: who reads the line may look for it. */
static int port_tell(const char *path, unsigned port)
{
    if (*path && port_write(path, port) < 0)
        return -1;
    printf("listening on http://127.0.0.1:%u\n", port);
    fflush(stdout);
    return 0;
}

static void serve_until_told(struct server *server, int listener, uint64_t lifetime)
{
    sigset_t endings;
    sigemptyset(&endings);
    sigaddset(&endings, SIGTERM);
    sigaddset(&endings, SIGINT);
    int signals = signalfd(-1, &endings, SFD_CLOEXEC);
    int64_t end = server_now() + (int64_t)lifetime * 1000000000;
    struct pollfd watched[] = {{.fd = listener, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (int64_t left; (left = end - server_now()) > 0;) {
        int64_t wait = left / 1000000 + 1;
        if (poll(watched, 2, wait < 60000 ? (int)wait : 60000) < 0 && errno != EINTR)
            break;
        if (watched[1].revents)
            break;
        if (watched[0].revents)
            connection_accept(server, listener);
    }
    close(signals);
}

static void connections_end(struct server *server)
{
    server->routes.stop = true;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (server->places[i].fd >= 0)
            shutdown(server->places[i].fd, SHUT_RDWR);
    while (server->taken)
        pthread_cond_wait(&server->left, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

int server_run(const struct feed *feed, const struct settings *settings)
{
    sigset_t all;
    unsigned port;
    /* Blocked before the first thread, so that signals come only by their descriptor. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    int listener = listen_at(settings->run.port, &port);
    if (listener < 0) {
        fprintf(stderr, "scanapi-sim: port %u: %s\n", (unsigned)settings->run.port, strerror(errno));
        return 69;
    }
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        abort();
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->left, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        server->places[i] = (struct place_at_table){server, -1};
    routes_init(&server->routes, feed, settings, server_now());
    int status = 0;
    if (port_tell(settings->run.port_file, port) == 0) {
        serve_until_told(server, listener, settings->run.lifetime);
    } else {
        fprintf(stderr, "scanapi-sim: %s: %s\n", settings->run.port_file, strerror(errno));
        status = 73;
    }
    close(listener);
    connections_end(server);
    routes_fini(&server->routes);
    pthread_cond_destroy(&server->left);
    pthread_mutex_destroy(&server->lock);
    free(server);
    return status;
}
