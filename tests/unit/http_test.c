/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/lib_http against a server that answers, dawdles and dies as the test tells it. */
#include <config.h>

#include "../../plugins/lib_http/inside.h"
#include "base/arena.h"
#include "http_server.h"
#include "tap.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <time.h>

enum { LARGE = 3 << 19, HUGE = 32 << 20 }; /* 1.5 MB, and more than sockets hold */

static struct http_server server;
static struct http_settings settings;
static struct http *http;
static struct sp_arena *arena;
static struct http_request request;
static struct http_answer answer;
static struct sp_error failure;
static char url[96];
static char huge[HUGE];

static void story_begin(http_handler *handler)
{
    http_start(&server, handler);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/path?query=1", server.port);
    settings = (struct http_settings){.user_agent = "test",
                                      .connect_timeout_ns = 5 * SP_SECOND,
                                      .timeout_ns = 10 * SP_SECOND};
    arena = arena_new(65536);
    request = (struct http_request){.method = "GET", .url = url, .max_bytes = 8 << 20, .arena = arena};
    if (http_init(&failure) != 0 || http_new(&settings, &http, &failure) != 0)
        abort();
}

static void story_end(void)
{
    http_free(http);
    http_fini();
    http_stop(&server);
    arena_free(arena);
}

static void post(const void *body, size_t size)
{
    request.method = "POST";
    request.body = (struct sp_slice){body, size};
}

static int go_until(int64_t deadline)
{
    arena_reset(arena, 65536);
    failure = (struct sp_error){0};
    memset(&answer, 0x55, sizeof answer);
    http_meet(&server);
    int rc = http_send(http, &request, &answer, deadline, &failure);
    http_meet(&server);
    return rc;
}

static int go(void)
{
    return go_until(sp_clock_now() + 20 * SP_SECOND);
}

static bool asked(const char *text)
{
    return strstr(server.request, text) != NULL;
}

/* ---- handlers */

static bool reply_ok(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    return http_reply(fd, "200 OK", "Content-Type: text/plain\r\n", "fine", 4);
}

static bool hang_up(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)fd, (void)head;
    return false;
}

static bool hang_up_for_ever(struct http_server *on, int fd, const char *head)
{
    (void)fd, (void)head;
    shutdown(on->listener, SHUT_RDWR);
    return false;
}

static bool hang_up_once(struct http_server *on, int fd, const char *head)
{
    (void)fd, (void)head;
    on->handler = reply_ok;
    return false;
}

static bool reset_once(struct http_server *on, int fd, const char *head)
{
    (void)head;
    struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    on->handler = reply_ok;
    return false;
}

static bool reply_and_close(struct http_server *on, int fd, const char *head)
{
    on->handler = reply_ok;
    return reply_ok(on, fd, head) && false;
}

/* Until the other side, or the test, ends the connection; reads nothing. */
static bool fall_silent(struct http_server *on, int fd, const char *head)
{
    (void)head;
    struct pollfd ended = {.fd = fd, .events = POLLRDHUP};
    pthread_mutex_unlock(&on->lock);
    poll(&ended, 1, 30000);
    pthread_mutex_lock(&on->lock);
    return false;
}

static bool begin_and_fall_silent(struct http_server *on, int fd, const char *head)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbegun";
    http_write(fd, text, sizeof text - 1);
    return fall_silent(on, fd, head);
}

static bool cut(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbegun";
    http_write(fd, text, sizeof text - 1);
    return false;
}

static void rest(int milliseconds)
{
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L}, NULL);
}

static bool reply_after_3s(struct http_server *on, int fd, const char *head)
{
    rest(3000);
    return reply_ok(on, fd, head);
}

/* ---- what is sent */

