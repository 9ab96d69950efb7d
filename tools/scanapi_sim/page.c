/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "page.h"

#include "bad.h"
#include "dice.h"

#include <stdlib.h>

/* Half of the stale events are this young, so that a reader that remembers the last ones meets them. */
#define STALE_NEAR 5000

static const struct place *place_of(const struct page_maker *maker, const struct places *places,
                                    const struct slot *slot)
{
    for (size_t i = 0; i < places->count; i++)
        if (maker->feed->find(maker->feed, places->at[i].id) == slot->index)
            return &places->at[i];
    return NULL;
}

static bool is_unreadable(const struct page_maker *maker, const struct slot *slot)
{
    return slot->kind == SLOT_UNBALANCED || place_of(maker, &maker->options.unreadable, slot);
}

bool page_shows_good(const struct page_maker *maker, const struct slot *slot)
{
    return slot_is_good(slot) && !is_unreadable(maker, slot);
}

/* Makes the event as large as asked for by one more member, behind its first brace. */
static void append_huge(const struct page_maker *maker, const struct slot *slot, uint64_t size,
                        struct text *out)
{
    static const char head[] = "\"Padding\":\"", tail[] = "\",";
    size_t around = sizeof head + sizeof tail - 2;
    size_t start = out->length;
    maker->feed->append(maker->feed, slot, out);
    size_t length = out->length - start;
    if (size < length + around)
        return;
    size_t more = size - length;
    text_fill(out, 'x', more);
    char *gap = out->data + start + 1;
    memmove(gap + more, gap, length - 1);
    char *to = write_literal(gap, head);
    memset(to, 'x', more - around);
    write_literal(to + more - around, tail);
}

static void append_unreadable(const struct page_maker *maker, const struct slot *slot, struct text *out)
{
    struct bad_slot bad = {.kind = maker->options.unreadable.count > 1 ? SLOT_UNBALANCED : SLOT_UNREADABLE,
                           .draw = dice_at(maker->seed, slot->index),
                           .serial = slot->index + 1,
                           .own = slot->position,
                           .neighbour = slot->position};
    bad_append(&bad, out);
}

void page_append_element(const struct page_maker *maker, const struct slot *slot, struct text *out)
{
    const struct place *huge = place_of(maker, &maker->options.huge_events, slot);
    if (slot_is_good(slot) && is_unreadable(maker, slot))
        append_unreadable(maker, slot, out);
    else if (slot_is_good(slot) && huge)
        append_huge(maker, slot, huge->size, out);
    else
        maker->feed->append(maker->feed, slot, out);
}

/* A slot that may come a second time: not what spoils or swells another page. */
static bool is_calm(const struct page_maker *maker, const struct slot *slot)
{
    return !is_unreadable(maker, slot) && !place_of(maker, &maker->options.huge_events, slot);
}

static uint64_t first_slot(const struct page_maker *maker, int64_t from)
{
    int64_t oldest = (int64_t)maker->options.retention;
    return maker->feed->find(maker->feed, from > oldest ? from : oldest);
}

static bool stale_pick(const struct page_maker *maker, struct dice *dice, uint64_t first, struct slot *out)
{
    uint64_t oldest = first_slot(maker, 0);
    if (first <= oldest)
        return false;
    if (dice_next(dice) & 1 && first - oldest > STALE_NEAR)
        oldest = first - STALE_NEAR;
    *out = maker->feed->slot(maker->feed, oldest + dice_below(dice_next(dice), first - oldest));
    return is_calm(maker, out);
}

/* Repeats and stale ones take places of the limit, so that a full page is a full one; the first is new. */
static size_t slots_choose(struct page_maker *maker, uint64_t first, const struct page_request *request,
                           struct dice *dice, uint64_t *next_out)
{
    uint64_t repeat = dice_threshold(maker->options.repeat);
    uint64_t stale = dice_threshold(maker->options.stale);
    size_t count = 0;
    uint64_t next = first;
    while (count < request->limit && next < request->visible) {
        maker->slots[count++] = maker->feed->slot(maker->feed, next++);
        if (repeat && count < request->limit && dice_hits(dice_next(dice), repeat)) {
            struct slot again = maker->slots[dice_below(dice_next(dice), count)];
            if (is_calm(maker, &again))
                maker->slots[count++] = again;
        }
        if (stale && count < request->limit && dice_hits(dice_next(dice), stale))
            count += stale_pick(maker, dice, first, &maker->slots[count]);
    }
    *next_out = next;
    return count;
}

static void slots_shuffle(struct slot *slots, size_t count, struct dice *dice)
{
    for (size_t left = count; left > 1; left--) {
        size_t other = dice_below(dice_next(dice), left);
        struct slot last = slots[left - 1];
        slots[left - 1] = slots[other];
        slots[other] = last;
    }
}

static void append_line(struct text *out, unsigned depth)
{
    text_fill(out, '\n', 1);
    text_fill(out, ' ', (size_t)depth * 2);
}

/* Lays out JSON over lines; what is no JSON is laid out somehow, and stays none. */
static void append_indented(const struct text *json, struct text *out)
{
    unsigned depth = 2;
    bool quoted = false, escaped = false;
    size_t plain = 0; /* from here on nothing has been written yet */
    for (size_t i = 0; i < json->length; i++) {
        char byte = json->data[i];
        if (byte == '"' && !escaped)
            quoted = !quoted;
        escaped = quoted && byte == '\\' && !escaped;
        bool opens = byte == '{' || byte == '[', closes = byte == '}' || byte == ']';
        if (quoted || !(opens || closes || byte == ',' || byte == ':'))
            continue;
        text_append(out, json->data + plain, i - plain);
        if (closes)
            append_line(out, depth > 2 ? --depth : depth);
        text_fill(out, byte, 1);
        if (byte == ':')
            text_fill(out, ' ', 1);
        else if (!closes)
            append_line(out, opens ? ++depth : depth);
        plain = i + 1;
    }
    text_append(out, json->data + plain, json->length - plain);
}

static void elements_append(struct page_maker *maker, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_literal(out, ",");
        if (!maker->options.indent) {
            page_append_element(maker, &maker->slots[i], out);
            continue;
        }
        maker->scratch.length = 0;
        page_append_element(maker, &maker->slots[i], &maker->scratch);
        append_line(out, 2);
        append_indented(&maker->scratch, out);
    }
}

void page_make(struct page_maker *maker, const struct page_request *request, struct text *out,
               struct page_facts *facts)
{
    if (maker->room < request->limit) {
        free(maker->slots);
        maker->slots = malloc(request->limit * sizeof *maker->slots);
        if (!maker->slots)
            abort();
        maker->room = request->limit;
    }
    struct dice dice = {dice_at(maker->seed ^ dice_mix((uint64_t)request->from), request->limit)};
    uint64_t next;
    size_t count = slots_choose(maker, first_slot(maker, request->from), request, &dice, &next);
    if (maker->options.shuffle)
        slots_shuffle(maker->slots, count, &dice);
    bool indent = maker->options.indent;
    text_append(out, indent ? "{\n  \"ScanEvents\": [" : "{\"ScanEvents\":[", indent ? 19 : 15);
    elements_append(maker, count, out);
    text_append(out, indent ? "\n  ]\n}\n" : "]}", indent ? 7 : 2);
    *facts = (struct page_facts){.elements = count, .reaches_end = next >= request->visible};
}

void page_maker_fini(struct page_maker *maker)
{
    free(maker->slots);
    text_fini(&maker->scratch);
    *maker = (struct page_maker){0};
}
