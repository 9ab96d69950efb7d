/* SPDX-License-Identifier: Apache-2.0 */
/* The scanapi plugin against a server: what it asks, what it makes of each answer, and that nothing is lost.
 */
#include <config.h>

#include "scanapi_fixture.h"

#include <stdatomic.h>
#include <time.h>
#include <zlib.h>

static const struct sp_slice no_bound = {NULL, 0};

static bool says(const char *text)
{
    bool there = strstr(failure.text, text) != NULL;
    if (!there)
        printf("# \"%s\" is not in: %s\n", text, failure.text);
    return there;
}

static void test_paging(void)
{
    story_begin(3);
    const struct sp_pair headers[] = {{"X-Tenant", "north"}};
    config.headers = (struct sp_map){1, headers};
    config.bearer = "s3cr3t-token";
    source_close();
    source_open();
    for (int64_t id = 1; id <= 7; id += 2)
        feed_add_good(id);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 3);
    CU_ASSERT(!page.caught_up && page.wait_ns == 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(server.request, "GET /v1/scans/scanevents?FromEventId=1&Limit=3 HTTP/1.1\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nAuthorization: Bearer s3cr3t-token\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nX-Tenant: north\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nAccept-Encoding: gzip, deflate\r\n"));
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "FromEventId=5&"));
    CU_ASSERT_EQUAL(page.event_count, 1);
    CU_ASSERT_EQUAL(page.repeated, 1);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    CU_ASSERT_EQUAL(server.connections, 1);
    story_end();
}

static void test_idle(void)
{
    story_begin(100);
    for (int64_t id = 1; id <= 5; id++)
        feed_add_good(id);
    CU_ASSERT_EQUAL(source_read_all(), 2);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(source_peek(no_bound), 0);
        CU_ASSERT_EQUAL(page.event_count + page.not_event_count, 0);
        CU_ASSERT(page.caught_up && page.wait_ns == 5 * SP_SECOND);
        CU_ASSERT(sp_slice_equal(page.cursor, cursor));
    }
    feed_add_good(9);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 1);
    CU_ASSERT(page.caught_up);
    story_end();
}

static void test_empty_feed(void)
{
    story_begin(100);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT(page.caught_up && cursor.size == 0 && page.wait_ns == 5 * SP_SECOND);
    feed_add_good(1);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 1);
    story_end();
}

static void test_restart(void)
{
    story_begin(100);
    feed_add_good(1);
    feed_add_good(2);
    feed_add_malformed(3, 2); /* a malformed one bears the id of a good one */
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    source_close();
    source_open();
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count + page.not_event_count, 0);
    CU_ASSERT_EQUAL(page.repeated, 2);
    feed_add(3, "{\"EventId\":2,\"ParcelId\":8,\"Type\":\"STATUS\"," EVENT_TIME);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 1);
    story_end();
}

static void test_a_page_that_was_not_kept_comes_again(void)
{
    story_begin(3);
    for (int64_t id = 1; id <= 9; id++)
        feed_add_good(id);
    CU_ASSERT_EQUAL(source_read(), 0);
    char kept_bytes[1024];
    struct sp_slice kept = {kept_bytes, cursor.size};
    memcpy(kept_bytes, cursor.data, cursor.size);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 2);
    CU_ASSERT_EQUAL(source_read(), 0);
    keep_cursor(kept);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 2);
    story_end();
}

/* A late event with an older id does not move the cursor's id: the cursor's bytes must differ all the same.
 */
static void test_equal_cursors_have_nothing_between_them(void)
{
    story_begin(10);
    feed_add_good(5);
    CU_ASSERT(source_read_all() > 0);
    feed_add(6, "{\"EventId\":3,\"ParcelId\":8,\"Type\":\"STATUS\"," EVENT_TIME);
    CU_ASSERT_EQUAL(source_peek(no_bound), 0);
    CU_ASSERT_EQUAL(page.event_count, 1);
    CU_ASSERT(!sp_slice_equal(page.cursor, cursor));
    CU_ASSERT_EQUAL(source_peek(no_bound), 0); /* the page was dropped */
    CU_ASSERT_EQUAL(page.event_count, 1);
    story_end();
}

/* ---- answers that are no page */

static const char *reply_status, *reply_headers, *reply_body;

static bool reply_as_told(struct http_server *on, int fd, const char *request)
{
    (void)on, (void)request;
    return http_reply(fd, reply_status, reply_headers, reply_body, strlen(reply_body));
}