static void test_post_is_exact(void)
{
    story_begin(reply_ok);
    char body[1000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7);
    const char *headers[] = {"X-Amz-Target: AmazonSQS.SendMessageBatch",
                             "Content-Type: application/x-amz-json-1.0", "X-Empty: ", "X-Also-Empty:"};
    request.headers = headers;
    request.header_count = 4;
    post(body, sizeof body);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT(answer.sent && !answer.too_large);
    CU_ASSERT(sp_slice_equal(answer.body, sp_slice_of("fine")));
    CU_ASSERT_STRING_EQUAL(answer.content_type, "text/plain");
    CU_ASSERT_EQUAL(answer.size, 4);
    CU_ASSERT(answer.head_size == 4 && memcmp(answer.head, "fine", 4) == 0);
    CU_ASSERT(server.body_size == sizeof body && memcmp(server.body, body, sizeof body) == 0);
    CU_ASSERT(asked("POST /path?query=1 HTTP/1.1\r\n"));
    CU_ASSERT(asked("\r\nX-Amz-Target: AmazonSQS.SendMessageBatch\r\n"));
    CU_ASSERT(asked("\r\nContent-Type: application/x-amz-json-1.0\r\n"));
    CU_ASSERT(asked("\r\nX-Empty:\r\n") && asked("\r\nX-Also-Empty:\r\n"));
    CU_ASSERT(asked("\r\nUser-Agent: test\r\n"));
    CU_ASSERT(!asked("Expect") && !asked("Accept-Encoding"));
    story_end();
}

static void test_methods_follow_each_other(void)
{
    story_begin(reply_ok);
    post("abc", 3);
    request.method = "PUT";
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(asked("PUT /path?query=1 HTTP/1.1\r\n"));
    CU_ASSERT(server.body_size == 3 && memcmp(server.body, "abc", 3) == 0);
    CU_ASSERT(!asked("Content-Type"));
    request.method = "GET";
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(asked("GET /path?query=1 HTTP/1.1\r\n") && !asked("Content-Length"));
    post(NULL, 0);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(asked("POST /path") && asked("\r\nContent-Length: 0\r\n") && server.body_size == 0);
    request.method = "PUT";
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(asked("PUT /path") && asked("\r\nContent-Length: 0\r\n"));
    CU_ASSERT_EQUAL(server.connections, 1);
    story_end();
}

static void test_url_is_sent_as_written(void)
{
    story_begin(reply_ok);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/a/../b%%2Fc?x=%%20&y", server.port);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(asked("GET /a/../b%2Fc?x=%20&y HTTP/1.1\r\n"));
    story_end();
}

static void test_large_body_without_a_stall(void)
{
    story_begin(reply_ok);
    for (size_t i = 0; i < LARGE; i++)
        huge[i] = (char)(i * 31 >> 3);
    post(huge, LARGE);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(go(), 0);
        CU_ASSERT(server.body_size == LARGE && memcmp(server.body, huge, LARGE) == 0);
        CU_ASSERT(!asked("Expect")); /* which would wait a second for "100 Continue" */
    }
    CU_ASSERT_EQUAL(server.connections, 1);
    story_end();
}

/* ---- what comes back */

static bool reply_in_chunks(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    char line[32];
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    http_write(fd, text, sizeof text - 1);
    for (size_t at = 0, size = 1; at < LARGE; at += size, size = size * 3 % 50021 + 1) {
        if (size > LARGE - at)
            size = LARGE - at;
        http_write(fd, line, (size_t)sprintf(line, "%zx\r\n", size));
        http_write(fd, huge + at, size);
        http_write(fd, "\r\n", 2);
    }
    http_write(fd, "0\r\n\r\n", 5);
    return true;
}

static void test_answer_grows(void)
{
    story_begin(reply_in_chunks);
    for (size_t i = 0; i < LARGE; i++)
        huge[i] = (char)(i * 13 >> 2);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(go(), 0);
        CU_ASSERT(sp_slice_equal(answer.body, (struct sp_slice){huge, LARGE}));
        CU_ASSERT_EQUAL(answer.size, LARGE);
        CU_ASSERT_EQUAL(answer.head_size, HTTP_HEAD_SIZE);
    }
    request.arena = NULL;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(answer.body.size == 0 && answer.size == LARGE);
    CU_ASSERT(memcmp(answer.head, huge, HTTP_HEAD_SIZE) == 0);
    CU_ASSERT_EQUAL(server.connections, 1);
    story_end();
}

/* Where there is no arena. */
static void test_answer_is_kept(void)
{
    story_begin(reply_in_chunks);
    for (size_t i = 0; i < LARGE; i++)
        huge[i] = (char)(i * 13 >> 2);
    request.arena = NULL;
    request.keep = true;
    request.max_bytes = LARGE;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(go(), 0);
        CU_ASSERT(sp_slice_equal(answer.body, (struct sp_slice){huge, LARGE}));
    }
    request.max_bytes = LARGE - 1;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(answer.too_large && sp_slice_equal(answer.body, (struct sp_slice){huge, LARGE - 1}));
    http_answer_with(&server, reply_ok);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(sp_slice_equal(answer.body, sp_slice_of("fine")));
    story_end();
}

