/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SCANAPI_FIXTURE_H
#define TESTS_SCANAPI_FIXTURE_H

/*
 * The scanapi plugin, driven through its description as the core does it, against a feed in memory
 * that the test fills and that misbehaves as told.
 */

#include "../../plugins/source_scanapi/scanapi.h"
#include "base/arena.h"
#include "http_server.h"
#include "tap.h"

#include <scanpipe/plugin.h>

#include <inttypes.h>

#define EVENT_TIME  "\"CreatedDateTimeUtc\":\"2021-05-11T21:11:34.1506147Z\"}"
#define EVENT_SIZE  256
#define FEED_EVENTS 4096

/* One element of the feed: `order` is its true place, whatever its bytes say. */
struct feed_event {
    int64_t order;
    char bytes[EVENT_SIZE];
    bool poison;   /* a page that comes to it ends there */
    bool returned; /* by the plugin, in a page that was kept */
};

static struct {
    struct feed_event events[FEED_EVENTS];
    size_t count;
    int64_t oldest;    /* what is older is gone */
    size_t cap;        /* answers at most so many; 0: any */
    bool mixed, stale; /* out of order, with repeats; with older events */
    int away;          /* so many answers are a proxy's */
} feed;

static struct http_server server;
static struct scanapi_config config;
static struct sp_stage stage_about = {.size = sizeof stage_about, .pipeline = "test", .name = "source"};
static const struct sp_plugin *plugin;
static void *loaded, *handle;
static struct sp_arena *page_arena;
static struct sp_page page;
static struct sp_error failure;
static char cursor_bytes[1024];
static struct sp_slice cursor;

static inline struct feed_event *feed_add(int64_t order, const char *bytes)
{
    struct feed_event *event = &feed.events[feed.count++];
    *event = (struct feed_event){.order = order};
    snprintf(event->bytes, sizeof event->bytes, "%s", bytes);
    return event;
}

static inline void feed_add_good(int64_t id)
{
    char bytes[EVENT_SIZE];
    snprintf(bytes, sizeof bytes, "{\"EventId\":%" PRId64 ",\"ParcelId\":7,\"Type\":\"PICKUP\"," EVENT_TIME,
             id);
    feed_add(id, bytes);
}

/* Well-formed JSON without a Type, with the id it says. */
static inline void feed_add_malformed(int64_t order, int64_t id)
{
    char bytes[EVENT_SIZE];
    snprintf(bytes, sizeof bytes, "{\"EventId\":%" PRId64 ",\"ParcelId\":%" PRId64 "," EVENT_TIME, id, order);
    feed_add(order, bytes);
}

static inline int64_t parameter(const char *request, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "%s=", name);
    const char *at = strstr(request, key);
    return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* Appends an element; false: the page ends in it. */
static inline bool feed_write(char *body, size_t *size, const struct feed_event *event)
{
    *size += (size_t)sprintf(body + *size, "%s%s", body[*size - 1] == '[' ? "" : ",", event->bytes);
    return !event->poison;
}

static inline size_t feed_page(char *body, int64_t from, int64_t limit)
{
    size_t chosen[FEED_EVENTS], count = 0, size = (size_t)sprintf(body, "{\"ScanEvents\":[");
    size_t most = feed.cap && feed.cap < (size_t)limit ? feed.cap : (size_t)limit;
    for (size_t i = 0; feed.stale && i < feed.count && feed.events[i].order < from && rand() % 2; i++)
        if (count + 1 < most && feed.events[i].order >= feed.oldest && !feed.events[i].poison)
            chosen[count++] = i;
    for (size_t i = 0; i < feed.count && count < most; i++) {
        if (feed.events[i].order < from || feed.events[i].order < feed.oldest)
            continue;
        chosen[count++] = i;
        if (feed.mixed && count < most && rand() % 8 == 0)
            chosen[count++] = i;
    }
    for (size_t i = count; feed.mixed && i > 1; i--) {
        size_t other = (size_t)rand() % i, kept = chosen[i - 1];
        chosen[i - 1] = chosen[other];
        chosen[other] = kept;
    }
    for (size_t i = 0; i < count; i++)
        if (!feed_write(body, &size, &feed.events[chosen[i]]))
            return size;
    return size + (size_t)sprintf(body + size, "]}");
}

