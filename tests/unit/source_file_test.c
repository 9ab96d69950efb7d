/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "plugin_stage.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static struct plugin_stage stage;
static struct sp_arena *arena;
static struct sp_error err;
static void *handle;
static char path[400];
static unsigned folders;

/* Options are path (below a fresh folder), then names and values. */
static void start(const char *name, const char *follow, const char *page_size, const char *page_bytes)
{
    const char *options[] = {"path",       path,       "follow",        follow,     "page_size", page_size,
                             "page_bytes", page_bytes, "poll_interval", "50000000", NULL};
    if (strcmp(name, "-") == 0) {
        options[1] = name;
    } else {
        snprintf(path, sizeof path, "%s/%u", tap_scratch_dir(), ++folders);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/%u%s%s", tap_scratch_dir(), folders, *name ? "/" : "", name);
    }
    plugin_stage_load(&stage, SP_SOURCE, options, NULL);
    arena = arena_new(4096);
    handle = plugin_stage_open(&stage);
}

static void reopen(void)
{
    stage.plugin->close(handle);
    handle = plugin_stage_open(&stage);
}

static void stop(void)
{
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
    arena_free(arena);
}

static const char *in_folder(const char *name)
{
    static char full[700];
    snprintf(full, sizeof full, "%s/%s", path, name);
    return full;
}

static void put_bytes(const char *where, const char *mode, const void *data, size_t size)
{
    FILE *file = fopen(where, mode);
    CU_ASSERT_PTR_NOT_NULL(file);
    fwrite(data, 1, size, file);
    fclose(file);
}

static void put(const char *where, const char *text)
{
    put_bytes(where, "w", text, strlen(text));
}

static void append(const char *where, const char *text)
{
    put_bytes(where, "a", text, strlen(text));
}