static bool reply_five_megabytes(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5242880\r\n\r\n";
    http_write(fd, text, sizeof text - 1);
    http_write(fd, huge, 5242880);
    return true;
}

/* Who learns from an answer that credentials are to be renewed asks for them in between, and reads on. */
static void test_answer_outlives_others(void)
{
    char buffer[16];
    story_begin(reply_five_megabytes);
    memset(huge, 'x', 5242880);
    request.arena = NULL;
    request.keep = true;
    request.max_bytes = HUGE;
    CU_ASSERT_EQUAL(go(), 0);
    struct sp_slice kept = answer.body;
    http_answer_with(&server, reply_ok);
    request.keep = false;
    request.buffer = buffer;
    request.max_bytes = sizeof buffer;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(sp_slice_equal(answer.body, sp_slice_of("fine")));
    CU_ASSERT(sp_slice_equal(kept, (struct sp_slice){huge, 5242880}));
    story_end();
}

static void test_too_large(void)
{
    story_begin(reply_in_chunks);
    memset(huge, 'x', LARGE);
    request.max_bytes = 100000;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(answer.too_large && answer.status == 200);
    CU_ASSERT(sp_slice_equal(answer.body, (struct sp_slice){huge, 100000}));
    CU_ASSERT_EQUAL(answer.size, 100000);
    http_answer_with(&server, reply_ok);
    request.max_bytes = 4;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(!answer.too_large && answer.size == 4);
    request.max_bytes = 3;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(answer.too_large && sp_slice_equal(answer.body, sp_slice_of("fin")));
    request.max_bytes = 0;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(answer.too_large && answer.body.size == 0);
    story_end();
}

static bool reply_error(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    return http_reply(fd, "400 Bad Request",
                      "x-amzn-query-error:  AWS.SimpleQueueService.NonExistentQueue;Sender \r\n"
                      "x-twice: one\r\nX-Twice: two\r\nx-empty:\r\nRetry-After: 7\r\n"
                      "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n",
                      "{\"__type\":1}", 12);
}

static bool reply_early_hints(struct http_server *on, int fd, const char *head)
{
    static const char text[] = "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n";
    http_write(fd, text, sizeof text - 1);
    return reply_error(on, fd, head);
}

static void test_headers_of_the_answer(void)
{
    story_begin(reply_early_hints);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT_EQUAL(answer.status, 400);
    CU_ASSERT(sp_slice_equal(answer.body, sp_slice_of("{\"__type\":1}")));
    CU_ASSERT_EQUAL(answer.retry_after_ns, 7 * SP_SECOND);
    CU_ASSERT_EQUAL(answer.date_wall_ms, 1795435200000);
    const char *error = http_header(http, "X-Amzn-Query-Error");
    CU_ASSERT(error && strcmp(error, "AWS.SimpleQueueService.NonExistentQueue;Sender") == 0);
    CU_ASSERT(http_header(http, "X-Twice") && strcmp(http_header(http, "x-twice"), "one") == 0);
    CU_ASSERT(http_header(http, "X-Empty") && *http_header(http, "X-Empty") == '\0');
    CU_ASSERT_PTR_NULL(http_header(http, "X-Early"));
    CU_ASSERT_PTR_NULL(http_header(http, "HTTP/1.1 400 Bad Request"));
    http_answer_with(&server, reply_ok);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT_PTR_NULL(http_header(http, "X-Amzn-Query-Error"));
    CU_ASSERT(answer.retry_after_ns == 0 && answer.date_wall_ms == 0);
    story_end();
}

static bool reply_long_headers(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    static char text[60000];
    size_t size = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nX-First: 1\r\n");
    for (int i = 0; i < 500; i++)
        size += (size_t)sprintf(text + size, "X-%d: %0100d\r\n", i, i);
    size += (size_t)sprintf(text + size, "Content-Length: 4\r\n\r\nfine");
    http_write(fd, text, size);
    return true;
}

static void test_too_many_headers(void)
{
    story_begin(reply_long_headers);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(sp_slice_equal(answer.body, sp_slice_of("fine")));
    CU_ASSERT_PTR_NOT_NULL(http_header(http, "X-First"));
    CU_ASSERT_PTR_NOT_NULL(http_header(http, "X-100"));
    CU_ASSERT_PTR_NULL(http_header(http, "X-499"));
    story_end();
}