static void told(const char *status, const char *headers, const char *body, enum sp_class class)
{
    reply_status = status;
    reply_headers = headers;
    reply_body = body;
    http_answer_with(&server, reply_as_told);
    CU_ASSERT_EQUAL(source_read(), -1);
    if (failure.class != class)
        printf("# %s: %s, %s\n", status, sp_class_name(failure.class), failure.text);
    CU_ASSERT_EQUAL(failure.class, class);
    CU_ASSERT_EQUAL(server.requests, 1);
    CU_ASSERT_PTR_NULL(strstr(failure.text, "s3cr3t"));
    CU_ASSERT_PTR_NULL(strstr(failure.cure, "s3cr3t"));
}

static void test_refusals(void)
{
    story_begin(10);
    config.bearer = "s3cr3t-token";
    told("401 Unauthorized", "", "no: s3cr3t-token", SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.cure, "auth.bearer"));
    told("403 Forbidden", "", "no", SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.cure, "auth.bearer"));
    told("404 Not Found", "", "nothing here", SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.cure, "url"));
    CU_ASSERT(says("nothing here"));
    told("400 Bad Request", "", "Limit is too large; you sent s3cr3t-token", SP_REFUSED);
    told("410 Gone", "", "", SP_REFUSED);
    story_end();
}

static void test_outages(void)
{
    story_begin(10);
    told("429 Too Many Requests", "Retry-After: 7\r\n", "", SP_THROTTLED);
    CU_ASSERT_EQUAL(failure.retry_after_ns, 7 * SP_SECOND);
    told("429 Too Many Requests", "", "", SP_THROTTLED);
    CU_ASSERT_EQUAL(failure.retry_after_ns, 0);
    told("503 Service Unavailable", "Retry-After: 3\r\n", "", SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(failure.retry_after_ns, 3 * SP_SECOND);
    char header[128];
    time_t later = time(NULL) + 100;
    strftime(header, sizeof header, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&later));
    told("503 Service Unavailable", header, "", SP_UNAVAILABLE);
    CU_ASSERT(failure.retry_after_ns > 90 * SP_SECOND && failure.retry_after_ns <= 100 * SP_SECOND);
    told("503 Service Unavailable", "Retry-After: 99999999999\r\n", "", SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(failure.retry_after_ns, 86400 * SP_SECOND);
    told("500 Internal Server Error", "", "oops", SP_UNAVAILABLE);
    CU_ASSERT(says("500") && says("oops"));
    told("200 OK", "Content-Type: text/html\r\n", "<html>\n<b>Bad gateway</b>", SP_UNAVAILABLE);
    CU_ASSERT(says("answered text/html, 25 bytes, beginning '<html> <b>Bad gateway</b>'"));
    told("200 OK", "Content-Type: application/json\r\n", "{\"error\":\"x\"}", SP_UNAVAILABLE);
    told("200 OK", "", "", SP_UNAVAILABLE);
    CU_ASSERT(says("empty body"));
    feed_add_good(1);
    http_answer_with(&server, feed_handler);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    story_end();
}

static void test_redirect_gets_no_token(void)
{
    story_begin(10);
    config.bearer = "s3cr3t-token";
    told("302 Found", "Location: http://127.0.0.1:1/elsewhere?t=s3cr3t\r\n", "", SP_REFUSED);
    CU_ASSERT(says("http://127.0.0.1:1"));
    story_end();
}

static void test_nobody_there(void)
{
    story_begin(10);
    config.url = "http://127.0.0.1:1";
    CU_ASSERT_EQUAL(source_read(), -1);
    CU_ASSERT_EQUAL(failure.class, SP_UNAVAILABLE);
    CU_ASSERT(says("http://127.0.0.1:1"));
    config.url = "https://127.0.0.1:1";
    CU_ASSERT_EQUAL(source_read(), -1);
    CU_ASSERT_EQUAL(failure.class, SP_UNAVAILABLE);
    story_end();
}

static bool cut_transfer(struct http_server *on, int fd, const char *request)
{
    (void)request;
    const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"ScanEvents\":[{\"EventId\":1,\"Pa";
    http_write(fd, text, strlen(text));
    if (on->requests >= 4)
        on->handler = feed_handler;
    return false;
}

static bool reset_connection(struct http_server *on, int fd, const char *request)
{
    (void)request;
    struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (on->requests >= 2)
        on->handler = feed_handler;
    return false;
}

static void test_cut_transfers_and_resets(void)
{
    story_begin(10);
    feed_add_good(1);
    http_answer_with(&server, cut_transfer);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(source_read(), -1);
        CU_ASSERT_EQUAL(failure.class, SP_UNAVAILABLE);
    }
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_EQUAL(page.event_count, 1);
    http_answer_with(&server, reset_connection);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    story_end();
}

