/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "feed.h"
#include "laws.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct feed feed;

const char *const event_types[TYPES] = {"PICKUP", "SCAN", "DELIVERY", "NOISE"};
const char *const event_kinds[EVENT_KINDS] = {
    "good",
    "rejected, named",
    "rejected",
    "unknown to the sink",
    "hangs the sink",
    "kills the process",
    "unwanted",
    "bad value",
    "not an event",
    "too large",
    "rejected by the queue",
};

static const struct plan *made_by; /* of the run */

bool event_is_good(const struct event *event)
{
    return event->kind == EVENT_GOOD || (!made_by->table && event->kind == EVENT_BAD_VALUE) ||
           (!made_by->table && event->kind == EVENT_UNWANTED);
}

bool event_is_poison(const struct event *event)
{
    return !event_is_good(event) && event->kind != EVENT_UNWANTED;
}

const char *event_letter_class(const struct event *event)
{
    switch (event->kind) {
    case EVENT_HANGS:
    case EVENT_KILLS:
        return "killed";
    case EVENT_BAD_VALUE:
        return "value";
    case EVENT_NOT_ONE:
        return "malformed";
    case EVENT_TOO_LARGE:
        return "too_large";
    default:
        return "rejected";
    }
}

static enum event_kind draw_kind(struct dice *dice, const struct plan *plan)
{
    uint64_t drawn = dice_below(dice, 10000);
    for (int kind = EVENT_REJECTED_NAMED; kind < EVENT_KINDS; kind++) {
        if (drawn < plan->per_10000[kind])
            return (enum event_kind)kind;
        drawn -= plan->per_10000[kind];
    }
    return EVENT_GOOD;
}

static struct sp_slice make_text(struct dice *dice, const struct plan *plan, uint32_t number,
                                 const struct event *event)
{
    size_t padding = plan->padding ? dice_below(dice, plan->padding) : 0, room = 512 + padding;
    char key[24];
    if (event->kind == EVENT_TOO_LARGE)
        padding = plan->padding + 2048, room = 512 + padding;
    char *text = world_alloc(room + 1);
    snprintf(key, sizeof key, event->kind == EVENT_BAD_VALUE ? "\"k%u\"" : "%u", event->key);
    int bad = event->kind >= EVENT_REJECTED_NAMED && event->kind <= EVENT_KILLS ? (int)event->kind : 0;
    size_t size = (size_t)snprintf(text, room,
                                   "{\"S\":%u,%s\"Id\":%" PRId64
                                   ",\"Key\":%s,\"Type\":\"%s\",\"Amount\":%" PRId64 ",\"Bad\":%d",
                                   number, dice_chance(dice, 1, 10) ? "\r\n " : "", event->id, key,
                                   event_types[event->type], event->amount, bad);
    if (event->kind == EVENT_QUEUE_REJECTED)
        size += (size_t)snprintf(text + size, room - size, ",\"Queue\":\"never\"");
    if (event->kind == EVENT_NOT_ONE)
        return (struct sp_slice){text, size}; /* cut */
    if (padding > 0) {
        size += (size_t)snprintf(text + size, room - size, ",\"Pad\":\"");
        memset(text + size, 'x', padding);
        size += padding;
        text[size++] = '"';
    }
    text[size++] = '}';
    return (struct sp_slice){text, size};
}

static void draw_event(struct dice *dice, const struct plan *plan, uint32_t number, struct event *event)
{
    event->kind = draw_kind(dice, plan);
    if (event->foreign && event->kind > EVENT_BAD_VALUE && event->kind != EVENT_NOT_ONE)
        event->kind = EVENT_GOOD;
    event->key = 1 + (unsigned)dice_below(dice, plan->keys);
    event->type = event->kind == EVENT_UNWANTED ? TYPES - 1 : (unsigned)dice_below(dice, TYPES - 1);
    event->amount = dice_between(dice, -1000, 1000);
    event->text = make_text(dice, plan, number, event);
}

/* Orders stand for themselves: they say nothing of the order of arrival. */
static void draw_ids(struct dice *dice, size_t count)
{
    for (size_t i = 0; i < count; i++)
        feed.events[i].id = (int64_t)i + 1;
    for (size_t i = count; i > 1; i--) {
        size_t reach = i < 20 ? i : 20, other = i - 1 - dice_below(dice, reach);
        int64_t kept = feed.events[i - 1].id;
        feed.events[i - 1].id = feed.events[other].id;
        feed.events[other].id = kept;
    }
}

static void draw_places(struct dice *dice, const struct plan *plan)
{
    size_t room = 2 * (size_t)plan->events + 1;
    feed.places = world_alloc(room * sizeof *feed.places);
    feed.at = world_alloc(room * sizeof *feed.at);
    feed.place_count = 0;
    bool all_there = dice_chance(dice, 1, 3);
    for (uint32_t i = 0; i < plan->events; i++) {
        feed.places[feed.place_count++] = i;
        if (dice_chance(dice, plan->repeats_permille, 1000))
            feed.places[feed.place_count++] = (uint32_t)dice_below(dice, i + 1);
    }
    for (size_t i = 0; i < feed.place_count; i++)
        feed.at[i] = all_there ? 0 : plan->chaos_ns * (int64_t)i / (int64_t)feed.place_count * 9 / 10;
}

void feed_make(const struct plan *plan)
{
    struct dice dice = dice_of(plan->seed, 3);
    made_by = plan;
    feed = (struct feed){.count = plan->events + plan->foreign};
    feed.events = world_alloc(feed.count * sizeof *feed.events);
    draw_ids(&dice, feed.count);
    for (uint32_t i = 0; i < feed.count; i++) {
        feed.events[i].foreign = i >= plan->events;
        draw_event(&dice, plan, i, &feed.events[i]);
    }
    draw_places(&dice, plan);
}

static bool same_but_for_line_ends(struct sp_slice a, struct sp_slice b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (a.data[i] != b.data[i] && !(strchr("\r\n", a.data[i]) && b.data[i] == ' '))
            return false;
    return true;
}

struct event *feed_event(struct sp_slice bytes)
{
    static const char mark[] = "{\"S\":";
    if (bytes.size < sizeof mark || memcmp(bytes.data, mark, sizeof mark - 1) != 0)
        return NULL;
    size_t number = 0;
    for (size_t i = sizeof mark - 1; i < bytes.size && bytes.data[i] >= '0' && bytes.data[i] <= '9'; i++)
        number = 10 * number + (size_t)(bytes.data[i] - '0');
    if (number >= feed.count || !same_but_for_line_ends(feed.events[number].text, bytes))
        return NULL;
    return &feed.events[number];
}

struct summary feed_summary(unsigned key)
{
    struct summary row = {.present = false};
    for (size_t i = 0; i < feed.count; i++) {
        const struct event *event = &feed.events[i];
        if (event->key != key || !event_is_good(event))
            continue;
        if (!row.present || event->id > row.last_id) {
            row.last_id = event->id;
            row.last_type = event->type;
        }
        if (event->type == 0 && (!row.picked_up || event->id < row.picked_up_id)) {
            row.picked_up = true;
            row.picked_up_id = event->id;
            row.picked_up_amount = event->amount;
        }
        if (!row.present || event->amount > row.most)
            row.most = event->amount;
        if (!row.present || event->amount < row.least)
            row.least = event->amount;
        row.present = true;
    }
    return row;
}