static size_t zip(const char *text, size_t size, unsigned char *out, size_t room)
{
    z_stream z = {0};
    deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    CU_ASSERT_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static struct sp_page read_until(struct sp_slice cursor, struct sp_slice until, int64_t deadline, int *status)
{
    struct sp_page page = {.size = sizeof page};
    err = (struct sp_error){0};
    *status = stage.plugin->source->read(handle, cursor, until, arena, &page, deadline, &err);
    return page;
}

static struct sp_page read_page(struct sp_slice cursor)
{
    int status;
    struct sp_page page = read_until(cursor, (struct sp_slice){0}, plugin_stage_later(), &status);
    if (status != 0)
        printf("# %s\n", err.text);
    CU_ASSERT_EQUAL(status, 0);
    return page;
}

static enum sp_class failure(struct sp_slice cursor)
{
    int status;
    read_until(cursor, (struct sp_slice){0}, plugin_stage_later(), &status);
    CU_ASSERT_EQUAL(status, -1);
    return err.class;
}

static bool page_has(const struct sp_page *page, const char *const *events, size_t count)
{
    bool same = page->event_count == count;
    for (size_t i = 0; same && i < count; i++)
        same = sp_slice_equal(page->events[i], sp_slice_of(events[i]));
    for (size_t i = 0; !same && i < page->event_count; i++)
        printf("# event %zu: %.*s\n", i, (int)page->events[i].size, page->events[i].data);
    return same;
}
#define PAGE_HAS(page, ...)                                                                                  \
    page_has(&(page), (const char *const[]){__VA_ARGS__},                                                    \
             sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static bool says(struct sp_slice cursor, const char *text)
{
    const char *said = "";
    CU_ASSERT_EQUAL(stage.plugin->source->text_of(handle, cursor, arena, &said, &err), 0);
    return strcmp(said, text) == 0;
}

static struct sp_slice place(const char *text)
{
    struct sp_slice cursor = {0};
    CU_ASSERT_EQUAL(stage.plugin->source->cursor_of(handle, text, arena, &cursor, &err), 0);
    return cursor;
}

static void a_file_is_read_page_by_page_to_its_end(void)
{
    start("x.ndjson", "false", "2", "4096");
    put(path, "{\"n\":1}\n{\"n\":2}\r\n\n   \n{\"n\":3}");
    struct sp_page first = read_page((struct sp_slice){0});
    CU_ASSERT(PAGE_HAS(first, "{\"n\":1}", "{\"n\":2}"));
    CU_ASSERT_FALSE(first.ended);
    CU_ASSERT(says(first.cursor, "x.ndjson:2"));

    struct sp_page blank = read_page(first.cursor);
    CU_ASSERT_EQUAL(blank.event_count + blank.not_event_count, 0);
    struct sp_page last = read_page(blank.cursor);
    CU_ASSERT(PAGE_HAS(last, "{\"n\":3}"));
    CU_ASSERT(last.ended && last.caught_up);
    CU_ASSERT(says(last.cursor, "x.ndjson:5"));

    struct sp_page after = read_page(last.cursor);
    CU_ASSERT(after.ended && after.event_count == 0);
    CU_ASSERT(sp_slice_equal(after.cursor, last.cursor));
    CU_ASSERT(stage.plugin->source->compare(handle, first.cursor, last.cursor) < 0);
    CU_ASSERT(stage.plugin->source->compare(handle, last.cursor, after.cursor) == 0);
    CU_ASSERT(stage.plugin->source->compare(handle, first.cursor, (struct sp_slice){0}) > 0);
    stop();
}

static void a_cursor_resumes_in_another_process(void)
{
    start("x.ndjson", "false", "2", "4096");
    put(path, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    struct sp_page first = read_page((struct sp_slice){0});
    reopen();
    struct sp_page second = read_page(first.cursor);
    CU_ASSERT(PAGE_HAS(second, "{\"n\":3}"));
    CU_ASSERT_PTR_NULL(second.gap);
    /* The same page again, with the handle that stands behind it. */
    struct sp_page again = read_page(first.cursor);
    CU_ASSERT(PAGE_HAS(again, "{\"n\":3}"));
    CU_ASSERT(sp_slice_equal(again.cursor, second.cursor));
    stop();
}

static void what_is_no_event_is_told_with_its_line(void)
{
    start("x.ndjson", "false", "100", "65536");
    static const char text[] = "\xef\xbb\xbf{\"n\":1}\n[1]\n{\"n\":\n\"\xff\"\n{\"z\":\"\0\"}\n{}\n";
    put_bytes(path, "w", text, sizeof text - 1);
    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(PAGE_HAS(page, "{\"n\":1}", "{}"));
    CU_ASSERT_EQUAL(page.not_event_count, 4);
    CU_ASSERT_STRING_EQUAL(page.not_events[0].reason, "line 2 of x.ndjson is no JSON object");
    CU_ASSERT(sp_slice_equal(page.not_events[0].bytes, sp_slice_of("[1]")));
    CU_ASSERT_EQUAL(strncmp(page.not_events[1].reason, "line 3 of x.ndjson is not JSON: ", 32), 0);
    CU_ASSERT(sp_slice_equal(page.not_events[2].bytes, sp_slice_of("\"\xff\"")));
    CU_ASSERT_EQUAL(page.not_events[3].bytes.size, 9);
    stop();
}

static void long_lines_are_kept_whole_and_huge_ones_by_their_head(void)
{
    start("x.ndjson", "false", "100", "4096");
    size_t long_size = 2 << 20, huge_size = 70 << 20;
    char *large = malloc(huge_size);
    memset(large, 'x', huge_size);
    put(path, "{\"n\":1}\n");
    put_bytes(path, "a", large, long_size);
    append(path, "\n{\"n\":2}\n");
    put_bytes(path, "a", large, huge_size);
    append(path, "\n{\"n\":3}\n");
    free(large);

    struct sp_slice cursor = {0};
    size_t events = 0, longs = 0, huges = 0, bytes_kept = 0, pages = 0;
    struct sp_page page;
    do {
        page = read_page(cursor);
        cursor = page.cursor;
        events += page.event_count;
        for (size_t i = 0; i < page.not_event_count; i++) {
            longs += page.not_events[i].bytes.size == long_size;
            huges += strstr(page.not_events[i].reason, "line 4 of x.ndjson is 73400320 bytes") != NULL;
            bytes_kept = page.not_events[i].bytes.size;
        }
    } while (!page.ended && ++pages < 20);
    CU_ASSERT_EQUAL(events, 3);
    CU_ASSERT_EQUAL(longs, 1);
    CU_ASSERT_EQUAL(huges, 1);
    CU_ASSERT_EQUAL(bytes_kept, 1 << 20);
    CU_ASSERT(says(cursor, "x.ndjson:5"));
    reopen();
    CU_ASSERT(read_page(cursor).ended);
    stop();
}

static void a_page_has_no_more_than_its_bytes(void)
{
    start("x.ndjson", "false", "100", "1024");
    char line[400];
    snprintf(line, sizeof line, "{\"n\":\"%0300d\"}\n", 0);
    for (int i = 0; i < 10; i++)
        append(path, line);
    struct sp_slice cursor = {0};
    size_t events = 0;
    for (int i = 0; i < 4; i++) {
        struct sp_page page = read_page(cursor);
        CU_ASSERT(page.event_count <= 3);
        events += page.event_count;
        cursor = page.cursor;
    }
    CU_ASSERT_EQUAL(events, 10);
    stop();
}

static void following_reads_what_is_appended_and_only_whole_lines(void)
{
    start("x.ndjson", "true", "100", "4096");
    CU_ASSERT_EQUAL(failure((struct sp_slice){0}), SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), -1);
    CU_ASSERT_EQUAL(err.class, SP_UNAVAILABLE);

    put(path, "");
    struct sp_page empty = read_page((struct sp_slice){0});
    CU_ASSERT(empty.caught_up && !empty.ended && empty.wait_ns == 50 * SP_MILLISECOND);
    append(path, "{\"n\":1}\n{\"n\":");
    struct sp_page one = read_page(empty.cursor);
    CU_ASSERT(PAGE_HAS(one, "{\"n\":1}"));
    CU_ASSERT(one.caught_up);
    struct sp_page none = read_page(one.cursor);
    CU_ASSERT_EQUAL(none.event_count + none.not_event_count, 0);
    append(path, "2}\n");
    struct sp_page two = read_page(none.cursor);
    CU_ASSERT(PAGE_HAS(two, "{\"n\":2}"));
    reopen();
    append(path, "{\"n\":3}\n");
    struct sp_page three = read_page(two.cursor);
    CU_ASSERT(PAGE_HAS(three, "{\"n\":3}"));
    stop();
}

static void nap(void)
{
    struct timespec pause = {.tv_nsec = 60000000};
    nanosleep(&pause, NULL);
}

static void following_goes_over_to_the_file_that_took_the_place(void)
{
    start("x.ndjson", "true", "100", "4096");
    put(path, "{\"n\":1}\n");
    struct sp_page page = read_page((struct sp_slice){0});
    char moved[420];
    snprintf(moved, sizeof moved, "%s.1", path);
    rename(path, moved);
    page = read_page(page.cursor);
    CU_ASSERT(page.caught_up && page.event_count == 0);
    put(path, "{\"n\":3}\n");
    page = read_page(page.cursor);
    CU_ASSERT_EQUAL(page.event_count, 0);
    /* The writer has not noticed yet. */
    append(moved, "{\"n\":2}\n");
    nap();
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":2}"));
    struct sp_slice old = page.cursor;
    page = read_page(page.cursor);
    nap();
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":3}"));
    CU_ASSERT_PTR_NULL(page.gap);
    CU_ASSERT(stage.plugin->source->compare(handle, old, page.cursor) < 0);
    stop();
}

