/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: reading from the start to the end. */
#include <config.h>

#include "source_kit.h"

#include "base/file.h"

#include <pthread.h>

static const struct sp_slice nothing;

static void read_to_the_end(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_read_all(&source, source.one, nothing, nothing);
    REQUIRE(feed.count > 0, "the source has no event: what can be checked with it?");
    if (kit->expect_not_events >= 0)
        REQUIRE(feed.not_count == (size_t)kit->expect_not_events,
                "%zu elements are told to be no events, %lld should", feed.not_count,
                (long long)kit->expect_not_events);
}

static void events_are_the_expected(struct kit *kit)
{
    struct buffer bytes = {0};
    struct sp_error err = {0};
    if (!kit->expect_events)
        kit_skip("it is not known which events must come: --expect FILE");
    REQUIRE(file_read(kit->expect_events, 256 * 1024 * 1024, &bytes, &err) == 0, "%s", err.text);
    struct source source = source_begin(kit);
    struct feed feed = source_read_all(&source, source.one, nothing, nothing);
    struct sp_slice rest = {bytes.data, bytes.size};
    size_t at = 0;
    for (; rest.size > 0; at++) {
        const char *end = memchr(rest.data, '\n', rest.size);
        struct sp_slice line = {rest.data, end ? (size_t)(end - rest.data) : rest.size};
        REQUIRE(at < feed.count, "%zu events come, more should", feed.count);
        REQUIRE(sp_slice_equal(feed.events[at], line), "event %zu is '%s', not '%s'", at,
                kit_shown(kit, feed.events[at]), kit_shown(kit, line));
        rest.data += line.size + (end != NULL);
        rest.size -= line.size + (end != NULL);
    }
    REQUIRE(at == feed.count, "%zu events come, %zu should", feed.count, at);
    buffer_fini(&bytes);
}

static void read_twice(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 1);
    struct feed again = source_read_all(&source, source.one, nothing, nothing);
    source_require_part(kit, &again, &feed, 0, feed.count, "the second time on one handle");
    REQUIRE(again.not_count == feed.not_count, "%zu elements are no events, the second time %zu",
            feed.not_count, again.not_count);
    struct feed other = source_read_all(&source, source.other, nothing, nothing);
    source_require_part(kit, &other, &feed, 0, feed.count, "on another handle");
}

static void end_is_the_end(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 1);
    struct sp_slice cursor = feed.pages[feed.page_count - 1].cursor;
    for (int times = 0; times < 3; times++) {
        struct feed more = source_read_all(&source, times ? source.other : source.one, cursor, nothing);
        /* What is no event may lie after every cursor there is: who has not seen it is told of it. */
        REQUIRE(more.count == 0 && more.not_count <= (times ? feed.not_count : 0),
                "after the end come %zu events and %zu others", more.count, more.not_count);
    }
}

static void page_lives_in_the_arena(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 2);
    void *handle = kit_open(source.stage);
    struct feed first = source_read_some(&source, handle, nothing, nothing, 1);
    source_read_all(&source, handle, first.pages[0].cursor, nothing);
    kit_close(source.stage, handle);
    source_require_part(kit, &first, &feed, 0, first.count, "a page whose handle went on and was closed");
    struct feed rest = source_read_all(&source, source.one, first.pages[0].cursor, nothing);
    source_require_part(kit, &rest, &feed, first.count, feed.count, "from a cursor of that page");
}

/* A thread that reads all, while others do. */
struct reader {
    struct source *source;
    struct feed feeds[4];
    struct kit kits[4];
};

static void read_in_a_thread(const struct kit_thread *thread)
{
    struct reader *reader = thread->with;
    struct source source = *reader->source;
    source.kit = &reader->kits[thread->number]; /* an arena belongs to one thread */
    reader->feeds[thread->number] =
        source_read_all(&source, source.stage->handles[thread->number], nothing, nothing);
}

