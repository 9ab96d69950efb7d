/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: cursors, their texts and their order. */
#include <config.h>

#include "source_kit.h"

static const struct sp_slice nothing;

/* Some pages' numbers: the first, the last but one, and others by chance. */
enum { SOME = 6 };
static size_t some_page(struct kit *kit, const struct feed *feed, size_t at)
{
    if (at == 0)
        return 0;
    return at == 1 ? feed->page_count - 2 : kit_below(&kit->dice, feed->page_count - 1);
}

static void remainder_is_the_same(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    for (size_t i = 0; i < SOME; i++) {
        const struct feed_page *page = &feed.pages[some_page(kit, &feed, i)];
        void *handle = i % 2 ? kit_open(source.stage) : source.other;
        struct feed rest = source_read_all(&source, handle, page->cursor, nothing);
        source_require_part(kit, &rest, &feed, page->count, feed.count, "from a page's cursor");
        /* What is no event has no place in the order: it may come again, and is one dead letter. */
        REQUIRE(rest.not_count >= feed.not_count - page->not_count,
                "from a page's cursor: %zu elements are no events, at least %zu should", rest.not_count,
                feed.not_count - page->not_count);
    }
}

static void read_half(struct kit *kit, struct helper_side *side, void *with)
{
    (void)with;
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    const struct feed_page *page = &feed.pages[feed.page_count / 2];
    pipe_say(side->to, (int64_t)page->count);
    pipe_say(side->to, (int64_t)page->cursor.size);
    pipe_put(side->to, page->cursor.data, page->cursor.size);
}

static void cursor_outlives_the_process(struct kit *kit)
{
    struct helper helper = helper_start(kit, read_half, NULL);
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    size_t count = (size_t)pipe_hear(helper.from), size = (size_t)pipe_hear(helper.from);
    char *cursor = sp_arena_alloc(kit->arena, size);
    REQUIRE(pipe_get(helper.from, cursor, size), "the other process ended");
    helper_end(&helper);
    struct feed rest = source_read_all(&source, source.other, (struct sp_slice){cursor, size}, nothing);
    source_require_part(kit, &rest, &feed, count, feed.count, "from another process's cursor");
}