static void a_replaced_file_is_read_from_its_start_and_told(void)
{
    start("x.ndjson", "false", "1", "4096");
    put(path, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    struct sp_page first = read_page((struct sp_slice){0});
    /* While it is open, in place. */
    put(path, "{\"m\":1}\n{\"m\":2}\n{\"m\":3}\n{\"m\":4}\n");
    struct sp_page restarted = read_page(first.cursor);
    CU_ASSERT_PTR_NOT_NULL(restarted.gap);
    CU_ASSERT(PAGE_HAS(restarted, "{\"m\":1}"));
    CU_ASSERT(stage.plugin->source->compare(handle, first.cursor, restarted.cursor) <= 0);

    /* While it is not: by another file, and by a shorter one with the same start. */
    reopen();
    put(path, "{\"k\":1}\n{\"k\":2}\n{\"k\":3}\n{\"k\":4}\n{\"k\":5}\n");
    struct sp_page other = read_page(restarted.cursor);
    CU_ASSERT_PTR_NOT_NULL(other.gap);
    CU_ASSERT(PAGE_HAS(other, "{\"k\":1}"));
    other = read_page(other.cursor);
    reopen();
    put(path, "{\"k\":1}\n");
    struct sp_page shorter = read_page(other.cursor);
    CU_ASSERT_PTR_NOT_NULL(shorter.gap);
    CU_ASSERT(PAGE_HAS(shorter, "{\"k\":1}"));
    stop();
}

static void a_folder_is_read_in_the_order_of_names(void)
{
    start("", "false", "100", "4096");
    put(in_folder("b.jsonl"), "{\"n\":3}\n");
    put(in_folder("a.ndjson"), "{\"n\":1}\n{\"n\":2}");
    put(in_folder(".hidden.ndjson"), "{\"n\":0}\n");
    put(in_folder("notes.txt"), "{\"n\":0}\n");
    put(in_folder("c.json"), "");
    unsigned char zipped[200];
    size_t size = zip("{\"n\":4}\n", 8, zipped, sizeof zipped);
    put_bytes(in_folder("d.ndjson.gz"), "w", zipped, size);
    mkdir(in_folder("e.ndjson"), 0700);

    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(PAGE_HAS(page, "{\"n\":1}", "{\"n\":2}"));
    CU_ASSERT_FALSE(page.caught_up);
    struct sp_page second = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(second, "{\"n\":3}"));
    CU_ASSERT(says(second.cursor, "b.jsonl:1"));
    reopen();
    struct sp_page third = read_page(second.cursor);
    CU_ASSERT(PAGE_HAS(third, "{\"n\":4}"));
    CU_ASSERT(third.ended);
    CU_ASSERT(stage.plugin->source->compare(handle, second.cursor, third.cursor) < 0);
    /* A file that sorts later is picked up by a later run, one that sorts earlier is not. */
    put(in_folder("aa.ndjson"), "{\"n\":0}\n");
    put(in_folder("z.ndjson"), "{\"n\":5}\n");
    struct sp_page fourth = read_page(third.cursor);
    CU_ASSERT(PAGE_HAS(fourth, "{\"n\":5}"));
    CU_ASSERT(fourth.ended);
    stop();
}