static void many_threads(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 1);
    struct reader reader = {.source = &source};
    kit_open(source.stage);
    kit_open(source.stage);
    for (size_t i = 0; i < 4; i++) {
        reader.kits[i] = *kit;
        reader.kits[i].arena = arena_new(65536);
    }
    kit_threads(4, read_in_a_thread, &reader);
    for (size_t i = 0; i < 4; i++) {
        source_require_part(kit, &reader.feeds[i], &feed, 0, feed.count, "on one of four threads");
        arena_free(reader.kits[i].arena);
    }
}

static void deadlines_are_kept(struct kit *kit)
{
    static const int64_t deadlines[] = {0, SP_MILLISECOND, 20 * SP_MILLISECOND};
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 1);
    for (size_t i = 0; i < 3; i++) {
        struct sp_page page = {.size = sizeof page};
        int64_t began = sp_clock_now();
        int rc = source.ops->read(source.one, nothing, nothing, kit->arena, &page, began + deadlines[i],
                                  &kit_error);
        REQUIRE(sp_clock_now() - began < kit_soon_ns(kit), "read() goes on for seconds past its deadline");
        REQUIRE(rc == 0 || kit_error.class == SP_UNAVAILABLE || kit_error.class == SP_THROTTLED,
                "read() at its deadline is %s: %s", sp_class_name(kit_error.class), kit_error.text);
    }
    struct feed again = source_read_all(&source, source.one, nothing, nothing);
    source_require_part(kit, &again, &feed, 0, feed.count, "after reads that had no time");
}

/* A thread that reads on and on while it is interrupted. */
struct reading {
    struct source *source;
    struct sp_arena *arena;
    size_t calls;
    atomic_bool stop, done;
};

static void *read_on(void *opaque)
{
    struct reading *reading = opaque;
    struct sp_error err = {0};
    while (!atomic_load(&reading->stop)) {
        struct sp_page page = {.size = sizeof page};
        int rc = reading->source->ops->read(reading->source->one, nothing, nothing, reading->arena, &page,
                                            kit_soon(reading->source->kit), &err);
        REQUIRE(rc == 0 || err.class == SP_STOPPED, "an interrupted read() is %s: %s",
                sp_class_name(err.class), err.text);
        arena_reset(reading->arena, 65536);
        reading->calls++;
    }
    atomic_store(&reading->done, true);
    return NULL;
}

static void interrupts_end_reads(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 1);
    struct reading reading = {.source = &source, .arena = arena_new(65536)};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, read_on, &reading) == 0, "there is no thread");
    for (int times = 0; times < 100; times++) {
        kit->plugin->about.interrupt(source.one);
        kit_sleep(SP_MILLISECOND);
    }
    atomic_store(&reading.stop, true);
    kit_interrupt(kit, source.one, &reading.done);
    pthread_join(thread, NULL);
    arena_free(reading.arena);
    struct feed again = source_read_all(&source, source.one, nothing, nothing);
    source_require_part(kit, &again, &feed, 0, feed.count, "after it was interrupted");
}

static const struct check checks[] = {
    {"given a source, when it is read from the start, then it comes to an end, and events are JSON objects",
     read_to_the_end},
    {"given the events that there are, when it is read, then they come byte for byte, in order",
     events_are_the_expected},
    {"given a source, when it is read again and by another handle, then the same comes", read_twice},
    {"given the end, when it is read on from there, then nothing comes", end_is_the_end},
    {"given a page, when its handle went on and was closed, then its events and cursor are still there",
     page_lives_in_the_arena},
    {"given four threads, when each reads with its own handle, then the same comes", many_threads},
    {"given deadlines that are over at once, when it is read, then it returns soon, and nothing is lost",
     deadlines_are_kept},
    {"given reads that are interrupted, when it is read again, then they end as stopped and nothing is lost",
     interrupts_end_reads},
};

CHECK_LIST(source_checks, checks);
