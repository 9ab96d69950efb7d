/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fate.h"
#include "laws.h"

#include <stdio.h>
#include <stdlib.h>

/* A cursor is a place, as text. */
static size_t place_of(struct sp_slice cursor)
{
    char text[24] = "";
    if (cursor.size > 0 && cursor.size < sizeof text)
        memcpy(text, cursor.data, cursor.size);
    return (size_t)strtoull(text, NULL, 10);
}

static size_t places_there(void)
{
    size_t count = 0;
    while (count < feed.place_count && feed.at[count] <= sim_now())
        count++;
    return count;
}

static void fill_page(struct sp_page *page, size_t from, size_t to, struct sp_arena *arena)
{
    struct sp_slice *events = sp_arena_alloc(arena, (to - from + 1) * sizeof *events);
    struct sp_not_event *others = sp_arena_alloc(arena, (to - from + 1) * sizeof *others);
    for (size_t i = from + stage_lies(SIM_SOURCE); i < to; i++) {
        const struct event *event = &feed.events[feed.places[i]];
        struct sp_slice copy = sp_arena_copy(arena, event->text);
        if (event->kind == EVENT_NOT_ONE)
            others[page->not_event_count++] = (struct sp_not_event){.bytes = copy, .reason = "is cut off"};
        else
            events[page->event_count++] = copy;
    }
    page->events = events;
    page->not_events = others;
}

static int source_read(void *pointer, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                       struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    (void)until;
    if (call_enter(handle, OP_READ, deadline, &fate, err) != 0)
        return -1;
    size_t there = places_there(), from = place_of(cursor), most = world.plan->page_events;
    size_t to =
        from + (dice_chance(&world.dice, 1, 3) ? (size_t)dice_between(&world.dice, 0, (int64_t)most) : most);
    to = to > there ? there : to;
    fill_page(page, from, to, arena);
    char *text = sp_arena_printf(arena, "%zu", to);
    page->cursor = to > from ? sp_slice_of(text) : cursor;
    page->caught_up = to == there;
    page->wait_ns = page->caught_up ? world.plan->poll_ns : 0;
    trace("reads %zu to %zu", from, to);
    return call_leave(handle, &fate, err);
}

static int source_cursor_of(void *handle, const char *text, struct sp_arena *arena, struct sp_slice *out,
                            struct sp_error *err)
{
    (void)handle;
    (void)err;
    *out = sp_arena_copy(arena, sp_slice_of(text));
    return 0;
}

static int source_text_of(void *handle, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                          struct sp_error *err)
{
    (void)handle;
    (void)err;
    *out = sp_arena_text(arena, cursor.data, cursor.size);
    return 0;
}

static int source_compare(void *handle, struct sp_slice a, struct sp_slice b)
{
    (void)handle;
    size_t first = place_of(a), second = place_of(b);
    return first < second ? -1 : first > second;
}

const struct plugin sim_source = {
    SIM_PLUGIN(SP_SOURCE, sim_source),
    .ops.source = {.size = sizeof(struct sp_source_ops),
                   .read = source_read,
                   .cursor_of = source_cursor_of,
                   .text_of = source_text_of,
                   .compare = source_compare},
    .capabilities = {.size = sizeof(struct sp_capabilities)},
};
