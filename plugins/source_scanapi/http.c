/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "http.h"

#include "status.h"

#include <scanpipe/host.h>

#include <curl/curl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Larger reads cost less than half of what curl's default does. */
#define BUFFER_SIZE 524288L

struct http {
    const struct scanapi_config *config;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    atomic_bool interrupted;
    size_t last_size; /* of the last page: the next will be about as large */

    /* of the request that is on its way */
    struct sp_arena *arena;
    char *body;
    size_t size, capacity; /* of body; size counts on where the body is not kept */
    bool too_large;
    char head[HEAD_SIZE]; /* how the body begins */
    size_t head_size;
    char curl_error[CURL_ERROR_SIZE];
    char description[256];
};

static void keep_head(struct http *http, const char *data, size_t size)
{
    size_t room = sizeof http->head - http->head_size;
    size_t taken = size < room ? size : room;
    memcpy(http->head + http->head_size, data, taken);
    http->head_size += taken;
}

/* A first guess spares growing: what the server says, else what the last page had, and a bit. */
static size_t guess_size(const struct http *http)
{
    curl_off_t length = -1;
    size_t most = (size_t)http->config->max_page_bytes;
    curl_easy_getinfo(http->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    size_t guess = http->last_size + http->last_size / 8;
    if (length > 0 && (uint64_t)length > guess)
        guess = (uint64_t)length < most ? (size_t)length : most;
    return guess > 65536 ? guess : 65536;
}

static void keep_body(struct http *http, const char *data, size_t size)
{
    if (!http->body) {
        http->capacity = guess_size(http);
        http->body = sp_arena_alloc(http->arena, http->capacity);
    }
    if (http->size + size > http->capacity) {
        size_t wanted = http->capacity * 2 > http->size + size ? http->capacity * 2 : http->size + size;
        http->body = sp_arena_resize(http->arena, http->body, http->capacity, wanted);
        http->capacity = wanted;
    }
    memcpy(http->body + http->size, data, size);
}

static long status_of(struct http *http)
{
    long status = 0;
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct http *http = context;
    if (http->head_size < sizeof http->head)
        keep_head(http, data, size);
    if (http->size + size > (size_t)http->config->max_page_bytes) {
        http->too_large = true;
        return 0;
    }
    if (http->arena && status_of(http) == 200)
        keep_body(http, data, size);
    http->size += size;
    return size;
}

static int add_header(struct http *http, const char *name, const char *value)
{
    char *line;
    if (asprintf(&line, *value ? "%s: %s" : "%s;", name, value) < 0)
        return -1;
    struct curl_slist *longer = curl_slist_append(http->headers, line);
    free(line);
    if (!longer)
        return -1;
    http->headers = longer;
    return 0;
}

static int make_headers(struct http *http)
{
    const struct scanapi_config *config = http->config;
    if (add_header(http, "Accept", "application/json") != 0)
        return -1;
    for (size_t i = 0; i < config->headers.count; i++) {
        const struct sp_pair *pair = &config->headers.items[i];
        if (add_header(http, pair->key, pair->value ? pair->value : "") != 0)
            return -1;
    }
    if (!config->bearer || !*config->bearer)
        return 0;
    char *bearer;
    if (asprintf(&bearer, "Bearer %s", config->bearer) < 0)
        return -1;
    int rc = add_header(http, "Authorization", bearer);
    free(bearer);
    return rc;
}

/* What is not set is not left at its default: not to go through the proxy is worse than not to go. */
static bool set_options(struct http *http)
{
    const struct scanapi_config *config = http->config;
    CURL *easy = http->easy;
    unsigned failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
    failed |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
    failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->curl_error);
    if (config->compression)
        failed |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    if (config->tls_ca)
        failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, config->tls_ca);
    if (config->proxy)
        failed |= curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy);
    if (config->user_agent && *config->user_agent)
        failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, config->user_agent);
    /* A connection on which nothing comes for half of what a page may take is dead. */
    int64_t silence = config->timeout / 2 / SP_SECOND;
    failed |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(silence > 1 ? silence : 1));
    return failed == 0;
}

int http_new(const struct scanapi_config *config, struct http **out, struct sp_error *err)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    http->config = config;
    atomic_init(&http->interrupted, false);
    http->easy = curl_easy_init();
    http->multi = curl_multi_init();
    if (!http->easy || !http->multi || make_headers(http) != 0 || !set_options(http)) {
        http_free(http);
        return sp_fail(err, SP_UNAVAILABLE, "libcurl cannot be set up: there is no memory left");
    }
    *out = http;
    return 0;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    if (http->easy)
        curl_easy_cleanup(http->easy);
    if (http->multi)
        curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->headers);
    free(http);
}