static inline bool feed_handler(struct http_server *on, int fd, const char *request)
{
    (void)on;
    static char body[FEED_EVENTS * (EVENT_SIZE + 2)];
    if (feed.away > 0) {
        feed.away--;
        return http_reply(fd, "200 OK", "Content-Type: application/json\r\n", "{\"error\":1}", 11);
    }
    size_t size = feed_page(body, parameter(request, "FromEventId"), parameter(request, "Limit"));
    return http_reply(fd, "200 OK", "Content-Type: application/json\r\n", body, size);
}

static inline void source_open(void)
{
    if (plugin->open(loaded, &handle, &failure) != 0)
        abort();
}

static inline void source_close(void)
{
    plugin->close(handle);
}

/* A fresh feed, a fresh handle, and no cursor. */
static inline void story_begin(int64_t page_size)
{
    static const struct sp_pair rules[] = {{"/EventId", "positive"},
                                           {"/ParcelId", "positive"},
                                           {"/Type", "text"},
                                           {"/CreatedDateTimeUtc", "timestamp"}};
    static char url[64];
    memset(&feed, 0, sizeof feed);
    http_start(&server, feed_handler);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    config = (struct scanapi_config){.url = url,
                                     .path = "/v1/scans/scanevents",
                                     .from_parameter = "FromEventId",
                                     .limit_parameter = "Limit",
                                     .page_size = page_size,
                                     .events = "/ScanEvents",
                                     .id = "/EventId",
                                     .well_formed = {4, rules},
                                     .start = 1,
                                     .poll_interval = 5 * SP_SECOND,
                                     .timeout = 5 * SP_SECOND,
                                     .connect_timeout = 2 * SP_SECOND,
                                     .max_page_bytes = 1 << 20,
                                     .compression = true,
                                     .user_agent = "test"};
    plugin = scanpipe_plugin()[0];
    if (plugin->load(&config, &stage_about, &loaded, &failure) != 0)
        abort();
    page_arena = arena_new(65536);
    cursor = (struct sp_slice){cursor_bytes, 0};
    source_open();
}

static inline void story_end(void)
{
    source_close();
    plugin->unload(loaded);
    http_stop(&server);
    arena_free(page_arena);
}

static inline void keep_cursor(struct sp_slice text)
{
    memmove(cursor_bytes, text.data, text.size);
    cursor = (struct sp_slice){cursor_bytes, text.size};
}

/* Reads from the cursor; does not move it. */
static inline int source_peek(struct sp_slice until)
{
    arena_reset(page_arena, 65536);
    page = (struct sp_page){.size = sizeof page};
    failure = (struct sp_error){0};
    http_meet(&server);
    int rc = plugin->source->read(handle, cursor, until, page_arena, &page, sp_clock_now() + 10 * SP_SECOND,
                                  &failure);
    http_meet(&server);
    return rc;
}

static inline void mark_returned(struct sp_slice bytes)
{
    for (size_t i = 0; i < feed.count; i++)
        if (sp_slice_equal(bytes, sp_slice_of(feed.events[i].bytes)) ||
            (bytes.size > strlen(feed.events[i].bytes) &&
             memmem(bytes.data, bytes.size, feed.events[i].bytes, strlen(feed.events[i].bytes))))
            feed.events[i].returned = true;
}

/* Takes the page as the core does: what was returned is safe, and the cursor moves. */
static inline void source_take(void)
{
    for (size_t i = 0; i < page.event_count; i++)
        mark_returned(page.events[i]);
    for (size_t i = 0; i < page.not_event_count; i++)
        mark_returned(page.not_events[i].bytes);
    keep_cursor(page.cursor);
}

static inline int source_read(void)
{
    int rc = source_peek((struct sp_slice){NULL, 0});
    if (rc == 0)
        source_take();
    return rc;
}

/* Reads until the source says that it has caught up; failures are tried again, a few times running.
 * Returns the requests that it took, or -1. */
static inline int source_read_all(void)
{
    int failures = 0;
    for (int reads = 1; reads < 5000; reads++) {
        if (source_read() != 0 && ++failures > 40)
            return -1;
        if (failure.class == SP_OK) {
            failures = 0;
            if (page.caught_up)
                return reads;
        }
    }
    return -1;
}

static inline size_t feed_missing(void)
{
    size_t missing = 0;
    for (size_t i = 0; i < feed.count; i++)
        missing += !feed.events[i].returned;
    return missing;
}

#endif