static void following_a_folder_waits_for_files(void)
{
    start("", "true", "100", "4096");
    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(page.caught_up && !page.ended);
    put(in_folder("1.ndjson"), "{\"n\":1}\n{\"n\":2}");
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":1}"));
    CU_ASSERT(page.caught_up);
    /* When a later one is there, the earlier one is whole. */
    put(in_folder("2.ndjson"), "{\"n\":3}\n");
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":2}"));
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":3}"));

    /* Files that were read to their end may be taken away. */
    unlink(in_folder("1.ndjson"));
    unlink(in_folder("2.ndjson"));
    reopen();
    page = read_page(page.cursor);
    CU_ASSERT(page.caught_up);
    CU_ASSERT_PTR_NULL(page.gap);
    put(in_folder("3.ndjson"), "{\"n\":4}\n");
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":4}"));
    stop();
}

static void a_file_that_is_taken_away_too_early_is_a_gap_once(void)
{
    start("", "true", "1", "4096");
    put(in_folder("1.ndjson"), "{\"n\":1}\n{\"n\":2}\n");
    struct sp_page page = read_page((struct sp_slice){0});
    unlink(in_folder("1.ndjson"));
    reopen();
    page = read_page(page.cursor);
    CU_ASSERT_PTR_NOT_NULL(page.gap);
    CU_ASSERT(page.caught_up);
    page = read_page(page.cursor);
    CU_ASSERT_PTR_NULL(page.gap);
    stop();
}

static size_t write_members(unsigned char *zipped, size_t room)
{
    size_t size = zip("{\"n\":1}\n{\"n\"", 12, zipped, room);
    return size + zip(":2}\n{\"n\":3}\n", 12, zipped + size, room - size);
}

static void gzip_is_known_by_its_bytes_and_may_have_members(void)
{
    start("named-like-text.ndjson", "false", "2", "4096");
    unsigned char zipped[500];
    size_t size = write_members(zipped, sizeof zipped);
    memset(zipped + size, 0, 10); /* padding */
    put_bytes(path, "w", zipped, size + 10);
    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(PAGE_HAS(page, "{\"n\":1}", "{\"n\":2}"));
    reopen();
    struct sp_page rest = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(rest, "{\"n\":3}"));
    CU_ASSERT(rest.ended);
    CU_ASSERT(says(rest.cursor, "named-like-text.ndjson:3"));
    stop();
}