void http_interrupt(struct http *http)
{
    atomic_store(&http->interrupted, true);
    curl_multi_wakeup(http->multi);
}

static bool set_url(struct http *http, int64_t from, int64_t limit)
{
    const struct scanapi_config *config = http->config;
    size_t base = strlen(config->url);
    while (base && config->url[base - 1] == '/')
        base--;
    char *url;
    if (asprintf(&url, "%.*s%s%c%s=%" PRId64 "&%s=%" PRId64, (int)base, config->url, config->path,
                 strchr(config->path, '?') ? '&' : '?', config->from_parameter, from, config->limit_parameter,
                 limit) < 0)
        return false;
    CURLcode code = curl_easy_setopt(http->easy, CURLOPT_URL, url);
    free(url);
    return code == CURLE_OK;
}

/* Never 0, which would mean that curl may take as long as it likes. */
static long milliseconds(int64_t ns)
{
    return ns > SP_MILLISECOND ? (long)(ns / SP_MILLISECOND) : 1;
}

static bool begin(struct http *http, struct sp_arena *arena, int64_t deadline)
{
    int64_t left = deadline - sp_clock_now();
    int64_t timeout = http->config->timeout < left ? http->config->timeout : left;
    int64_t connecting = http->config->connect_timeout < timeout ? http->config->connect_timeout : timeout;
    http->arena = arena;
    http->body = NULL;
    http->size = http->capacity = http->head_size = 0;
    http->too_large = false;
    http->curl_error[0] = '\0';
    return curl_easy_setopt(http->easy, CURLOPT_TIMEOUT_MS, milliseconds(timeout)) == CURLE_OK &&
           curl_easy_setopt(http->easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connecting)) == CURLE_OK;
}

/* Curl's own timeouts end it, or another thread does. */
static CURLcode perform(struct http *http, bool *stopped)
{
    int running = 1, left;
    CURLMcode code = curl_multi_add_handle(http->multi, http->easy);
    while (code == CURLM_OK && running && !(*stopped = atomic_load(&http->interrupted))) {
        code = curl_multi_perform(http->multi, &running);
        if (code == CURLM_OK && running)
            code = curl_multi_poll(http->multi, NULL, 0, 1000, NULL);
    }
    CURLcode result = code == CURLM_OK ? CURLE_OK : CURLE_FAILED_INIT;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left));)
        if (message->msg == CURLMSG_DONE)
            result = message->data.result;
    curl_multi_remove_handle(http->multi, http->easy);
    return result;
}

static struct status_answer answer_of(struct http *http)
{
    struct status_answer answer = {.head = {http->head, http->head_size}, .size = http->size};
    curl_off_t retry_after = 0;
    curl_easy_getinfo(http->easy, CURLINFO_CONTENT_TYPE, &answer.content_type);
    curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &answer.redirect);
    answer.status = status_of(http);
    answer.retry_after = retry_after;
    return answer;
}

const char *http_describe(struct http *http)
{
    struct status_answer answer = answer_of(http);
    status_describe(http->config, &answer, http->description, sizeof http->description);
    return http->description;
}

static void finish_body(struct http *http, struct http_answer *out)
{
    struct status_answer answer = answer_of(http);
    *out = (struct http_answer){.body = {"", 0}, .markup = status_is_markup(&answer)};
    if (!http->body)
        return;
    sp_arena_resize(http->arena, http->body, http->capacity, http->size);
    http->last_size = http->size;
    out->body = (struct sp_slice){http->body, http->size};
}

enum http_outcome http_get(struct http *http, int64_t from, int64_t limit, struct sp_arena *arena,
                           struct http_answer *out, int64_t deadline, struct sp_error *err)
{
    bool stopped = false;
    atomic_store(&http->interrupted, false);
    if (!begin(http, arena, deadline) || !set_url(http, from, limit)) {
        (void)sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
        return HTTP_FAILED;
    }
    CURLcode code = perform(http, &stopped);
    if (stopped) {
        (void)sp_fail(err, SP_STOPPED, "the request was interrupted");
        return HTTP_FAILED;
    }
    if (http->too_large && status_of(http) == 200) {
        (void)sp_fail(err, SP_REFUSED, "a page is larger than %" PRId64 " bytes",
                      http->config->max_page_bytes);
        (void)sp_fail_cure(err, "raise max_page_bytes, or lower page_size");
        return HTTP_TOO_LARGE;
    }
    struct status_answer answer = answer_of(http);
    if (code != CURLE_OK && !http->too_large)
        status_fail_transfer(http->config, code, http->curl_error, &answer, err);
    else if (answer.status != 200)
        status_fail(http->config, &answer, err);
    else {
        finish_body(http, out);
        return HTTP_PAGE;
    }
    return HTTP_FAILED;
}
