/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "source_kit.h"

#include "base/mem.h"

#include <scanpipe/json.h>

/* So many pages in a row may lead no further and not be the end: a source may try several ways. */
#define FRUITLESS_MAX 200

struct source source_begin(struct kit *kit)
{
    struct source source = {.kit = kit, .ops = kit->plugin->about.source};
    source.stage = kit_load(kit, NULL);
    source.one = kit_open(source.stage);
    source.other = kit_open(source.stage);
    return source;
}

static void check_event(struct kit *kit, struct sp_slice event)
{
    struct sp_json_fault fault;
    size_t at = 0;
    while (at < event.size && strchr(" \t\r\n", event.data[at]) && event.data[at])
        at++;
    REQUIRE(at < event.size && event.data[at] == '{', "an event is no JSON object: %s",
            kit_shown(kit, event));
    REQUIRE(sp_json_scan_whole(NULL, event, NULL, &fault) == 0, "an event is no JSON: %s: %s", fault.reason,
            kit_shown(kit, event));
}

struct sp_page source_read(struct source *source, void *handle, struct sp_slice cursor, struct sp_slice until)
{
    struct kit *kit = source->kit;
    struct sp_page page = {.size = sizeof page};
    WORKS(source->ops->read(handle, cursor, until, kit->arena, &page, kit_soon(kit), &kit_error));
    REQUIRE(page.size == sizeof page, "read() has changed the page's size");
    for (size_t i = 0; i < page.event_count; i++)
        check_event(kit, page.events[i]);
    for (size_t i = 0; i < page.not_event_count; i++)
        REQUIRE(page.not_events[i].reason && *page.not_events[i].reason,
                "what is no event is told without a reason");
    REQUIRE(page.wait_ns >= 0, "the page says to wait %lld ns", (long long)page.wait_ns);
    REQUIRE(!page.gap, "the page tells of a gap: %s", page.gap);
    REQUIRE(page.cursor.size > 0 || (page.event_count == 0 && page.not_event_count == 0),
            "a page brings events and has no cursor");
    return page;
}

/* The arena of the check is not to be used up by arrays that grow. */
static void *grown(struct kit *kit, void *array, size_t *room, size_t needed, size_t each)
{
    if (needed <= *room)
        return array;
    size_t more = needed * 2;
    void *larger = sp_arena_alloc(kit->arena, more * each);
    if (*room)
        memcpy(larger, array, *room * each);
    *room = more;
    return larger;
}

static void add_page(struct kit *kit, struct feed *feed, const struct sp_page *page)
{
    feed->events =
        grown(kit, feed->events, &feed->room, feed->count + page->event_count, sizeof *feed->events);
    if (page->event_count)
        memcpy(feed->events + feed->count, page->events, page->event_count * sizeof *feed->events);
    feed->count += page->event_count;
    feed->not_events = grown(kit, feed->not_events, &feed->not_room, feed->not_count + page->not_event_count,
                             sizeof *feed->not_events);
    if (page->not_event_count)
        memcpy(feed->not_events + feed->not_count, page->not_events,
               page->not_event_count * sizeof *feed->not_events);
    feed->not_count += page->not_event_count;
    if (page->event_count + page->not_event_count == 0)
        return;
    feed->pages = grown(kit, feed->pages, &feed->page_room, feed->page_count + 1, sizeof *feed->pages);
    feed->pages[feed->page_count++] = (struct feed_page){page->cursor, feed->count, feed->not_count};
}

struct feed source_read_some(struct source *source, void *handle, struct sp_slice cursor,
                             struct sp_slice until, size_t pages)
{
    struct feed feed = {0};
    size_t fruitless = 0;
    while (feed.page_count < pages && !feed.caught_up && !feed.ended) {
        struct sp_page page = source_read(source, handle, cursor, until);
        add_page(source->kit, &feed, &page);
        bool further = page.cursor.size && source->ops->compare(handle, cursor, page.cursor) < 0;
        fruitless = further ? 0 : fruitless + 1;
        REQUIRE(fruitless < FRUITLESS_MAX, "%d pages in a row lead no further and are not the end",
                FRUITLESS_MAX);
        cursor = page.cursor.size ? page.cursor : cursor;
        feed.caught_up = page.caught_up;
        feed.ended = page.ended;
    }
    return feed;
}

struct feed source_read_all(struct source *source, void *handle, struct sp_slice cursor,
                            struct sp_slice until)
{
    return source_read_some(source, handle, cursor, until, SIZE_MAX);
}

struct feed source_whole(struct source *source, size_t least_pages)
{
    struct feed feed = source_read_all(source, source->one, (struct sp_slice){0}, (struct sp_slice){0});
    if (feed.page_count < least_pages)
        kit_skip("it has %zu pages, at least %zu are needed: smaller pages, or more events", feed.page_count,
                 least_pages);
    return feed;
}

void source_require_part(struct kit *kit, const struct feed *got, const struct feed *feed, size_t from,
                         size_t to, const char *what)
{
    REQUIRE(got->count == to - from, "%s: %zu events come, %zu should", what, got->count, to - from);
    for (size_t i = from; i < to; i++)
        REQUIRE(sp_slice_equal(got->events[i - from], feed->events[i]),
                "%s: event %zu of the source is '%s', not '%s'", what, i,
                kit_shown(kit, got->events[i - from]), kit_shown(kit, feed->events[i]));
}