static bool never_answer(struct http_server *on, int fd, const char *request)
{
    (void)request;
    const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Scan";
    char byte;
    http_write(fd, text, strlen(text));
    pthread_mutex_unlock(&on->lock);
    while (recv(fd, &byte, 1, 0) > 0)
        ;
    pthread_mutex_lock(&on->lock);
    return false;
}

static void test_slow_feed_is_an_outage(void)
{
    story_begin(10);
    config.timeout = 200 * SP_MILLISECOND;
    source_close();
    source_open();
    http_answer_with(&server, never_answer);
    int64_t start = sp_clock_now();
    CU_ASSERT_EQUAL(source_read(), -1);
    CU_ASSERT_EQUAL(failure.class, SP_UNAVAILABLE);
    CU_ASSERT(sp_clock_now() - start < 4 * SP_SECOND);
    story_end();
}

static atomic_bool call_over;

/* As the core does it: again and again, until the call is over. */
static void *interrupt_soon(void *argument)
{
    struct timespec pause = {0, 100000000};
    nanosleep(&pause, NULL);
    while (!atomic_load(&call_over)) {
        plugin->interrupt(argument);
        pause.tv_nsec = 10000000;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void test_interrupt(void)
{
    story_begin(10);
    http_answer_with(&server, never_answer);
    plugin->interrupt(handle); /* between two calls: does nothing */
    pthread_t thread;
    atomic_store(&call_over, false);
    int64_t start = sp_clock_now();
    pthread_create(&thread, NULL, interrupt_soon, handle);
    CU_ASSERT_EQUAL(source_read(), -1);
    int64_t took = sp_clock_now() - start;
    atomic_store(&call_over, true);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(failure.class, SP_STOPPED);
    CU_ASSERT(took >= 90 * SP_MILLISECOND && took < 4 * SP_SECOND);
    feed_add_good(1);
    http_answer_with(&server, feed_handler);
    CU_ASSERT(source_read_all() > 0);
    story_end();
}

static bool reply_packed(struct http_server *on, int fd, const char *request)
{
    (void)on, (void)request;
    static char body[65536], packed[65536];
    size_t size = feed_page(body, parameter(request, "FromEventId"), parameter(request, "Limit"));
    z_stream stream = {.next_in = (Bytef *)body,
                       .avail_in = (uInt)size,
                       .next_out = (Bytef *)packed,
                       .avail_out = sizeof packed};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&stream, Z_FINISH);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    return http_reply(fd, "200 OK", "Content-Encoding: gzip\r\n", packed, length);
}

static void test_packed_transfer(void)
{
    story_begin(100);
    for (int64_t id = 1; id <= 120; id++)
        feed_add_good(id);
    http_answer_with(&server, reply_packed);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    story_end();
}

static void test_page_that_is_too_large(void)
{
    story_begin(100);
    for (int64_t id = 1; id <= 100; id++)
        feed_add_good(id);
    config.max_page_bytes = 2000;
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    config.max_page_bytes = 50;
    for (int i = 0; i < 10; i++)
        if (source_read() != 0)
            break;
    CU_ASSERT_EQUAL(failure.class, SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.cure, "max_page_bytes"));
    story_end();
}

static void test_probe(void)
{
    story_begin(10);
    CU_ASSERT_EQUAL(plugin->probe(handle, sp_clock_now() + SP_SECOND, &failure), 0);
    reply_status = "401 Unauthorized";
    reply_headers = reply_body = "";
    http_answer_with(&server, reply_as_told);
    CU_ASSERT_EQUAL(plugin->probe(handle, sp_clock_now() + SP_SECOND, &failure), -1);
    CU_ASSERT_EQUAL(failure.class, SP_REFUSED);
    story_end();
}

/* ---- the traps, over HTTP */

static void test_page_all_malformed_and_huge_ids(void)
{
    for (int64_t size = 1; size <= 12; size++) {
        story_begin(size);
        feed_add_good(1);
        for (int64_t id = 2; id <= 40; id++)
            feed_add_malformed(id, id % 7 == 0 ? 9000000000000000000 : id);
        feed_add(41, "{\"EventId\":null,\"ParcelId\":1}");
        feed_add(42, "{\"EventId\":42,\"Type\":\"\xFF\"}");
        feed_add_malformed(43, 8999999999999999999);
        CU_ASSERT(source_read_all() > 0);
        feed_add_good(44);
        CU_ASSERT(source_read_all() > 0);
        feed_add_malformed(45, 9000000000000000000);
        CU_ASSERT(source_read_all() > 0);
        feed_add_good(46);
        CU_ASSERT(source_read_all() > 0);
        CU_ASSERT_EQUAL(feed_missing(), 0);
        story_end();
    }
}

