/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pack.h"

/* Events larger than `limit`, and what was no event, become letters of the page.  What a source has not taken
 * for an event because it is too large is told like what it has. */
static struct sp_letter *letters_of(const struct pipeline *pipeline, const struct sp_page *read, size_t limit,
                                    const struct sp_slice *large, size_t large_count, const char *cursor,
                                    struct sp_arena *arena)
{
    struct sp_letter *letters =
        sp_arena_zalloc(arena, (read->not_event_count + large_count) * sizeof *letters);
    for (size_t i = 0; i < read->not_event_count; i++) {
        const struct sp_not_event *one = &read->not_events[i];
        letters[i] = (struct sp_letter){
            .event = sp_arena_copy(arena, one->bytes),
            .class = one->bytes.size > limit ? "too_large" : "malformed",
            .reason = sp_arena_text(arena, one->reason, strlen(one->reason)),
            .pointer = one->pointer ? sp_arena_text(arena, one->pointer, strlen(one->pointer)) : NULL,
        };
    }
    for (size_t i = 0; i < large_count; i++)
        letters[read->not_event_count + i] = (struct sp_letter){
            .event = sp_arena_copy(arena, large[i]),
            .class = "too_large",
            .reason = sp_arena_printf(arena, "has %zu bytes, more than max_event_bytes or the queue allow",
                                      large[i].size),
        };
    for (size_t i = 0; i < read->not_event_count + large_count; i++) {
        letters[i].stage = "source";
        letters[i].plugin = pipeline->source.plugin->about.name;
        letters[i].cursor = cursor;
    }
    return letters;
}

/* Moves events that are too large to the end of the list; returns how many are not. */
static size_t part_large(struct sp_slice *events, size_t count, size_t limit)
{
    size_t small = 0;
    for (size_t i = 0; i < count; i++)
        if (events[i].size <= limit) {
            struct sp_slice event = events[i];
            events[i] = events[small];
            events[small++] = event;
        }
    return small;
}

struct pack_limits pack_limits_of(const struct pipeline *pipeline, const struct sp_queue_limits *said)
{
    int64_t can = pipeline->queue.plugin->capabilities.message_bytes, says = said ? said->message_bytes : 0;
    return (struct pack_limits){
        .event_bytes = plugin_most(says, plugin_most(can, (size_t)pipeline->max_event_bytes)),
        .message_bytes = plugin_most(says, plugin_most(can, (size_t)pipeline->queue_options.pack_bytes)),
    };
}

void pack_page(const struct pipeline *pipeline, const struct pack_limits *most, const struct sp_page *page,
               const char *cursor, struct sp_arena *scratch, struct sp_arena *arena, struct packed *out)
{
    const struct framing_limits limits = {(size_t)pipeline->queue_options.pack_events, most->message_bytes};
    struct sp_slice *events = sp_arena_alloc(scratch, page->event_count * sizeof *events);
    if (page->event_count)
        memcpy(events, page->events, page->event_count * sizeof *events);
    size_t small = part_large(events, page->event_count, most->event_bytes),
           large = page->event_count - small;
    struct sp_attribute *attributes = sp_arena_alloc(arena, 2 * sizeof *attributes);
    attributes[0] = (struct sp_attribute){sp_slice_of(FRAMING_FORMAT), sp_slice_of(FRAMING_NDJSON)};
    attributes[1] = (struct sp_attribute){sp_slice_of(FRAMING_CURSOR), sp_slice_of(cursor)};
    *out = (struct packed){.letter_count = page->not_event_count + large};
    out->messages =
        framing_pack(events, small, &limits, attributes, cursor ? 2 : 1, arena, &out->message_count);
    if (out->letter_count > 0)
        out->letters = letters_of(pipeline, page, most->event_bytes, events + small, large, cursor, arena);
}