static void gzip_that_is_cut_or_broken_gives_what_is_whole_then_is_refused(void)
{
    start("x.gz", "false", "1", "4096");
    unsigned char zipped[500];
    size_t size = write_members(zipped, sizeof zipped);
    put_bytes(path, "w", zipped, size - 3);
    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(PAGE_HAS(page, "{\"n\":1}"));
    page = read_page(page.cursor);
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":3}"));
    CU_ASSERT_FALSE(page.ended);
    CU_ASSERT_EQUAL(failure(page.cursor), SP_REFUSED);
    CU_ASSERT(err.cure[0]);
    CU_ASSERT_EQUAL(failure(page.cursor), SP_REFUSED);

    /* Mended in place, it goes on. */
    put_bytes(path, "w", zipped, size);
    page = read_page(page.cursor);
    CU_ASSERT(page.ended && !page.gap);

    put_bytes(path, "w", zipped, size);
    append(path, "behind");
    CU_ASSERT_EQUAL(failure(page.cursor), SP_REFUSED);
    stop();
}

static void following_gzip_waits_for_its_rest(void)
{
    start("x.gz", "true", "100", "4096");
    unsigned char zipped[500];
    size_t size = write_members(zipped, sizeof zipped);
    put_bytes(path, "w", zipped, 1);
    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(page.caught_up && page.event_count == 0);
    put_bytes(path, "a", zipped + 1, 40);
    page = read_page(page.cursor);
    CU_ASSERT(page.caught_up);
    put_bytes(path, "a", zipped + 41, size - 41);
    size_t events = page.event_count;
    page = read_page(page.cursor);
    CU_ASSERT_EQUAL(events + page.event_count, 3);
    stop();
}

static void a_large_gzip_resumes_anywhere(void)
{
    start("x.gz", "false", "777", "65536");
    size_t lines = 20000, size = 0;
    char *text = malloc(lines * 32);
    for (size_t i = 1; i <= lines; i++)
        size += (size_t)sprintf(text + size, "{\"n\":%zu}\n", i);
    unsigned char *zipped = malloc(size);
    put_bytes(path, "w", zipped, zip(text, size, zipped, size));
    free(text);
    free(zipped);
    struct sp_slice cursor = {0};
    struct sp_page page = {0};
    size_t seen = 0, wrong = 0;
    while (!page.ended && seen <= lines) {
        page = read_page(cursor);
        cursor = page.cursor;
        for (size_t i = 0; i < page.event_count; i++) {
            char expected[32];
            snprintf(expected, sizeof expected, "{\"n\":%zu}", ++seen);
            wrong += !sp_slice_equal(page.events[i], sp_slice_of(expected));
        }
        if (seen % 5 == 0)
            reopen();
    }
    CU_ASSERT_EQUAL(seen, lines);
    CU_ASSERT_EQUAL(wrong, 0);
    stop();
}

