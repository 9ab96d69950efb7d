/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "inside.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

/* Larger reads cost less than half of what curl's default does. */
#define BUFFER_SIZE 524288L

int http_init(struct sp_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sp_fail(err, SP_UNAVAILABLE, "libcurl cannot be initialised");
    return 0;
}

void http_fini(void)
{
    curl_global_cleanup();
}

static CURLcode set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* What is not set is not left at its default: not to go through the proxy is worse than not to go. */
static bool set_options(struct http *http)
{
    const struct http_settings *settings = http->settings;
    CURL *easy = http->easy;
    unsigned failed = set_protocols(easy);
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
    failed |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, answer_on_header);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_on_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
    failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->curl_error);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is being looked up is not waited for when the call has ended; an older one waits. */
    failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    if (settings->compression)
        failed |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    if (settings->tls_ca)
        failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->tls_ca);
    if (settings->user_agent && *settings->user_agent)
        failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, settings->user_agent);
    return failed == 0;
}

int http_new(const struct http_settings *settings, struct http **out, struct sp_error *err)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    http->settings = settings;
    atomic_init(&http->interrupted, false);
    http->easy = curl_easy_init();
    http->multi = curl_multi_init();
    if (!http->easy || !http->multi || !set_options(http)) {
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
    answer_forget(http);
    free(http);
}

void http_interrupt(struct http *http)
{
    atomic_store(&http->interrupted, true);
    curl_multi_wakeup(http->multi);
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

/* "Name:" would be a header that is not sent; "Name;" is how curl wants one that is empty. */
static bool append_empty(struct curl_slist **list, const char *line)
{
    size_t name_size = strcspn(line, ":");
    char *text = malloc(name_size + 2);
    if (!text)
        return false;
    memcpy(text, line, name_size);
    memcpy(text + name_size, ";", 2);
    bool done = append(list, text);
    free(text);
    return done;
}

static bool make_headers(const struct http_request *request, struct curl_slist **list)
{
    bool typed = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const char *line = request->headers[i], *colon = strchr(line, ':');
        assert(colon);
        typed = typed || strncasecmp(line, "Content-Type:", 13) == 0;
        bool empty = colon[1 + strspn(colon + 1, " \t")] == '\0';
        if (!(empty ? append_empty(list, line) : append(list, line)))
            return false;
    }
    /* What curl would add of its own. */
    return append(list, "Expect:") && (typed || append(list, "Content-Type:"));
}

static void free_headers(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* Setting a body makes it a POST, whatever it was. */
static bool set_method(CURL *easy, const struct http_request *request)
{
    bool get = strcmp(request->method, "GET") == 0, put = strcmp(request->method, "PUT") == 0;
    assert(get || put || strcmp(request->method, "POST") == 0);
    const char *body = get ? NULL : request->body.size ? request->body.data : "";
    unsigned failed = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    failed |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    failed |= curl_easy_setopt(easy, get ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, put ? "PUT" : NULL);
    return failed == 0;
}

/* Never 0, which would mean that curl may take as long as it likes. */
static long milliseconds(int64_t ns)
{
    return ns > SP_MILLISECOND ? (long)(ns / SP_MILLISECOND) : 1;
}

static bool set_proxy(struct http *http, bool direct)
{
    return curl_easy_setopt(http->easy, CURLOPT_PROXY, direct ? "" : http->settings->proxy) == CURLE_OK;
}

static bool set_times(struct http *http, int64_t extra_ns, int64_t left)
{
    const struct http_settings *settings = http->settings;
    int64_t timeout = settings->timeout_ns + extra_ns;
    if (timeout > left)
        timeout = left;
    int64_t connecting = settings->connect_timeout_ns < timeout ? settings->connect_timeout_ns : timeout;
    /* A connection on which nothing comes for half of what a request may take is dead. */
    int64_t silence = (settings->timeout_ns / 2 + extra_ns) / SP_SECOND;
    CURL *easy = http->easy;
    unsigned failed = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(timeout));
    failed |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connecting));
    failed |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(silence > 1 ? silence : 1));
    return failed == 0;
}

/* Curl's own timeouts end it, or another thread does. */
static CURLcode perform(struct http *http, bool *stopped)
{
    int running = 1, left;
    CURLMcode code = curl_multi_add_handle(http->multi, http->easy);
    while (code == CURLM_OK && running && !(*stopped = atomic_load(&http->interrupted))) {
        http->begun = true;
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

int http_send(struct http *http, const struct http_request *request, struct http_answer *out,
              int64_t deadline, struct sp_error *err)
{
    SP_AUTO(free_headers) struct curl_slist *headers = NULL;
    bool stopped = false;
    atomic_store(&http->interrupted, false);
    answer_begin(http, request, out);
    http->curl_error[0] = '\0';
    if (!make_headers(request, &headers) ||
        curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(http->easy, CURLOPT_URL, request->url) != CURLE_OK ||
        !set_method(http->easy, request) || !set_proxy(http, request->direct) ||
        !set_times(http, request->extra_ns, deadline - sp_clock_now()))
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    CURLcode code = perform(http, &stopped);
    answer_finish(http, sp_clock_wall_ms());
    if (stopped)
        return sp_fail(err, SP_STOPPED, "the request was interrupted");
    if (http->no_memory)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left for the answer");
    if (code != CURLE_OK && !out->too_large)
        return fail_transfer(code, http->curl_error, request->url, out, err);
    if (!http->headers_ended) /* libcurl takes it for an answer without a body */
        return sp_fail(err, SP_UNAVAILABLE, "%.*s: the connection ended within the answer's headers",
                       (int)http_origin(request->url), request->url);
    return 0;
}
