/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "judge.h"

#include <assert.h>

static int64_t id_of(const struct sp_json_value *value)
{
    int64_t id;
    return sp_json_int64(value, &id) && id >= 0 ? id : -1;
}

static struct element judge_value(const struct judging *judging, const struct page_element *slice,
                                  const struct sp_json_value *found, struct sp_arena *arena)
{
    struct element element = {.bytes = slice->bytes, .id = -1};
    if (slice->broken) {
        element.reason =
            sp_arena_printf(arena, "is not JSON: %s (at byte %zu)", slice->broken, slice->broken_at);
    } else if (*slice->bytes.data != '{') {
        element.reason = "is JSON, but not an object";
    } else {
        element.reason = rules_judge(judging->rules, found, arena, &element.pointer);
        element.id = id_of(&found[judging->rules->id]);
    }
    return element;
}

static struct element *add(struct elements *elements, size_t *room, struct sp_arena *arena)
{
    if (elements->count == *room) {
        size_t size = *room * sizeof *elements->items;
        elements->items = sp_arena_resize(arena, elements->items, size, 2 * size);
        *room *= 2;
    }
    return &elements->items[elements->count++];
}

enum page_step judge_page(const struct judging *judging, struct sp_slice body, struct sp_arena *arena,
                          struct elements *out, struct sp_json_fault *fault)
{
    struct page page;
    struct page_element slice;
    struct sp_json_value *found = sp_arena_alloc(arena, judging->rules->count * sizeof *found);
    size_t room = (judging->expected < body.size / 2 ? judging->expected : body.size / 2) + 8;
    struct elements elements = {.items = sp_arena_alloc(arena, room * sizeof *elements.items)};
    enum page_step step = page_open(&page, body, judging->events, judging->rules->paths, found);
    while (step == PAGE_MORE && (step = page_next(&page, &slice)) == PAGE_MORE) {
        struct element *element = add(&elements, &room, arena);
        *element = judge_value(judging, &slice, found, arena);
        element->digest = sp_siphash128(judging->key, slice.bytes.data, slice.bytes.size);
        elements.certain += slice.separated;
        elements.at_most += slice.at_most;
        elements.broken = elements.broken || slice.broken;
    }
    if (step == PAGE_END)
        *out = elements;
    else
        *fault = page.fault;
    return step;
}
