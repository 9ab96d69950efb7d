/* SPDX-License-Identifier: Apache-2.0 */
/* The answer as it comes: its headers, and its body into the arena. */
#include <config.h>

#include "inside.h"

#include <stdlib.h>
#include <strings.h>

/* What one large answer took is given back by the next request that keeps one: those in between leave it be.
 */
enum { KEPT_BYTES = 4 << 20 };

void answer_forget(struct http *http)
{
    free(http->kept);
    http->kept = NULL;
    http->kept_capacity = 0;
}

void answer_begin(struct http *http, const struct http_request *request, struct http_answer *out)
{
    *out = (struct http_answer){.body = {"", 0}};
    http->request = request;
    http->answer = out;
    http->body = NULL;
    http->begun = http->no_memory = http->headers_ended = false;
    if (request->keep && http->kept_capacity > KEPT_BYTES)
        answer_forget(http);
    http->body_size = http->capacity = http->headers_size = 0;
}

static void keep_header(struct http *http, const char *name, size_t name_size, struct sp_slice value)
{
    if (sizeof http->headers - http->headers_size < name_size + value.size + 2)
        return;
    char *at = http->headers + http->headers_size;
    memcpy(at, name, name_size);
    at[name_size] = '\0';
    memcpy(at + name_size + 1, value.data, value.size);
    at[name_size + 1 + value.size] = '\0';
    http->headers_size += name_size + value.size + 2;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

size_t answer_on_header(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct http *http = context;
    if (size >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        http->headers_size = 0; /* what came before was a 1xx */
        http->headers_ended = false;
    } else if (size <= 2 && is_blank(*data)) {
        http->headers_ended = true;
    }
    http->headers_ended = is_blank(*data) && size <= 2;
    const char *colon = memchr(data, ':', size);
    if (!colon || is_blank(*data) || memchr(data, '\0', size))
        return size;
    struct sp_slice value = {colon + 1, size - (size_t)(colon + 1 - data)};
    while (value.size && is_blank(*value.data))
        value = (struct sp_slice){value.data + 1, value.size - 1};
    while (value.size && is_blank(value.data[value.size - 1]))
        value.size--;
    keep_header(http, data, (size_t)(colon - data), value);
    return size;
}

const char *http_header(const struct http *http, const char *name)
{
    const char *end = http->headers + http->headers_size;
    for (const char *at = http->headers; at < end;) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

static void keep_head(struct http_answer *answer, const char *data, size_t size)
{
    size_t room = sizeof answer->head - answer->head_size;
    size_t taken = size < room ? size : room;
    memcpy(answer->head + answer->head_size, data, taken);
    answer->head_size += taken;
}

/* A first guess spares growing: what the server says, else what the last body had, and a bit. */
static size_t guess_size(const struct http *http)
{
    curl_off_t length = -1;
    size_t most = http->request->max_bytes;
    size_t guess = http->last_size + http->last_size / 8;
    if (guess < 65536)
        guess = 65536;
    curl_easy_getinfo(http->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    bool packed = http_header(http, "Content-Encoding") != NULL;
    if (length >= 0 && (!packed || (uint64_t)length > guess))
        guess = (uint64_t)length < most ? (size_t)length : most;
    return guess < most ? guess : most;
}

/* The handle's own memory, of at least so many bytes; false: there is none. */
static bool grow_kept(struct http *http, size_t wanted)
{
    if (wanted <= http->kept_capacity)
        return true;
    char *larger = realloc(http->kept, wanted);
    if (!larger)
        return false;
    http->kept = larger;
    http->kept_capacity = wanted;
    return true;
}

/* Room for `filled` bytes of the body, where the request wants them; false: there is no memory. */
static bool make_room(struct http *http, size_t filled)
{
    const struct http_request *request = http->request;
    if (filled <= http->capacity)
        return true;
    size_t wanted = http->capacity ? http->capacity * 2 : guess_size(http);
    if (wanted > request->max_bytes)
        wanted = request->max_bytes;
    if (wanted < filled)
        wanted = filled;
    if (request->buffer) {
        http->body = request->buffer;
        http->capacity = request->max_bytes;
        return true;
    }
    if (request->arena) {
        http->body = sp_arena_resize(request->arena, http->body, http->capacity, wanted);
        http->capacity = wanted;
        return true;
    }
    if (!grow_kept(http, wanted))
        return false;
    http->body = http->kept;
    http->capacity = http->kept_capacity;
    return true;
}

static bool keep_body(struct http *http, const char *data, size_t size)
{
    if (!make_room(http, http->body_size + size))
        return false;
    memcpy(http->body + http->body_size, data, size);
    http->body_size += size;
    return true;
}

static bool is_wanted(const struct http_request *request)
{
    return request->arena || request->buffer || request->keep;
}

size_t answer_on_body(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct http *http = context;
    struct http_answer *answer = http->answer;
    size_t room = http->request->max_bytes - answer->size;
    size_t taken = size < room ? size : room;
    if (answer->head_size < sizeof answer->head)
        keep_head(answer, data, size);
    if (is_wanted(http->request) && taken > 0 && !keep_body(http, data, taken)) {
        http->no_memory = true;
        return 0;
    }
    answer->size += taken;
    answer->too_large = size > room;
    return taken; /* less than there is ends the transfer */
}

/* Bytes went out, and they were no proxy's: those are sent before the transfer is said to begin.  Both
 * count what was sent over a kept connection that turned out to be dead. */
static bool was_sent(CURL *easy)
{
    long bytes = 0;
    curl_off_t began = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &began);
    return bytes > 0 && began > 0;
}

void answer_finish(struct http *http, int64_t wall_ms)
{
    struct http_answer *answer = http->answer;
    if (!http->begun)
        return;
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &answer->redirect);
    answer->sent = was_sent(http->easy);
    answer->content_type = http_header(http, "Content-Type");
    answer->date_wall_ms = fields_date(http_header(http, "Date"));
    answer->retry_after_ns = fields_pause(http_header(http, "Retry-After"), answer->date_wall_ms, wall_ms);
    if (!http->body)
        return;
    if (!http->request->buffer) {
        if (http->request->arena)
            sp_arena_resize(http->request->arena, http->body, http->capacity, http->body_size);
        http->last_size = http->body_size;
    }
    answer->body = (struct sp_slice){http->body, http->body_size};
}
