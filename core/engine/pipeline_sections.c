/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pipeline_sections.h"

static const struct yaml_pair *find_pair(const struct yaml_node *mapping, const char *key, size_t length)
{
    for (size_t i = 0; mapping && mapping->kind == YAML_MAPPING && i < mapping->count; i++) {
        const char *name = mapping->pairs[i].key->text;
        if (strncmp(name, key, length) == 0 && name[length] == '\0')
            return &mapping->pairs[i];
    }
    return NULL;
}

static void tell_no_mapping(const char *key, const struct yaml_node *node, struct diag *diag)
{
    SP_AUTO(buffer_fini) struct buffer hint = {0};
    if (node->kind == YAML_SCALAR && strcmp(key, "table") != 0)
        buffer_printf(&hint, "write '%s: {plugin: %s}'", key, node->shown);
    else
        buffer_add_text(&hint, "write its options below it, indented, one a line");
    diag_error(diag, node->mark, buffer_text(&hint), "'%s' must be a mapping, not %s", key, yaml_what(node));
}

void section_find(struct section *section, const struct yaml_node *root, const char *key, struct diag *diag,
                  struct sp_arena *arena)
{
    *section = (struct section){0};
    const struct yaml_pair *pair = find_pair(root, key, strlen(key));
    if (!pair)
        return;
    size_t errors = diag_errors(diag);
    section->present = true;
    section->where = pair->key->mark;
    yaml_expand(pair->value, diag, arena);
    if (pair->value->kind == YAML_MAPPING)
        section->mapping = pair->value;
    else if (pair->value->kind != YAML_SCALAR || !pair->value->is_null)
        tell_no_mapping(key, pair->value, diag);
    section->broken = diag_errors(diag) > errors;
}

const struct yaml_node *section_value(const struct section *section, const char *option)
{
    const char *dot = strchr(option, '.');
    size_t length = dot ? (size_t)(dot - option) : strlen(option);
    const struct yaml_pair *pair = find_pair(section->mapping, option, length);
    if (pair && dot)
        pair = find_pair(pair->value, dot + 1, strlen(dot + 1));
    return pair ? pair->value : NULL;
}

struct mark section_mark(const struct section *section, const char *option)
{
    const struct yaml_node *value = section_value(section, option);
    return value ? value->mark : section->where;
}

/* A mapping of its own with room for `room` more pairs; the nodes are shared. */
static struct yaml_node *copy_mapping(const struct yaml_node *from, struct mark where, size_t room,
                                      struct sp_arena *arena)
{
    struct yaml_node *copy = sp_arena_zalloc(arena, sizeof *copy);
    *copy = from ? *from : (struct yaml_node){.kind = YAML_MAPPING, .mark = where};
    copy->pairs = sp_arena_zalloc(arena, (copy->count + room) * sizeof *copy->pairs);
    for (size_t i = 0; i < copy->count; i++)
        copy->pairs[i] = from->pairs[i];
    return copy;
}

static struct yaml_node *new_scalar(const char *text, struct mark where, struct sp_arena *arena)
{
    struct yaml_node *node = sp_arena_zalloc(arena, sizeof *node);
    *node = (struct yaml_node){.kind = YAML_SCALAR, .mark = where};
    node->text = node->shown = sp_arena_text(arena, text, strlen(text));
    return node;
}

const struct yaml_node *section_with(const struct section *section, const char *key, const char *text,
                                     struct sp_arena *arena)
{
    struct yaml_node *copy = copy_mapping(section->mapping, section->where, 1, arena);
    copy->pairs[copy->count++] = (struct yaml_pair){
        .key = new_scalar(key, section->where, arena),
        .value = new_scalar(text, section->where, arena),
    };
    return copy;
}

/* Whether an option is called `key`, or stands in the nested mapping `key`. */
static bool is_known(const char *key, const struct sp_option *options, size_t count)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < count; i++) {
        const char *name = options[i].name;
        if (strncmp(name, key, length) == 0 && (name[length] == '\0' || name[length] == '.'))
            return true;
    }
    return false;
}

static bool is_known_inside(const char *outer, const char *inner, const struct sp_option *options,
                            size_t count)
{
    size_t length = strlen(outer);
    for (size_t i = 0; i < count; i++) {
        const char *name = options[i].name;
        if (strncmp(name, outer, length) != 0)
            continue;
        if (name[length] == '\0' || (name[length] == '.' && strcmp(name + length + 1, inner) == 0))
            return true;
    }
    return false;
}

/* What of a nested mapping the options know. */
static struct yaml_node *only_inside(const struct yaml_pair *outer, const struct sp_option *options,
                                     size_t count, struct sp_arena *arena)
{
    if (outer->value->kind != YAML_MAPPING)
        return outer->value;
    struct yaml_node *copy = copy_mapping(outer->value, outer->value->mark, 0, arena);
    copy->count = 0;
    for (size_t i = 0; i < outer->value->count; i++)
        if (is_known_inside(outer->key->text, outer->value->pairs[i].key->text, options, count))
            copy->pairs[copy->count++] = outer->value->pairs[i];
    return copy;
}

const struct yaml_node *section_only(const struct section *section, const struct sp_option *options,
                                     size_t count, struct sp_arena *arena)
{
    if (!section->mapping)
        return NULL;
    struct yaml_node *copy = copy_mapping(section->mapping, section->where, 0, arena);
    copy->count = 0;
    for (size_t i = 0; i < section->mapping->count; i++) {
        struct yaml_pair pair = section->mapping->pairs[i];
        if (!is_known(pair.key->text, options, count))
            continue;
        pair.value = only_inside(&pair, options, count, arena);
        copy->pairs[copy->count++] = pair;
    }
    return copy;
}

const char *const *section_foreign(const struct section *section, const struct sp_option *options,
                                   size_t count, struct sp_arena *arena)
{
    size_t keys = section->mapping ? section->mapping->count : 0, found = 0;
    const char **foreign = sp_arena_zalloc(arena, (keys + 1) * sizeof *foreign);
    for (size_t i = 0; i < keys; i++)
        if (!is_known(section->mapping->pairs[i].key->text, options, count))
            foreign[found++] = section->mapping->pairs[i].key->text;
    return foreign;
}
