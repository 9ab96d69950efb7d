/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_HTTP_H
#define SCANAPI_HTTP_H

/*
 * One GET at a time over a connection that is kept, with libcurl.  Blocks until the deadline; another
 * thread may end that with http_interrupt().  Follows no redirect: the token goes nowhere else.
 */

#include "scanapi.h"

#include <scanpipe/arena.h>
#include <scanpipe/error.h>

struct http;

/* One a handle; opens no connection.  `config` must outlive it. */
int http_new(const struct scanapi_config *config, struct http **out, struct sp_error *err) SP_MUST_CHECK;
void http_free(struct http *http);

enum http_outcome {
    HTTP_PAGE,      /* 200, and all of the body */
    HTTP_TOO_LARGE, /* the body is larger than max_page_bytes; *err says so */
    HTTP_FAILED,    /* *err says why, and what the core is to do */
};

struct http_answer {
    struct sp_slice body; /* in the arena */
    bool markup;          /* HTML or XML, by its header or its first character */
};

/* Asks for at most `limit` events from `from` on.  Without an arena the body is not kept. */
enum http_outcome http_get(struct http *http, int64_t from, int64_t limit, struct sp_arena *arena,
                           struct http_answer *out, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* From any thread: ends http_get() soon; nothing where there is none. */
void http_interrupt(struct http *http);

/* "answered text/html, 512 bytes, beginning '<html>…'", of the answer that came last; without secrets. */
const char *http_describe(struct http *http);

#endif