static bool reply_redirect(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    return http_reply(fd, "302 Found", "Location: http://127.0.0.1:1/x?token=1\r\n", "", 0);
}

static void test_redirect_is_not_followed(void)
{
    story_begin(reply_redirect);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT_EQUAL(answer.status, 302);
    CU_ASSERT(answer.redirect && strcmp(answer.redirect, "http://127.0.0.1:1/x?token=1") == 0);
    CU_ASSERT_EQUAL(http_origin(answer.redirect), strlen("http://127.0.0.1:1"));
    CU_ASSERT_EQUAL(http_origin("https://name:secret@host/x@y"), 0);
    CU_ASSERT_EQUAL(http_origin("https://host/x@y"), strlen("https://host"));
    CU_ASSERT_EQUAL(http_origin("host"), 0);
    story_end();
}

static void test_dates_and_pauses(void)
{
    const int64_t noon = 1795435200000;
    static const char text[] = "Mon, 23 Nov 2026 12:00:00 GMT";
    CU_ASSERT_EQUAL(fields_date(text), noon);
    CU_ASSERT_EQUAL(fields_date("Monday, 23-Nov-26 12:00:00 GMT"), noon);
    CU_ASSERT_EQUAL(fields_date("Mon Nov 23 12:00:00 2026"), noon);
    static const char *const none[] = {"", "12", "20261123", "soon", "Mon, 99 Xyz 2026", "-1", NULL};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CU_ASSERT_EQUAL(fields_date(none[i]), 0);
    CU_ASSERT_EQUAL(fields_pause("0", 0, noon), 0);
    CU_ASSERT_EQUAL(fields_pause("120", 0, noon), 120 * SP_SECOND);
    CU_ASSERT_EQUAL(fields_pause("86401", 0, noon), 86400 * SP_SECOND);
    CU_ASSERT_EQUAL(fields_pause("99999999999999999999999", 0, noon), 86400 * SP_SECOND);
    static const char *const no_pause[] = {"", "-5", "1.5", "7 s", "soon", NULL};
    for (size_t i = 0; i < sizeof no_pause / sizeof *no_pause; i++)
        CU_ASSERT_EQUAL(fields_pause(no_pause[i], 0, noon), 0);
    CU_ASSERT_EQUAL(fields_pause(text, 0, noon - 30000), 30 * SP_SECOND);
    CU_ASSERT_EQUAL(fields_pause(text, 0, noon + 30000), 0);
    CU_ASSERT_EQUAL(fields_pause(text, 0, 0), 86400 * SP_SECOND);
    /* The server's clock tells, where it is known: ours may be wrong. */
    CU_ASSERT_EQUAL(fields_pause(text, noon - 5000, noon - 1200000), 5 * SP_SECOND);
    CU_ASSERT_EQUAL(fields_pause(text, noon + 5000, noon - 1200000), 0);
}

/* ---- what fails */

static void test_cut_answer(void)
{
    story_begin(cut);
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT_EQUAL(failure.class, SP_UNAVAILABLE);
    CU_ASSERT(answer.sent && answer.status == 200 && answer.size == 5);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "(the answer had begun)"));
    CU_ASSERT_PTR_NULL(strstr(failure.text, "query"));
    story_end();
}

static bool cut_head(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Le";
    http_write(fd, text, sizeof text - 1);
    return false;
}

/* libcurl takes it for an answer without a body. */
static void test_cut_head(void)
{
    story_begin(cut_head);
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT_EQUAL(failure.class, SP_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "the connection ended within the answer's headers"));
    story_end();
}

static void test_slow_answer(void)
{
    story_begin(fall_silent);
    settings.timeout_ns = 300 * SP_MILLISECOND;
    int64_t start = sp_clock_now();
    CU_ASSERT_EQUAL(go(), -1);
    int64_t took = sp_clock_now() - start;
    CU_ASSERT(took >= 290 * SP_MILLISECOND && took < 8 * SP_SECOND);
    CU_ASSERT(failure.class == SP_UNAVAILABLE && answer.sent && answer.status == 0);
    story_end();
}

static void test_long_poll(void)
{
    story_begin(reply_after_3s);
    settings.timeout_ns = 2 * SP_SECOND;
    request.extra_ns = 3 * SP_SECOND;
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT_EQUAL(answer.status, 200);
    story_end();
}

