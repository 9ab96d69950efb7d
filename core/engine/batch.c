/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/batch.h"

#include "base/arena.h"
#include "base/mem.h"
#include "engine/call.h"

#include <stdlib.h>

enum { ARENA_KEPT = 4 << 20, SCRATCH_KEPT = 1 << 20 };

void batch_init(struct batch *batch)
{
    *batch = (struct batch){.arena = arena_new((size_t)64 << 10),
                            .scratch = arena_new((size_t)64 << 10),
                            .later_ns = BATCH_LATER_NS};
    pthread_mutex_init(&batch->lock, NULL);
    cond_init_monotonic(&batch->extended);
}

void batch_fini(struct batch *batch)
{
    arena_free(batch->arena);
    arena_free(batch->scratch);
    free(batch->carried);
    free(batch->events);
    free(batch->buried);
    pthread_cond_destroy(&batch->extended);
    pthread_mutex_destroy(&batch->lock);
}

void batch_clear(struct batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    batch->count = 0;
    batch->given_back = false;
    pthread_mutex_unlock(&batch->lock);
    batch->event_count = batch->bytes = batch->buried_count = 0;
    batch->suspect = batch->was_aside = batch->unknown_rejects = batch->judged = false;
    batch->unknown_at = batch->try_at = 0;
    batch->later_ns = BATCH_LATER_NS;
    batch->doubts.failures = 0;
    arena_reset(batch->arena, ARENA_KEPT);
    batch_begin_try(batch);
}

void batch_give_back(struct batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    batch->given_back = true;
    while (batch->extending)
        cond_wait_ns(&batch->extended, &batch->lock, SP_SECOND);
    pthread_mutex_unlock(&batch->lock);
}

void batch_begin_try(struct batch *batch)
{
    arena_reset(batch->scratch, SCRATCH_KEPT);
}

static struct sp_received copy_of(const struct sp_received *message, struct sp_arena *arena)
{
    struct sp_received copy = *message;
    struct sp_attribute *attributes = sp_arena_alloc(arena, message->attribute_count * sizeof *attributes);
    for (size_t i = 0; i < message->attribute_count; i++)
        attributes[i] = (struct sp_attribute){sp_arena_copy(arena, message->attributes[i].name),
                                              sp_arena_copy(arena, message->attributes[i].value)};
    copy.attributes = attributes;
    copy.body = sp_arena_copy(arena, message->body);
    copy.receipt = sp_arena_copy(arena, message->receipt);
    return copy;
}

static void hold(struct batch *batch, const struct sp_received *message)
{
    pthread_mutex_lock(&batch->lock);
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity ? 2 * batch->capacity : 64;
        batch->carried = mem_realloc(batch->carried, batch->capacity * sizeof *batch->carried);
    }
    if (batch->count == 0 || message->lease_end < batch->lease_end)
        batch->lease_end = message->lease_end;
    batch->carried[batch->count++] = (struct carried){.message = *message, .first_event = batch->event_count};
    pthread_mutex_unlock(&batch->lock);
}

static void add_event(struct batch *batch, const struct delivered *event)
{
    if (batch->event_count == batch->event_capacity) {
        batch->event_capacity = batch->event_capacity ? 2 * batch->event_capacity : 1024;
        batch->events = mem_realloc(batch->events, batch->event_capacity * sizeof *batch->events);
    }
    batch->events[batch->event_count++] = *event;
    batch->bytes += event->bytes.size;
}

void batch_add(struct batch *batch, const struct sp_received *message, bool copy)
{
    struct sp_received own = copy ? copy_of(message, batch->arena) : *message;
    hold(batch, &own);
    struct framing_reader reader = framing_open(&own);
    struct delivered event = {.carried = (uint32_t)(batch->count - 1)};
    while (framing_next_event(&reader, batch->arena, &event.bytes, &event.history))
        add_event(batch, &event);
    struct carried *carried = &batch->carried[batch->count - 1];
    carried->event_count = batch->event_count - carried->first_event;
}

void batch_bury(struct batch *batch, const struct sp_letter *letter)
{
    if (batch->buried_count == batch->buried_capacity) {
        batch->buried_capacity = batch->buried_capacity ? 2 * batch->buried_capacity : 64;
        batch->buried = mem_realloc(batch->buried, batch->buried_capacity * sizeof *batch->buried);
    }
    batch->buried[batch->buried_count++] = *letter;
}

static bool any_open(const struct delivered *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (events[i].end == EVENT_OPEN)
            return true;
    return false;
}

bool batch_is_open(const struct batch *batch)
{
    return any_open(batch->events, batch->event_count);
}

bool batch_message_is_open(const struct batch *batch, size_t number)
{
    const struct carried *carried = &batch->carried[number];
    return any_open(batch->events + carried->first_event, carried->event_count);
}

bool batch_is_in_doubt(const struct batch *batch)
{
    for (size_t i = 0; i < batch->event_count; i++)
        if (batch->events[i].end == EVENT_OPEN && batch->events[i].strikes > 0)
            return true;
    return false;
}

void batch_forget_doubts(struct batch *batch)
{
    for (size_t i = 0; i < batch->event_count; i++)
        batch->events[i].strikes = 0;
}

void batch_decide(struct batch *batch, enum fate fate)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->carried[i].fate = fate;
}
