/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/condition.h"

#include <stdlib.h>

uint32_t pointer_list_add(struct pointer_list *list, const char *pointer, struct sp_arena *arena)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], pointer) == 0)
            return (uint32_t)i;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16, size = sizeof *list->items;
        const char **grown = sp_arena_alloc(arena, capacity * size);
        if (list->count)
            memcpy(grown, list->items, list->count * size);
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count] = pointer;
    return (uint32_t)list->count++;
}

bool pointer_check(const struct yaml_node *node, struct diag *diag, struct sp_arena *arena)
{
    const struct sp_json_paths *paths;
    size_t bad;
    if (node->kind != YAML_SCALAR || node->is_null) {
        diag_error(diag, node->mark, NULL, "expected a JSON Pointer, but found %s", yaml_what(node));
        return false;
    }
    if (sp_json_paths_new(&node->text, 1, arena, &paths, &bad) == 0)
        return true;
    const char *hint = node->text[0] == '/' ? "write '~0' for a tilde and '~1' for a slash within a name"
                                            : sp_arena_printf(arena, "write '/%s'", node->text);
    diag_error(diag, node->mark, hint, "'%s' is not a JSON Pointer", node->text);
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static struct sp_slice lower_text(const char *text, struct sp_arena *arena)
{
    size_t size = strlen(text);
    char *copy = sp_arena_text(arena, text, size);
    for (size_t i = 0; i < size; i++)
        copy[i] = lower(copy[i]);
    return (struct sp_slice){copy, size};
}

static int compare_texts(const void *left, const void *right)
{
    const struct sp_slice *a = left, *b = right;
    return strcmp(a->data, b->data);
}

static int compare_conditions(const void *left, const void *right)
{
    const struct condition *a = left, *b = right;
    return strcmp(a->pointer, b->pointer);
}

static void compile_texts(const struct yaml_node *node, const char *what, struct diag *diag,
                          struct sp_arena *arena, struct condition *out)
{
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1, kept = 0;
    struct sp_slice *texts = sp_arena_alloc(arena, (count + 1) * sizeof *texts);
    if (node->kind == YAML_MAPPING || count == 0) {
        diag_error(diag, node->mark, "write one value, or a list of them",
                   "'%s' needs something to compare with", what);
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = node->kind == YAML_SEQUENCE ? node->items[i] : node;
        if (item->kind != YAML_SCALAR)
            diag_error(diag, item->mark, NULL, "expected text, a number, true or false, but found %s",
                       yaml_what(item));
        else if (item->is_null)
            out->or_nothing = true;
        else
            texts[kept++] = lower_text(item->text, arena);
    }
    qsort(texts, kept, sizeof *texts, compare_texts);
    for (size_t i = 0; i < kept; i++)
        if (i == 0 || !sp_slice_equal(texts[i], texts[i - 1]))
            texts[out->count++] = texts[i];
    out->texts = texts;
}

/* {"/Type":["pickup",null]} */
static const char *conditions_text(const struct conditions *conditions, struct sp_arena *arena)
{
    struct buffer text SP_AUTO(buffer_fini) = {0};
    buffer_add_char(&text, '{');
    for (size_t i = 0; i < conditions->count; i++) {
        const struct condition *one = &conditions->items[i];
        buffer_add_text(&text, i ? "," : "");
        buffer_add_json(&text, sp_slice_of(one->pointer));
        buffer_add_text(&text, ":[");
        for (size_t j = 0; j < one->count; j++) {
            buffer_add_text(&text, j ? "," : "");
            buffer_add_json(&text, one->texts[j]);
        }
        if (one->or_nothing)
            buffer_add_text(&text, one->count ? ",null" : "null");
        buffer_add_char(&text, ']');
    }
    buffer_add_char(&text, '}');
    return sp_arena_text(arena, text.data, text.size);
}

static void conditions_fill(const struct yaml_node *node, const char *what, struct pointer_list *pointers,
                            struct diag *diag, struct sp_arena *arena, struct conditions *out)
{
    struct condition *items = sp_arena_zalloc(arena, (node->count + 1) * sizeof *items);
    out->items = items;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = node->pairs[i].key;
        if (!pointer_check(key, diag, arena))
            continue;
        struct condition *one = &items[out->count++];
        one->pointer = key->text;
        one->path = pointer_list_add(pointers, key->text, arena);
        compile_texts(node->pairs[i].value, what, diag, arena, one);
    }
    qsort(items, out->count, sizeof *items, compare_conditions);
}

void conditions_compile(const struct yaml_node *node, const char *what, struct pointer_list *pointers,
                        struct diag *diag, struct sp_arena *arena, struct conditions *out)
{
    *out = (struct conditions){0};
    if (node && (node->kind != YAML_MAPPING || node->count == 0))
        diag_error(diag, node->mark, sp_arena_printf(arena, "write '%s: {/Type: PICKUP}'", what),
                   "'%s' needs a JSON Pointer and what to compare with, but has %s", what,
                   node->kind == YAML_MAPPING ? "nothing" : yaml_what(node));
    else if (node)
        conditions_fill(node, what, pointers, diag, arena, out);
    out->text = conditions_text(out, arena);
}

static bool text_is(struct sp_slice text, struct sp_slice wanted)
{
    if (text.size != wanted.size)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (lower(text.data[i]) != wanted.data[i])
            return false;
    return true;
}

static bool condition_holds(const struct condition *condition, const struct sp_json_value *value,
                            struct sp_arena *arena)
{
    struct sp_slice text = value->raw;
    switch (value->kind) {
    case SP_JSON_ABSENT:
    case SP_JSON_NULL:
        return condition->or_nothing;
    case SP_JSON_OBJECT:
    case SP_JSON_ARRAY:
        return false;
    case SP_JSON_STRING_ESCAPED:
        text = sp_json_unescape(value, arena);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < condition->count; i++)
        if (text_is(text, condition->texts[i]))
            return true;
    return false;
}

bool conditions_hold(const struct conditions *conditions, const struct sp_json_value *found,
                     struct sp_arena *arena)
{
    for (size_t i = 0; i < conditions->count; i++)
        if (!condition_holds(&conditions->items[i], &found[conditions->items[i].path], arena))
            return false;
    return true;
}