/* An https request to somebody who speaks no TLS, to nobody, and through a proxy that ends the tunnel. */
static void test_what_was_not_sent(void)
{
    story_begin(hang_up);
    post("abc", 3);
    snprintf(url, sizeof url, "http://127.0.0.1:1/secret?secret");
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(failure.class == SP_UNAVAILABLE && !answer.sent && answer.status == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "http://127.0.0.1:1: "));
    CU_ASSERT_PTR_NULL(strstr(failure.text, "secret"));
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    CU_ASSERT_EQUAL(go_until(sp_clock_now() + 300 * SP_MILLISECOND), -1);
    CU_ASSERT(failure.class == SP_UNAVAILABLE && !answer.sent);
    snprintf(url, sizeof url, "nonsense://127.0.0.1:1/");
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(failure.class == SP_REFUSED && !answer.sent && *failure.cure);
    story_end();
}

static bool open_a_tunnel_and_close(struct http_server *on, int fd, const char *head)
{
    (void)on, (void)head;
    static const char text[] = "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\n";
    char byte;
    http_write(fd, text, sizeof text - 1);
    (void)!recv(fd, &byte, 1, 0);
    return false;
}

static void test_proxy(void)
{
    char proxy[64];
    story_begin(open_a_tunnel_and_close);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
    settings.proxy = proxy;
    http_free(http);
    if (http_new(&settings, &http, &failure) != 0)
        abort();
    post("abc", 3);
    request.url = "https://127.0.0.1:1/";
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(asked("CONNECT 127.0.0.1:1 HTTP/1.1\r\n"));
    CU_ASSERT(failure.class == SP_UNAVAILABLE && !answer.sent);
    CU_ASSERT(answer.status == 0 && answer.date_wall_ms == 0);
    http_answer_with(&server, reply_ok);
    request.url = "http://127.0.0.1:1/x";
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(asked("POST http://127.0.0.1:1/x HTTP/1.1\r\n"));
    settings.proxy = "nonsense://user:s3cr3t@127.0.0.1:1";
    http_free(http);
    if (http_new(&settings, &http, &failure) != 0)
        abort();
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT_PTR_NULL(strstr(failure.text, "s3cr3t"));
    story_end();
}

/* ---- connections that are kept */

static void test_connection_is_kept(void)
{
    story_begin(reply_ok);
    for (int i = 0; i < 20; i++) {
        request.method = i % 3 == 0 ? "GET" : "POST";
        request.body = (struct sp_slice){huge, i % 3 == 0 ? 0 : (size_t)i * 10000};
        http_answer_with(&server, i % 5 == 0 ? reply_error : reply_ok);
        CU_ASSERT_EQUAL(go(), 0);
        CU_ASSERT(server.requests == 1 && server.connections == (i == 0));
    }
    story_end();
}

/* The first request of `next` goes over a connection that is kept. */
static void keep_a_connection(http_handler *next)
{
    story_begin(reply_ok);
    CU_ASSERT_EQUAL(go(), 0);
    http_answer_with(&server, next);
    post("abc", 3);
}

static void test_connection_closed_while_idle(void)
{
    story_begin(reply_and_close);
    CU_ASSERT_EQUAL(go(), 0);
    rest(50);
    http_answer_with(&server, reply_ok);
    post("abc", 3);
    CU_ASSERT_EQUAL(go(), 0);
    CU_ASSERT(server.requests == 1 && server.connections == 1 && answer.sent);
    CU_ASSERT(server.body_size == 3 && memcmp(server.body, "abc", 3) == 0);
    story_end();
}

/* It may have been done: curl repeats it all the same, once, over a new connection, with its body. */
static void test_connection_that_dies_under_a_request(void)
{
    static http_handler *const deaths[] = {hang_up_once, reset_once};
    for (size_t i = 0; i < 2; i++) {
        keep_a_connection(deaths[i]);
        post(huge, LARGE);
        CU_ASSERT_EQUAL(go(), 0);
        CU_ASSERT(server.requests == 2 && server.connections == 1);
        CU_ASSERT(server.body_size == LARGE && memcmp(server.body, huge, LARGE) == 0);
        CU_ASSERT(answer.status == 200 && answer.sent);
        story_end();
    }
}