/* The event that stands at the feed's end with a huge id, by which the feed sorts, too. */
static void test_huge_id_at_the_end(void)
{
    for (int64_t size = 1; size <= 4; size++) {
        story_begin(size);
        feed_add_good(1);
        feed_add_malformed(9000000000000000000, 9000000000000000000);
        CU_ASSERT(source_read_all() > 0);
        CU_ASSERT(source_read_all() > 0);
        struct feed_event last = feed.events[1];
        feed.count = 1;
        feed_add_good(2);
        feed_add_good(3);
        feed.events[feed.count++] = last;
        CU_ASSERT(source_read_all() > 0);
        CU_ASSERT_EQUAL(feed_missing(), 0);
        story_end();
    }
}

static void test_feed_that_caps_its_pages(void)
{
    story_begin(100);
    feed.cap = 30;
    for (int64_t id = 1; id <= 200; id++)
        feed_add_good(id);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    story_end();
}

static void test_gap(void)
{
    story_begin(10);
    for (int64_t id = 1; id <= 30; id++)
        feed_add_good(id);
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_PTR_NULL(page.gap);
    feed.oldest = 20;
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT(page.gap && strstr(page.gap, "event 10,") && strstr(page.gap, "event 20,"));
    CU_ASSERT_EQUAL(source_read(), 0);
    CU_ASSERT_PTR_NULL(page.gap);
    story_end();
}

static void test_bound(void)
{
    story_begin(10);
    for (int64_t id = 1; id <= 30; id++)
        feed_add_good(id);
    struct sp_slice until;
    struct sp_arena *arena = arena_new(1024);
    CU_ASSERT_EQUAL(plugin->source->cursor_of(handle, "16", arena, &until, &failure), 0);
    size_t events = 0;
    do {
        CU_ASSERT_EQUAL(source_peek(until), 0);
        events += page.event_count;
        source_take();
    } while (!page.caught_up && events < 100);
    CU_ASSERT_EQUAL(events, 15);
    CU_ASSERT_EQUAL(plugin->source->compare(handle, cursor, until), 0);
    int before = server.requests;
    CU_ASSERT_EQUAL(source_peek(until), 0);
    CU_ASSERT(page.caught_up && server.requests == before);
    const char *text;
    CU_ASSERT_EQUAL(plugin->source->text_of(handle, cursor, arena, &text, &failure), 0);
    CU_ASSERT_STRING_EQUAL(text, "16");
    CU_ASSERT_EQUAL(plugin->source->cursor_of(handle, "x", arena, &until, &failure), -1);
    CU_ASSERT_EQUAL(plugin->source->cursor_of(handle, "9223372036854775808", arena, &until, &failure), -1);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    arena_free(arena);
    story_end();
}

static void test_foreign_cursor(void)
{
    story_begin(10);
    keep_cursor(sp_slice_of("feed.ndjson 17"));
    CU_ASSERT_EQUAL(source_read(), -1);
    CU_ASSERT_EQUAL(failure.class, SP_REFUSED);
    story_end();
}

/* ---- pages that cannot be read */

static void test_poison_is_passed(void)
{
    for (int64_t size = 2; size <= 9; size++) {
        story_begin(size);
        for (int64_t id = 1; id <= 40; id += 3)
            feed_add_good(id);
        feed.events[6].poison = true;
        snprintf(feed.events[6].bytes, EVENT_SIZE, "{\"EventId\":19,\"Parc");
        CU_ASSERT(source_read_all() > 0);
        CU_ASSERT_EQUAL(feed_missing(), 0);
        story_end();
    }
}