static void people_name_places_by_line(void)
{
    start("x.ndjson", "false", "2", "4096");
    put(path, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
    CU_ASSERT(says(place("x.ndjson:3"), "x.ndjson:3"));
    CU_ASSERT(says(place("3"), "x.ndjson:3"));
    CU_ASSERT(says(place("start"), "start"));
    struct sp_slice nothing;
    CU_ASSERT_EQUAL(stage.plugin->source->cursor_of(handle, "x:1x", arena, &nothing, &err), -1);
    CU_ASSERT_EQUAL(err.class, SP_REJECTED);
    CU_ASSERT_EQUAL(stage.plugin->source->cursor_of(handle, "../x:1", arena, &nothing, &err), -1);
    CU_ASSERT_EQUAL(failure(sp_slice_of("nonsense")), SP_REFUSED);

    struct sp_page page = read_page(place("3"));
    CU_ASSERT(PAGE_HAS(page, "{\"n\":4}"));
    CU_ASSERT(says(page.cursor, "x.ndjson:4"));

    int status;
    struct sp_page bounded = read_until((struct sp_slice){0}, place("1"), plugin_stage_later(), &status);
    CU_ASSERT(PAGE_HAS(bounded, "{\"n\":1}"));
    bounded = read_until(bounded.cursor, place("1"), plugin_stage_later(), &status);
    CU_ASSERT(status == 0 && bounded.event_count == 0 && bounded.caught_up && !bounded.ended);
    bounded = read_until(place("4"), page.cursor, plugin_stage_later(), &status);
    CU_ASSERT(status == 0 && bounded.event_count == 0);
    stop();
}

/* Who reads again from the start knows the file that a bound speaks of by its first bytes. */
static void a_bound_is_of_one_file(void)
{
    int status;
    struct sp_slice beginning = {0};
    start("x.ndjson", "false", "10", "4096");
    put(path, "{\"n\":1}\n{\"n\":2}\n");
    struct sp_page page = read_page(beginning);
    /* given a file that was replaced, and was read up to its second line then */
    put(path, "{\"m\":1}\n{\"m\":2}\n");
    page = read_page(page.cursor);
    CU_ASSERT(page.gap && PAGE_HAS(page, "{\"m\":1}", "{\"m\":2}"));
    /* when it has grown, and is read again from its start, then up to there */
    append(path, "{\"m\":3}\n");
    struct sp_slice until = page.cursor;
    page = read_until(beginning, until, plugin_stage_later(), &status);
    CU_ASSERT(status == 0 && PAGE_HAS(page, "{\"m\":1}", "{\"m\":2}"));
    CU_ASSERT_EQUAL(stage.plugin->source->compare(handle, page.cursor, until), 0);
    page = read_until(page.cursor, until, plugin_stage_later(), &status);
    CU_ASSERT(status == 0 && page.event_count == 0 && page.caught_up && !page.gap);
    /* when it is another one once more, then nothing of it is meant, and that is told */
    put(path, "{\"other\":1}\n{\"other\":2}\n{\"other\":3}\n");
    page = read_until(beginning, until, plugin_stage_later(), &status);
    CU_ASSERT(status == 0 && page.event_count == 0 && page.caught_up && page.gap);
    CU_ASSERT(stage.plugin->source->compare(handle, page.cursor, until) > 0);
    stop();
}

static void failures_say_what_they_are(void)
{
    start("missing.ndjson", "false", "2", "4096");
    CU_ASSERT_EQUAL(failure((struct sp_slice){0}), SP_REFUSED);
    CU_ASSERT(err.cure[0]);
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), -1);
    mkfifo(path, 0600);
    CU_ASSERT_EQUAL(failure((struct sp_slice){0}), SP_REFUSED);
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), -1);
    unlink(path);
    put(path, "");
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), 0);
    struct sp_page page = read_page((struct sp_slice){0});
    CU_ASSERT(page.ended && page.event_count == 0);
    stop();

    start("", "false", "2", "4096");
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), 0);
    page = read_page((struct sp_slice){0});
    CU_ASSERT(page.ended && page.caught_up);
    stop();
}

/* Puts a pipe in place of standard input. */
static int redirect_input(int *kept)
{
    int ends[2];
    *kept = dup(STDIN_FILENO);
    CU_ASSERT_EQUAL(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static void restore_input(int kept)
{
    dup2(kept, STDIN_FILENO);
    close(kept);
}

static void standard_input_ends_when_its_writer_does(void)
{
    start("-", "false", "2", "4096");
    int kept, writer = redirect_input(&kept);
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), 0);
    struct sp_page quiet = read_page((struct sp_slice){0});
    CU_ASSERT(!quiet.caught_up && !quiet.ended && quiet.event_count == 0);
    dprintf(writer, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\"");
    struct sp_page page = read_page(quiet.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":1}", "{\"n\":2}"));
    /* What was read ahead does not die with the handle. */
    reopen();
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":3}"));
    CU_ASSERT_FALSE(page.caught_up);
    dprintf(writer, ":4}");
    close(writer);
    page = read_page(page.cursor);
    CU_ASSERT(PAGE_HAS(page, "{\"n\":4}"));
    CU_ASSERT(page.ended && page.caught_up);
    CU_ASSERT(says(page.cursor, "-:4"));
    page = read_page((struct sp_slice){0});
    CU_ASSERT_PTR_NOT_NULL(page.gap);
    restore_input(kept);
    stop();
}

