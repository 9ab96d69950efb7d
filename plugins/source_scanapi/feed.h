/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_FEED_H
#define SCANAPI_FEED_H

/* One page of the feed by one GET.  Blocks until the deadline; another thread may end that. */

#include "scanapi.h"

#include <lib_http/http.h>

struct feed;

/* One a handle; opens no connection.  `config` must outlive it. */
int feed_new(const struct scanapi_config *config, struct feed **out, struct sp_error *err) SP_MUST_CHECK;
void feed_free(struct feed *feed);

enum feed_outcome {
    FEED_PAGE,      /* 200, and all of the body */
    FEED_TOO_LARGE, /* the body is larger than max_page_bytes; *err says so */
    FEED_FAILED,    /* *err says why, and what the core is to do */
};

struct feed_answer {
    struct sp_slice body; /* in the arena */
    bool markup;          /* HTML or XML, by its header or its first character */
};

/* Asks for at most `limit` events from `from` on.  Without an arena the body is not kept. */
enum feed_outcome feed_get(struct feed *feed, int64_t from, int64_t limit, struct sp_arena *arena,
                           struct feed_answer *out, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* From any thread: ends feed_get() soon; nothing where there is none. */
void feed_interrupt(struct feed *feed);

/* "answered text/html, 512 bytes, beginning '<html>…'", of the answer that came last; without secrets. */
const char *feed_describe(struct feed *feed);

#endif
