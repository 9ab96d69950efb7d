/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_HTTP_H
#define LIB_HTTP_HTTP_H

/*
 * One HTTP request at a time over connections that are kept, with libcurl.  Blocks until the deadline;
 * another thread may end that with http_interrupt().  Follows no redirect: secrets go nowhere else.
 * What a status means is the caller's; what a transfer that failed means is told here.
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/host.h>
#include <scanpipe/option.h>

/* How a handle talks, whatever it asks for.  Lives as long as the handle; NULL: curl's default. */
struct http_settings {
    const char *tls_ca; /* a file of certificates that are trusted */
    const char *proxy;  /* "" : none, whatever the environment says */
    const char *user_agent;
    int64_t connect_timeout_ns;
    int64_t timeout_ns; /* of a request, at most; its deadline may end it before */
    bool compression;   /* ask for gzip */
};

/* Around all else, once a stage: in a plugin's load() and unload(). */
int http_init(struct sp_error *err) SP_MUST_CHECK;
void http_fini(void);

struct http;

/* One a thread; opens no connection. */
int http_new(const struct http_settings *settings, struct http **out, struct sp_error *err) SP_MUST_CHECK;
void http_free(struct http *http);

struct http_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;    /* sent as it is written here */
    /* "Name: value", without line ends; secrets may be among them and are never printed.  Beside them go
     * Host, User-Agent, Content-Length, Accept-Encoding where `compression` is set, and Accept: anything */
    const char *const *headers;
    size_t header_count;
    struct sp_slice body;   /* of POST and PUT; never waits for "100 Continue" */
    int64_t extra_ns;       /* silence that is expected: a long poll.  Added to the timeout */
    size_t max_bytes;       /* of the answer's body, unpacked */
    struct sp_arena *arena; /* for the answer's body */
    char *buffer;           /* or this, of max_bytes */
    bool keep;              /* or the handle keeps it until its next request that keeps one; none of these: it
                               is dropped */
    bool direct;            /* past every proxy: what is asked is this machine's own */
};

enum { HTTP_HEAD_SIZE = 1024 };

struct http_answer {
    long status;          /* 0: none came */
    struct sp_slice body; /* of any status, in one of these; cut where it is too large */
    bool too_large;
    size_t size;               /* of the body as far as it came, kept or not */
    char head[HTTP_HEAD_SIZE]; /* how it begins, also where it is not kept */
    size_t head_size;
    const char *content_type; /* these live until the handle's next request; NULL: not said */
    const char *redirect;     /* where it sends us: an address that may hold secrets */
    int64_t retry_after_ns;   /* RFC 9110, 10.2.3, a day at most; 0: not said */
    int64_t date_wall_ms;     /* the server's `Date`; 0: not said */
    bool sent;                /* the request, or a part of it, may have reached the server */
};

/*
 * 0: an answer came, of whatever status, whole or too large.  -1: the transfer failed; *err says why:
 * SP_UNAVAILABLE, SP_REFUSED where it is the configuration's fault (a certificate), SP_STOPPED; *out says
 * what is known.
 *
 * A request goes twice where it went over a kept connection that ended before one byte of the answer came:
 * libcurl sends it again over a new one, as RFC 9110, 9.2.2 allows only what may be repeated.  So whatever
 * is asked for must bear being done twice.  Nothing else is sent again.
 */
int http_send(struct http *http, const struct http_request *request, struct http_answer *out,
              int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* The first value of a header of the answer that came last, or NULL.  Lives until the next request.  What is
 * beyond the first 16 KiB of headers is not there. */
const char *http_header(const struct http *http, const char *name);

/* How much of an address may be told: "https://host:port".  0 where a password may be in that. */
size_t http_origin(const char *url);

/* From any thread: ends http_send() soon; nothing where there is none, so it is to be repeated until the
 * call has returned. */
void http_interrupt(struct http *http);

#endif
