/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_HTTP_H
#define SCANAPI_SIM_HTTP_H

/* As much of HTTP/1.1 as a simulator needs, and ways to break it. */

#include "text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <zlib.h>

#define HTTP_HEAD_MAX 16384

struct http_request {
    char *method;
    char *path;
    char *query;         /* without the question mark; "" where there is none */
    char *authorization; /* "" where there is none */
    bool accepts_gzip;
    bool keep_alive;
    bool plain_10; /* HTTP/1.0 knows no chunks */
    size_t body;   /* bytes that follow the head */
};

enum http_cut {
    HTTP_WHOLE,
    HTTP_CUT_LENGTH, /* less comes than Content-Length says */
    HTTP_CUT_CHUNKS, /* the last chunk never comes */
    HTTP_CUT_BODY,   /* the body is cut, the framing is right */
    HTTP_CUT_RESET,  /* RST in the middle */
    HTTP_CUTS,
};

struct http_reply {
    int status;
    const char *type;
    const char *headers; /* more of them, each with its line end */
    const char *body;
    size_t length;
    bool gzip;
    bool chunked;
    uint64_t slow; /* bytes a second; 0: as fast as can be */
    enum http_cut cut;
    size_t cut_at; /* bytes of the body that come */
};

struct http_connection {
    int fd;
    const atomic_bool *stop;
    char in[HTTP_HEAD_MAX + 1];
    size_t in_length;
    size_t in_used;
    struct text out;
    struct text packed;
    z_stream deflate;
    bool deflate_ready;
};

/* 1: a request, which points into the connection until the next call.  0: the client is gone.  -1: no HTTP.
 */
int http_read(struct http_connection *connection, struct http_request *request);

/* -1: the connection must end. */
int http_write(struct http_connection *connection, const struct http_request *request,
               const struct http_reply *reply);

/* The value of a parameter, decoded; NULL where it is not there. */
const char *http_parameter(const struct http_request *request, const char *name, char *room, size_t size);

/* Cuts "a=1&b" into the next name and value (NULL where there is no =), decoded in place. */
bool http_next_parameter(char **query, char **name, char **value);

/* Sleeps, unless the server stops. */
void http_pause(const atomic_bool *stop, uint64_t milliseconds);

void http_reset(struct http_connection *connection);
void http_close(struct http_connection *connection);

#endif