static void test_same_answer_at_every_limit(void)
{
    story_begin(8);
    feed_add_good(1);
    CU_ASSERT(source_read_all() > 0);
    reply_status = "200 OK";
    reply_headers = "";
    reply_body = "{\"ScanEvents\":[{\"EventId\":1,";
    http_answer_with(&server, reply_as_told);
    int outages = 0;
    for (int i = 0; i < 40; i++) {
        outages += source_read() != 0;
        CU_ASSERT_EQUAL(page.not_event_count, 0);
    }
    CU_ASSERT(outages > 30);
    for (int64_t id = 2; id <= 30; id++)
        feed_add_good(id);
    http_answer_with(&server, feed_handler);
    CU_ASSERT(source_read_all() > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    story_end();
}

/* ---- everything at once */

static void add_random(int64_t order)
{
    char bytes[EVENT_SIZE];
    switch (rand() % 16) {
    case 0:
        feed_add_malformed(order, order);
        break;
    case 1:
        feed_add_malformed(order, rand() % 2 ? order - 1 : 9000000000000000000);
        break;
    case 2:
        snprintf(bytes, sizeof bytes, "{\"ParcelId\":%" PRId64 "}", order);
        feed_add(order, bytes);
        break;
    case 3:
        snprintf(bytes, sizeof bytes, "{\"EventId\":%" PRId64 ",\"Type\":\"a\xFE\"}", order);
        feed_add(order, bytes);
        break;
    case 4:
        snprintf(bytes, sizeof bytes, "{\"EventId\":%" PRId64 ",\"Type\":\"PICKUP}", order);
        feed_add(order, bytes);
        break;
    case 5:
        /* Only where the answers to equal questions are equal can a poison be told from an outage. */
        snprintf(bytes, sizeof bytes, "{\"EventId\":%" PRId64 ",\"Par", order);
        if (!feed.mixed && !feed.stale)
            feed_add(order, bytes)->poison = true;
        break;
    default:
        feed_add_good(order);
    }
}

static void random_story(void)
{
    char older_bytes[1024];
    struct sp_slice older = {older_bytes, 0};
    int64_t order = 1;
    story_begin(1 + rand() % 9);
    feed.mixed = rand() % 2;
    feed.stale = rand() % 2;
    for (int round = 0; round < 60; round++) {
        for (int i = rand() % 5; i > 0; i--, order += 1 + rand() % 4)
            add_random(order);
        if (rand() % 10 == 0) {
            source_close();
            source_open();
        }
        if (rand() % 10 == 0 && older.size)
            keep_cursor(older); /* somebody stepped down: what was read since may be lost */
        if (rand() % 5 == 0) {
            memcpy(older_bytes, cursor.data, cursor.size);
            older.size = cursor.size;
        }
        if (rand() % 15 == 0)
            feed.away = rand() % 6;
        if (rand() % 6 == 0)
            (void)source_peek(no_bound); /* a page that nobody kept */
        else
            (void)source_read();
    }
    feed.away = 0;
    feed.mixed = feed.stale = false;
    feed_add_good(order);
    int reads = source_read_all();
    if (reads < 0 || feed_missing() > 0) {
        printf("# page_size %d: %zu of %zu are missing, %d reads\n", (int)config.page_size, feed_missing(),
               feed.count, reads);
        for (size_t i = 0; i < feed.count; i++)
            if (!feed.events[i].returned)
                printf("#   %" PRId64 " %s\n", feed.events[i].order, feed.events[i].bytes);
    }
    CU_ASSERT(reads > 0);
    CU_ASSERT_EQUAL(feed_missing(), 0);
    story_end();
}

static void test_nothing_is_lost(void)
{
    const char *given = getenv("SCANAPI_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    printf("# seed %u\n", seed);
    for (unsigned i = 0; i < 60 && CU_get_number_of_failure_records() == 0; i++) {
        srand(seed + i);
        random_story();
    }
}

int main(void)
{
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    struct tap_test tests[] = {
        {"pages follow each other on one connection", test_paging},
        {"idle against a caught-up feed", test_idle},
        {"an empty feed", test_empty_feed},
        {"a restart sends nothing twice", test_restart},
        {"a page that was not kept comes again", test_a_page_that_was_not_kept_comes_again},
        {"equal cursors have nothing between them", test_equal_cursors_have_nothing_between_them},
        {"refusals say the cure and no secret", test_refusals},
        {"outages and pauses", test_outages},
        {"a redirect gets no token", test_redirect_gets_no_token},
        {"nobody there", test_nobody_there},
        {"cut transfers and resets", test_cut_transfers_and_resets},
        {"a slow feed is an outage", test_slow_feed_is_an_outage},
        {"interrupt ends a call", test_interrupt},
        {"packed transfer", test_packed_transfer},
        {"a page that is too large", test_page_that_is_too_large},
        {"probe", test_probe},
        {"pages all malformed, and huge ids", test_page_all_malformed_and_huge_ids},
        {"a huge id at the feed's end", test_huge_id_at_the_end},
        {"a feed that caps its pages", test_feed_that_caps_its_pages},
        {"a gap is told", test_gap},
        {"a bound is kept", test_bound},
        {"a foreign cursor is refused", test_foreign_cursor},
        {"a poison is passed", test_poison_is_passed},
        {"the same answer at every limit is an outage", test_same_answer_at_every_limit},
        {"nothing is lost, whatever the feed does", test_nothing_is_lost},
    };
    return tap_run("scanapi_http", tests, sizeof tests / sizeof *tests);
}
