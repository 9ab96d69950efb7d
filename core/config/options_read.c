/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/near.h"
#include "config/options_inside.h"

#include <assert.h>

struct option_name option_name_of(const char *name)
{
    struct option_name parts = {.key = name};
    const char *dot = strchr(name, '.');
    if (dot) {
        size_t length = (size_t)(dot - name);
        assert(length < sizeof parts.group);
        memcpy(parts.group, name, length);
        parts.key = dot + 1;
    }
    return parts;
}

struct yaml_node *option_node(const struct yaml_node *mapping, const char *name)
{
    struct option_name parts = option_name_of(name);
    if (mapping && parts.group[0])
        mapping = yaml_get(mapping, parts.group);
    return mapping ? yaml_get(mapping, parts.key) : NULL;
}

bool option_is_secret(const struct sp_option *option)
{
    return option->type == SP_OPT_SECRET || option->type == SP_OPT_SECRET_MAP;
}

static bool is_many(const struct sp_option *option)
{
    return option->type == SP_OPT_LIST || option->type == SP_OPT_MAP || option->type == SP_OPT_SECRET_MAP;
}

static void *field_of(const struct option_set *set, const struct sp_option *option)
{
    return (char *)set->config + option->offset;
}

static void set_default(const struct reading *reading, const struct sp_option *option, void *field)
{
    if (!option->default_text)
        return;
    if (is_many(option)) {
        option_store_many(reading, option, yaml_parse_constant(option->default_text, reading->arena), field);
    } else {
        bool is_right = option_store(option, option->default_text, field, reading->arena);
        assert(is_right);
    }
}

static void tell_missing(const struct reading *reading, const struct sp_option *option)
{
    struct option_name parts = option_name_of(option->name);
    SP_AUTO(buffer_fini) struct buffer hint = {0};
    if (options_is_misspelt(reading, option->name))
        return;
    if (parts.group[0])
        buffer_printf(&hint, "write '%s: {%s: ...}': ", parts.group, parts.key);
    else
        buffer_printf(&hint, "write '%s: ...': ", parts.key);
    buffer_add_text(&hint, option->doc ? option->doc : "");
    diag_error(reading->diag, reading->where, hint.data, "'%s' is missing", option->name);
}

static const char *near_choice(const struct sp_option *option, const struct yaml_node *node)
{
    size_t count = 0;
    if (option->type != SP_OPT_ENUM || node->kind != YAML_SCALAR)
        return NULL;
    while (option->choices[count])
        count++;
    return near_miss(node->text, option->choices, count);
}

/* A quoted scalar is text, and text is neither a number nor true or false. */
static bool has_right_quotes(const struct sp_option *option, const struct yaml_node *node)
{
    return node->plain || (option->type != SP_OPT_INTEGER && option->type != SP_OPT_BOOLEAN);
}

/* What a scalar is read into before it is known to be right. */
union value {
    int64_t number;
    const char *text;
    struct sp_rate rate;
    int32_t choice;
    bool flag;
};

static bool only_quotes_are_wrong(const struct reading *reading, const struct sp_option *option,
                                  const struct yaml_node *node)
{
    union value unused;
    return node->kind == YAML_SCALAR && !has_right_quotes(option, node) &&
           option_store(option, node->text, &unused, reading->arena);
}

static void tell_wrong(const struct reading *reading, const struct sp_option *option,
                       const struct yaml_node *node)
{
    SP_AUTO(buffer_fini) struct buffer type = {0}, found = {0}, hint = {0};
    const char *near = near_choice(option, node);
    option_add_type(option, &type);
    option_add_found(option, node, &found);
    if (near) {
        buffer_printf(&hint, "did you mean '%s'?", near);
    } else {
        buffer_add_text(&hint, only_quotes_are_wrong(reading, option, node) ? "remove the quotes: " : "");
        buffer_add_text(&hint, "write ");
        option_add_example(option, &hint);
    }
    diag_error(reading->diag, node->mark, hint.data, "'%s' must be %s, not %s", option->name,
               buffer_text(&type), buffer_text(&found));
}

static bool has_bounds(const struct sp_option *option)
{
    bool is_counted =
        option->type == SP_OPT_INTEGER || option->type == SP_OPT_SIZE || option->type == SP_OPT_DURATION;
    return is_counted && (option->min != 0 || option->max != 0);
}

static bool check_range(const struct reading *reading, const struct sp_option *option,
                        const struct yaml_node *node, int64_t value)
{
    if (!has_bounds(option) || (value >= option->min && value <= option->max))
        return true;
    SP_AUTO(buffer_fini) struct buffer hint = {0}, found = {0};
    buffer_add_text(&hint, "write ");
    option_add_range(option, &hint);
    option_add_found(option, node, &found);
    diag_error(reading->diag, node->mark, hint.data, "'%s' is too %s: %s", option->name,
               value < option->min ? "small" : "large", buffer_text(&found));
    return false;
}

static void read_scalar(const struct reading *reading, const struct sp_option *option,
                        const struct yaml_node *node, void *field)
{
    union value value = {0};
    bool is_text = option->type == SP_OPT_STRING || option->type == SP_OPT_SECRET;
    if (node->kind != YAML_SCALAR || !has_right_quotes(option, node) ||
        !option_store(option, node->text, &value, reading->arena))
        tell_wrong(reading, option, node);
    else if (is_text && (option->flags & SP_OPT_REQUIRED) && !*node->text)
        diag_error(reading->diag, node->mark, "give it a value", "'%s' is empty", option->name);
    else if (check_range(reading, option, node, value.number))
        option_store(option, node->text, field, reading->arena);
}

static void read_option(const struct reading *reading, const struct option_set *set,
                        const struct sp_option *option)
{
    void *field = field_of(set, option);
    struct yaml_node *node = option_node(reading->mapping, option->name);
    if (!node) {
        if (option->flags & SP_OPT_REQUIRED)
            tell_missing(reading, option);
        return;
    }
    if (option_is_secret(option))
        yaml_hide(node, reading->diag);
    if (node->kind == YAML_SCALAR && node->broken)
        return;
    if (node->kind == YAML_SCALAR && node->is_null)
        diag_error(reading->diag, node->mark,
                   *node->text ? "give it a value, or delete the line; the word itself is written in quotes"
                               : "give it a value, or delete the line",
                   "'%s' has no value", option->name);
    else if (is_many(option))
        option_store_many(reading, option, node, field);
    else
        read_scalar(reading, option, node, field);
}

void options_read(const struct yaml_node *mapping, struct mark where, const struct option_set *sets,
                  size_t count, const char *const *ignore, struct diag *diag, struct sp_arena *arena)
{
    struct reading reading = {.mapping = mapping,
                              .where = where,
                              .sets = sets,
                              .count = count,
                              .ignore = ignore,
                              .diag = diag,
                              .arena = arena};
    bool is_mapping = !mapping || mapping->kind == YAML_MAPPING;
    if (!is_mapping)
        diag_error(diag, mapping->mark, "write 'key: value' lines, indented, below it",
                   "a mapping is expected here, not %s", yaml_what(mapping));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sets[i].count; j++) {
            set_default(&reading, &sets[i].options[j], field_of(&sets[i], &sets[i].options[j]));
            if (is_mapping)
                read_option(&reading, &sets[i], &sets[i].options[j]);
        }
    }
    if (is_mapping && mapping)
        options_tell_unknown(&reading);
}