static void test_server_that_dies_under_a_request(void)
{
    keep_a_connection(hang_up);
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(server.requests == 2 && failure.class == SP_UNAVAILABLE && answer.sent);
    story_end();
    keep_a_connection(hang_up_for_ever); /* the second time it gets no connection; the first counts */
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(server.requests == 1 && failure.class == SP_UNAVAILABLE && answer.sent);
    story_end();
    keep_a_connection(cut);
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(server.requests == 1 && failure.class == SP_UNAVAILABLE && answer.sent);
    story_end();
    story_begin(hang_up); /* a new connection */
    post("abc", 3);
    CU_ASSERT_EQUAL(go(), -1);
    CU_ASSERT(server.requests == 1 && failure.class == SP_UNAVAILABLE && answer.sent);
    story_end();
}

/* ---- ends: by another thread, and by the deadline, whatever it is that takes so long */

static atomic_bool call_over;
static atomic_int lookups, lookups_over;

/* Of this program, before the C library's: libcurl asks for names alone. */
SP_API int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    (void)name, (void)service, (void)hints, (void)out;
    atomic_fetch_add(&lookups, 1);
    rest(1500);
    atomic_fetch_add(&lookups_over, 1);
    return EAI_FAIL;
}

static bool lookups_can_be_left(void)
{
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    return about->version_num >= 0x075700 && !about->ares;
}

/* As the core does it: again and again, until the call is over. */
static void *interrupt_soon(void *argument)
{
    rest(300); /* longer than any pause that libcurl makes of its own while a call begins */
    while (!atomic_load(&call_over)) {
        http_interrupt(argument);
        rest(10);
    }
    return NULL;
}

/* A listener whose queue is full answers nobody. */
static void fill_queue(int *listener, int clients[4], int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(*listener, (struct sockaddr *)&address, size) != 0 || listen(*listener, 0) != 0 ||
        getsockname(*listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    for (int i = 0; i < 4; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(clients[i], (struct sockaddr *)&address, size);
    }
    rest(20);
    *port = ntohs(address.sin_port);
}

static void ends(const char *phase, bool by_deadline, bool sent)
{
    /* A handshake of TLS is long under valgrind. */
    const int64_t longest = (getenv("SCANPIPE_VALGRIND") ? 18000 : 4500) * SP_MILLISECOND;
    pthread_t thread;
    atomic_store(&call_over, by_deadline);
    int64_t start = sp_clock_now();
    pthread_create(&thread, NULL, interrupt_soon, http);
    int rc = go_until(start + (by_deadline ? 200 * SP_MILLISECOND : 20 * SP_SECOND));
    int64_t took = sp_clock_now() - start;
    atomic_store(&call_over, true);
    pthread_join(thread, NULL);
    if (took > longest || failure.class != (by_deadline ? SP_UNAVAILABLE : SP_STOPPED))
        printf("# %s: %s after %d ms: %s\n", phase, sp_class_name(failure.class), (int)(took / 1000000),
               failure.text);
    CU_ASSERT_EQUAL(rc, -1);
    CU_ASSERT_EQUAL(failure.class, by_deadline ? SP_UNAVAILABLE : SP_STOPPED);
    CU_ASSERT(took >= 190 * SP_MILLISECOND && took < longest);
    CU_ASSERT_EQUAL(answer.sent, sent);
}

static void test_end_of_phase(bool by_deadline)
{
    int listener, clients[4], port;
    story_begin(fall_silent);
    if (lookups_can_be_left()) {
        int before = atomic_load(&lookups);
        request.url = "http://name.test/";
        ends("looking up", by_deadline, false);
        CU_ASSERT(atomic_load(&lookups) > before);
        request.url = url;
    }
    fill_queue(&listener, clients, &port);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    ends("connecting", by_deadline, false);
    for (int i = 0; i < 4; i++)
        close(clients[i]);
    close(listener);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    ends("in the handshake", by_deadline, false);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    ends("waiting", by_deadline, true);
    http_answer_with(&server, begin_and_fall_silent);
    ends("reading", by_deadline, true);
    CU_ASSERT(answer.status == 200 && answer.size == 5);
    server.leaves_body = true; /* seen by the server's thread when http_meet() was called */
    http_answer_with(&server, fall_silent);
    post(huge, HUGE);
    ends("sending", by_deadline, true);
    story_end();
    while (atomic_load(&lookups_over) < atomic_load(&lookups))
        rest(10);
    rest(50);
}

static void test_interrupt(void)
{
    test_end_of_phase(false);
}

static void test_deadline(void)
{
    test_end_of_phase(true);
}

static void test_interrupt_between_calls(void)
{
    story_begin(reply_ok);
    for (int i = 0; i < 3; i++) {
        http_interrupt(http);
        CU_ASSERT_EQUAL(go(), 0);
    }
    CU_ASSERT_EQUAL(server.connections, 1);
    story_end();
}

static bool interrupts_at_the_start;

/* Of this program, before libcurl's. */
SP_API CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    static CURLMcode (*real)(CURLM *, CURL *);
    if (!real)
        real = (CURLMcode(*)(CURLM *, CURL *))dlsym(RTLD_NEXT, "curl_multi_add_handle");
    if (interrupts_at_the_start)
        http_interrupt(http);
    return real(multi, easy);
}

