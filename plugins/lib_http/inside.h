/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_INSIDE_H
#define LIB_HTTP_INSIDE_H

/* What the files of lib_http share. */

#include "http.h"

#include <curl/curl.h>
#include <stdatomic.h>

struct http {
    const struct http_settings *settings;
    CURL *easy;
    CURLM *multi;
    atomic_bool interrupted;
    size_t last_size; /* of the last body that was kept: the next will be about as large */

    /* of the request that is on its way */
    const struct http_request *request;
    struct http_answer *answer;
    char *body; /* in the request's arena, in its buffer, or in `kept` */
    size_t body_size, capacity;
    bool no_memory;
    bool headers_ended; /* those that began last; an answer's trailers are none */
    bool begun;         /* what libcurl says is of this request, no longer of the one before */

    /* of the request that was sent last */
    char headers[16384]; /* of the answer: name NUL value NUL, again and again */
    size_t headers_size;
    char curl_error[CURL_ERROR_SIZE];
    char *kept; /* its answer's body, where the handle keeps it; used again */
    size_t kept_capacity;
};

/* answer.c: what libcurl hands over goes into http->answer.  The callbacks are libcurl's. */
void answer_begin(struct http *http, const struct http_request *request, struct http_answer *out);
size_t answer_on_header(char *data, size_t one, size_t size, void *context);
size_t answer_on_body(char *data, size_t one, size_t size, void *context);
void answer_forget(struct http *http); /* the memory of `kept` */
void answer_finish(struct http *http, int64_t wall_ms);

/* fields.c: what headers say.  Pure. */

/* RFC 9110, 5.6.7, in milliseconds since 1970; 0 where it is NULL or no date. */
int64_t fields_date(const char *value);

/* RFC 9110, 10.2.3: seconds, or a date, which is as far away as the server's clock has it, ours where it is
 * not known (0). */
int64_t fields_pause(const char *retry_after, int64_t date_wall_ms, int64_t wall_ms);

/* fail.c: why a transfer failed, in its class, with the cure where there is one.  Pure.  Returns -1. */
int fail_transfer(CURLcode code, const char *detail, const char *url, const struct http_answer *answer,
                  struct sp_error *err);

#endif
