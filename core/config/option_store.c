/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/options_inside.h"

#include <assert.h>

static bool store_choice(const struct sp_option *option, const char *text, int32_t *out)
{
    for (int32_t i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool option_store(const struct sp_option *option, const char *text, void *field, struct sp_arena *arena)
{
    bool is_true = strcmp(text, "true") == 0;
    switch (option->type) {
    case SP_OPT_STRING:
    case SP_OPT_SECRET:
        *(const char **)field = sp_arena_text(arena, text, strlen(text));
        return true;
    case SP_OPT_INTEGER:
        return option_parse_integer(text, field);
    case SP_OPT_BOOLEAN:
        if (!is_true && strcmp(text, "false") != 0)
            return false;
        *(bool *)field = is_true;
        return true;
    case SP_OPT_SIZE:
        return option_parse_size(text, field);
    case SP_OPT_DURATION:
        return option_parse_duration(text, field);
    case SP_OPT_RATE:
        return option_parse_rate(text, field);
    case SP_OPT_ENUM:
        return store_choice(option, text, field);
    case SP_OPT_LIST:
    case SP_OPT_MAP:
    case SP_OPT_SECRET_MAP:
        break;
    }
    assert(!"a list or map is no scalar");
    return false;
}

/* The text of an item, or NULL where it is none, which is told. */
static const char *item_text(const struct reading *reading, const struct sp_option *option,
                             const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && !node->is_null)
        return sp_arena_text(reading->arena, node->text, strlen(node->text));
    if (node->kind == YAML_SCALAR)
        diag_error(reading->diag, node->mark, "give it a value, or delete it", "a value in '%s' is empty",
                   option->name);
    else
        diag_error(reading->diag, node->mark, "put text that begins with '{' or '[' in quotes",
                   "a value in '%s' must be text, not %s", option->name, yaml_what(node));
    return NULL;
}

static void store_list(const struct reading *reading, const struct sp_option *option,
                       const struct yaml_node *node, struct sp_list *out)
{
    const char **items = sp_arena_zalloc(reading->arena, (node->count + 1) * sizeof *items);
    bool is_right = true;
    for (size_t i = 0; i < node->count; i++) {
        items[i] = item_text(reading, option, node->items[i]);
        is_right = is_right && items[i];
    }
    if (is_right)
        *out = (struct sp_list){node->count, items};
}

static void store_map(const struct reading *reading, const struct sp_option *option,
                      const struct yaml_node *node, struct sp_map *out)
{
    struct sp_pair *items = sp_arena_zalloc(reading->arena, (node->count + 1) * sizeof *items);
    bool is_right = true;
    for (size_t i = 0; i < node->count; i++) {
        const char *key = node->pairs[i].key->text;
        items[i].key = sp_arena_text(reading->arena, key, strlen(key));
        items[i].value = item_text(reading, option, node->pairs[i].value);
        is_right = is_right && items[i].value;
    }
    if (is_right)
        *out = (struct sp_map){node->count, items};
}

void option_store_many(const struct reading *reading, const struct sp_option *option,
                       const struct yaml_node *node, void *field)
{
    bool is_list = option->type == SP_OPT_LIST;
    if (is_list && node->kind == YAML_SEQUENCE)
        store_list(reading, option, node, field);
    else if (!is_list && node->kind == YAML_MAPPING)
        store_map(reading, option, node, field);
    else
        diag_error(reading->diag, node->mark, is_list ? "write a list: [a, b]" : "write a mapping: {a: b}",
                   "'%s' must be %s, not %s", option->name, is_list ? "a list" : "a mapping",
                   yaml_what(node));
}