/* What libcurl still knows of the request before says nothing of this one. */
static void test_interrupt_at_the_start(void)
{
    story_begin(reply_ok);
    CU_ASSERT_EQUAL(go(), 0);
    interrupts_at_the_start = true;
    CU_ASSERT_EQUAL(go(), -1);
    interrupts_at_the_start = false;
    CU_ASSERT_EQUAL(failure.class, SP_STOPPED);
    CU_ASSERT(!answer.sent && answer.status == 0 && !answer.content_type);
    CU_ASSERT_EQUAL(server.requests, 1);
    CU_ASSERT_EQUAL(go(), 0);
    story_end();
}

static void test_interrupt_storm(void)
{
    story_begin(reply_ok);
    post("abc", 3);
    pthread_t thread;
    int stopped = 0, done = 0, unsent = 0;
    CU_ASSERT_EQUAL(go(), 0);
    atomic_store(&call_over, false);
    pthread_create(&thread, NULL, interrupt_soon, http);
    for (int64_t end = sp_clock_now() + SP_SECOND; sp_clock_now() < end;) {
        int before = server.requests;
        if (go() == 0)
            done++;
        else {
            stopped += failure.class == SP_STOPPED;
            unsent += !answer.sent;
            CU_ASSERT_EQUAL(failure.class, SP_STOPPED);
            CU_ASSERT(answer.sent || (answer.status == 0 && server.requests == before));
        }
    }
    atomic_store(&call_over, true);
    pthread_join(thread, NULL);
    printf("# %d done, %d stopped, %d of these unsent\n", done, stopped, unsent);
    CU_ASSERT(done > 0);
    CU_ASSERT_EQUAL(go(), 0);
    story_end();
}

int main(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    struct tap_test tests[] = {
        {"a POST's bytes and headers are exact", test_post_is_exact},
        {"methods follow each other", test_methods_follow_each_other},
        {"the address is sent as it is written", test_url_is_sent_as_written},
        {"a large body goes without a stall", test_large_body_without_a_stall},
        {"an answer of unknown size grows", test_answer_grows},
        {"the handle keeps an answer", test_answer_is_kept},
        {"and keeps it while it asks for what is not kept", test_answer_outlives_others},
        {"an answer that is too large is cut", test_too_large},
        {"headers of the answer", test_headers_of_the_answer},
        {"too many headers", test_too_many_headers},
        {"a redirect is not followed", test_redirect_is_not_followed},
        {"dates and pauses", test_dates_and_pauses},
        {"a cut answer", test_cut_answer},
        {"an answer whose headers are cut", test_cut_head},
        {"a slow answer", test_slow_answer},
        {"a long poll may be silent", test_long_poll},
        {"what was not sent", test_what_was_not_sent},
        {"proxies, and their passwords", test_proxy},
        {"a connection is kept", test_connection_is_kept},
        {"a connection that was closed while idle", test_connection_closed_while_idle},
        {"a connection that dies under a request", test_connection_that_dies_under_a_request},
        {"a server that dies under a request", test_server_that_dies_under_a_request},
        {"interrupt ends a call in each phase", test_interrupt},
        {"so does the deadline", test_deadline},
        {"interrupt between calls does nothing", test_interrupt_between_calls},
        {"interrupt before the request leaves", test_interrupt_at_the_start},
        {"interrupts at any time", test_interrupt_storm},
    };
    return tap_run("http", tests, sizeof tests / sizeof *tests);
}