struct other {
    atomic_bool ended;
    int status;
    struct sp_error err;
};

static void *read_elsewhere(void *argument)
{
    struct other *other = argument;
    struct sp_arena *own = arena_new(4096);
    struct sp_page page = {.size = sizeof page};
    other->status = stage.plugin->source->read(handle, (struct sp_slice){0}, (struct sp_slice){0}, own, &page,
                                               plugin_stage_later(), &other->err);
    arena_free(own);
    atomic_store(&other->ended, true);
    return NULL;
}

static void interrupt_ends_a_quiet_read(void)
{
    start("-", "false", "2", "4096");
    plugin_stage_set(&stage, "poll_interval", "30000000000");
    int kept, writer = redirect_input(&kept);
    struct other other = {0};
    pthread_t thread;
    pthread_create(&thread, NULL, read_elsewhere, &other);
    for (int i = 0; i < 100 && !atomic_load(&other.ended); i++) {
        nap();
        stage.plugin->interrupt(handle);
    }
    CU_ASSERT(atomic_load(&other.ended));
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(other.status, -1);
    CU_ASSERT_EQUAL(other.err.class, SP_STOPPED);
    close(writer);
    restore_input(kept);
    stop();
}

static void a_deadline_ends_a_long_way_through(void)
{
    start("x.gz", "false", "1000", "65536");
    size_t size = 20 << 20;
    char *text = malloc(size);
    memset(text, ' ', size);
    for (size_t i = 99; i < size; i += 100)
        text[i] = '\n';
    unsigned char *zipped = malloc(size);
    put_bytes(path, "w", zipped, zip(text, size, zipped, size));
    free(text);
    free(zipped);
    append(path, "");
    /* Line by line to the last, in bites whose deadline has always passed. */
    struct sp_slice cursor = place("209700");
    int status = 0, calls = 0;
    struct sp_page page = {0};
    while (status == 0 && !page.ended && calls++ < 2000) {
        page = read_until(cursor, (struct sp_slice){0}, sp_clock_now(), &status);
        cursor = page.cursor;
    }
    CU_ASSERT(page.ended);
    CU_ASSERT(calls > 10 && calls < 2000);
    CU_ASSERT(says(cursor, "x.gz:209716"));
    stop();
}

int main(void)
{
    const struct tap_test tests[] = {
        {"a file is read page by page to its end", a_file_is_read_page_by_page_to_its_end},
        {"a cursor resumes in another process", a_cursor_resumes_in_another_process},
        {"what is no event is told with its line", what_is_no_event_is_told_with_its_line},
        {"long lines are kept whole and huge ones by their head",
         long_lines_are_kept_whole_and_huge_ones_by_their_head},
        {"a page has no more than its bytes", a_page_has_no_more_than_its_bytes},
        {"following reads what is appended and only whole lines",
         following_reads_what_is_appended_and_only_whole_lines},
        {"following goes over to the file that took the place",
         following_goes_over_to_the_file_that_took_the_place},
        {"a replaced file is read from its start and told", a_replaced_file_is_read_from_its_start_and_told},
        {"a folder is read in the order of names", a_folder_is_read_in_the_order_of_names},
        {"following a folder waits for files", following_a_folder_waits_for_files},
        {"a file that is taken away too early is a gap once",
         a_file_that_is_taken_away_too_early_is_a_gap_once},
        {"gzip is known by its bytes and may have members", gzip_is_known_by_its_bytes_and_may_have_members},
        {"gzip that is cut or broken gives what is whole then is refused",
         gzip_that_is_cut_or_broken_gives_what_is_whole_then_is_refused},
        {"following gzip waits for its rest", following_gzip_waits_for_its_rest},
        {"a large gzip resumes anywhere", a_large_gzip_resumes_anywhere},
        {"people name places by line", people_name_places_by_line},
        {"a bound is of one file", a_bound_is_of_one_file},
        {"failures say what they are", failures_say_what_they_are},
        {"standard input ends when its writer does", standard_input_ends_when_its_writer_does},
        {"interrupt ends a quiet read", interrupt_ends_a_quiet_read},
        {"a deadline ends a long way through", a_deadline_ends_a_long_way_through},
    };
    return tap_run("source_file", tests, sizeof tests / sizeof *tests);
}
