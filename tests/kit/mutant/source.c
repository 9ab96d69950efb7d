/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "mutant.h"

static const struct sp_source_ops *inner;

/* One event more, as if it had been read before. */
static void repeat_first(struct sp_page *page, struct sp_arena *arena)
{
    struct sp_slice *events = sp_arena_alloc(arena, (page->event_count + 1) * sizeof *events);
    memcpy(events + 1, page->events, page->event_count * sizeof *events);
    events[0] = events[1];
    page->events = events;
    page->event_count++;
}

static int read_page(void *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                     struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    static const struct sp_slice other = {"[1]", 3};
    if (mutant_is("until-is-not-looked-at"))
        until.size = 0;
    if (inner->read(handle, cursor, until, arena, page, deadline, err) != 0)
        return -1;
    if (mutant_is("event-is-lost") && page->event_count > 1)
        page->event_count--;
    if (mutant_is("event-is-repeated") && cursor.size && page->event_count)
        repeat_first(page, arena);
    if (mutant_is("not-events-are-lost"))
        page->not_event_count = 0;
    if (mutant_is("event-is-no-object") && page->event_count) {
        page->events = &other;
        page->event_count = 1;
    }
    if (mutant_is("never-caught-up"))
        page->caught_up = page->ended = false;
    if (mutant_is("cursor-is-old") && cursor.size && page->event_count)
        page->cursor = cursor;
    if (mutant_is("start-is-not-read") && !cursor.size)
        page->event_count = 0;
    return 0;
}

static int cursor_of(void *handle, const char *text, struct sp_arena *arena, struct sp_slice *out,
                     struct sp_error *err)
{
    int rc = inner->cursor_of(handle, text, arena, out, err);
    if (rc != 0 && mutant_is("nonsense-is-unknown"))
        err->class = SP_UNKNOWN;
    return rc;
}

static int text_of(void *handle, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                   struct sp_error *err)
{
    int rc = inner->text_of(handle, cursor, arena, out, err);
    if (rc == 0 && mutant_is("text-is-constant"))
        *out = "1";
    return rc;
}

static int compare(void *handle, struct sp_slice a, struct sp_slice b)
{
    if (mutant_is("all-cursors-are-equal"))
        return 0;
    if (mutant_is("cursors-are-compared-as-bytes")) {
        int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
        return order ? order : (a.size > b.size) - (a.size < b.size);
    }
    return inner->compare(handle, a, b);
}

const struct sp_source_ops *mutant_source(const struct sp_source_ops *ops)
{
    static const struct sp_source_ops changed = {.size = sizeof changed,
                                                 .read = read_page,
                                                 .cursor_of = cursor_of,
                                                 .text_of = text_of,
                                                 .compare = compare};
    inner = ops;
    return &changed;
}