static void until_bounds_the_read(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    for (size_t i = 0; i < SOME; i++) {
        const struct feed_page *until = &feed.pages[some_page(kit, &feed, i)];
        struct feed got = source_read_all(&source, source.other, nothing, until->cursor);
        source_require_part(kit, &got, &feed, 0, until->count, "up to a page's cursor");
        got = source_read_all(&source, source.one, until->cursor, until->cursor);
        REQUIRE(got.count == 0, "%zu events come between a cursor and itself", got.count);
    }
    size_t from = some_page(kit, &feed, 2), to = feed.page_count - 1;
    struct feed part = source_read_all(&source, source.other, feed.pages[from].cursor, feed.pages[to].cursor);
    source_require_part(kit, &part, &feed, feed.pages[from].count, feed.pages[to].count,
                        "from one cursor to another");
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void compare_is_an_order(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    for (size_t i = 0; i < feed.page_count; i++)
        for (size_t j = 0; j < feed.page_count; j += 1 + j / 8) {
            struct sp_slice a = feed.pages[i].cursor, b = feed.pages[j].cursor;
            int order = sign(source.ops->compare(source.one, a, b));
            REQUIRE(order == -sign(source.ops->compare(source.one, b, a)),
                    "compare(a, b) and compare(b, a) of pages %zu and %zu do not fit", i, j);
            REQUIRE(order == (i > j) - (i < j), "page %zu is %s page %zu", i,
                    order < 0 ? "before"
                    : order   ? "after"
                              : "at",
                    j);
        }
    REQUIRE(source.ops->compare(source.one, nothing, feed.pages[0].cursor) < 0,
            "the start is not before the first page's cursor");
    REQUIRE(source.ops->compare(source.one, nothing, nothing) == 0, "the start is not at itself");
}

static void texts_lead_back(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    for (size_t i = 0; i < SOME; i++) {
        const struct feed_page *page = &feed.pages[some_page(kit, &feed, i)];
        const char *text = NULL, *again = NULL;
        struct sp_slice cursor;
        WORKS(source.ops->text_of(source.one, page->cursor, kit->arena, &text, &kit_error));
        REQUIRE(text && *text && !strchr(text, '\n'), "the text of a cursor is not one line");
        WORKS(source.ops->cursor_of(source.other, text, kit->arena, &cursor, &kit_error));
        WORKS(source.ops->text_of(source.one, cursor, kit->arena, &again, &kit_error));
        REQUIRE(strcmp(text, again) == 0, "the cursor of \"%s\" has the text \"%s\"", text, again);
        REQUIRE(source.ops->compare(source.one, cursor, page->cursor) <= 0,
                "the cursor of \"%s\" is after the one that has this text: events would be passed over",
                text);
        WORKS(source.ops->text_of(source.one, feed.pages[feed.page_count - 1].cursor, kit->arena, &again,
                                  &kit_error));
        REQUIRE(strcmp(text, again) != 0, "cursors of other pages have the same text, \"%s\"", text);
        struct feed rest = source_read_all(&source, source.other, cursor, nothing);
        size_t least = feed.count - page->count;
        REQUIRE(rest.count >= least, "%zu events come from \"%s\" on, at least %zu should", rest.count, text,
                least);
        source_require_part(kit, &(struct feed){.events = rest.events + (rest.count - least), .count = least},
                            &feed, page->count, feed.count, "from a person's text on");
    }
}

static void nonsense_is_rejected(struct kit *kit)
{
    static const char *const texts[] = {"", "\x01", "no such place, surely: \xff", "-1", "1 2 3;"};
    static const struct sp_slice cursors[] = {{"\0\1\2", 3}, {"no cursor of any source, surely", 31}};
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sp_slice cursor;
        int rc = source.ops->cursor_of(source.one, texts[i], kit->arena, &cursor, &kit_error);
        REQUIRE(rc == 0 || kit_error.class == SP_REJECTED, "the text \"%s\" is %s, not rejected", texts[i],
                sp_class_name(kit_error.class));
    }
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        const char *text;
        struct sp_page page = {.size = sizeof page};
        int rc = source.ops->text_of(source.one, cursors[i], kit->arena, &text, &kit_error);
        REQUIRE(rc == -1 && kit_error.class == SP_REJECTED, "the text of what is no cursor is not rejected");
        source.ops->compare(source.one, cursors[i], feed.pages[0].cursor);
        rc = source.ops->read(source.one, cursors[i], nothing, kit->arena, &page, kit_soon(kit), &kit_error);
        REQUIRE(rc == -1 && kit_error.class == SP_REFUSED && kit_error.text[0],
                "reading from what is no cursor is not refused");
    }
    struct feed again = source_read_all(&source, source.one, nothing, nothing);
    source_require_part(kit, &again, &feed, 0, feed.count, "after nonsense was asked");
}

static void cursors_work_without_the_source(struct kit *kit)
{
    struct source source = source_begin(kit);
    struct feed feed = source_whole(&source, 3);
    if (!options_know_away(kit->plugin, kit->options) && !options_have_place(kit->plugin))
        kit_not_for("no option says where its data is, so it cannot be away");
    if (!options_know_away(kit->plugin, kit->options))
        kit_skip("it is not known how it could be away: --away OPTION=VALUE");
    struct kit_stage *stage = kit_load(kit, &(struct kit_wish){.place = KIT_AWAY});
    void *handle = kit_open(stage);
    const char *text;
    struct sp_slice cursor;
    WORKS(source.ops->text_of(handle, feed.pages[1].cursor, kit->arena, &text, &kit_error));
    WORKS(source.ops->cursor_of(handle, text, kit->arena, &cursor, &kit_error));
    REQUIRE(source.ops->compare(handle, feed.pages[0].cursor, feed.pages[1].cursor) < 0,
            "cursors have another order while the source is away");
}

static const struct check checks[] = {
    {"given a page's cursor, when it is read on from there by any handle, then the rest comes, no more",
     remainder_is_the_same},
    {"given a cursor of another process, when it is read on from there, then the rest comes, no more",
     cursor_outlives_the_process},
    {"given a cursor as `until`, when it is read, then what is before it comes, and no more",
     until_bounds_the_read},
    {"given the cursors of all pages, when they are compared, then their order is the pages'",
     compare_is_an_order},
    {"given a cursor's text, when a person hands it in, then it has that text and nothing is passed over",
     texts_lead_back},
    {"given texts and cursors that are none, when they are handed in, then they are rejected or refused",
     nonsense_is_rejected},
    {"given a source that is away, when cursors and texts are asked for, then they are as ever",
     cursors_work_without_the_source},
};

CHECK_LIST(source_cursor_checks, checks);
