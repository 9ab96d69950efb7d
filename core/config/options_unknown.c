/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/near.h"
#include "config/options_inside.h"
#include "config/secret.h"

#include <stdlib.h>

#include "base/mem.h"

/* The keys that one mapping may have: names without their group. */
struct known {
    const char **names;
    size_t count;
};

static void known_fini(struct known *known)
{
    free(known->names);
}

static bool has_name(const struct known *known, const char *name)
{
    for (size_t i = 0; i < known->count; i++)
        if (strcmp(known->names[i], name) == 0)
            return true;
    return false;
}

static void add_name(struct known *known, const char *name)
{
    if (has_name(known, name))
        return;
    known->names = mem_realloc(known->names, (known->count + 1) * sizeof *known->names);
    known->names[known->count++] = name;
}

/* `group` is "" for the keys at the top, among which are the groups. */
static struct known find_known(const struct reading *reading, const char *group)
{
    struct known known = {0};
    for (size_t i = 0; i < reading->count; i++) {
        for (size_t j = 0; j < reading->sets[i].count; j++) {
            struct option_name parts = option_name_of(reading->sets[i].options[j].name);
            if (strcmp(parts.group, group) == 0)
                add_name(&known, parts.key);
            else if (!*group)
                add_name(&known, sp_arena_text(reading->arena, parts.group, strlen(parts.group)));
        }
    }
    for (const char *const *name = reading->ignore; name && *name && !*group; name++)
        add_name(&known, *name);
    return known;
}

/* The option that a key in a group is, or NULL. */
static const struct sp_option *find_option(const struct reading *reading, const char *group, const char *key)
{
    for (size_t i = 0; key && i < reading->count; i++) {
        for (size_t j = 0; j < reading->sets[i].count; j++) {
            const struct sp_option *option = &reading->sets[i].options[j];
            struct option_name parts = option_name_of(option->name);
            if (strcmp(parts.group, group) == 0 && strcmp(parts.key, key) == 0)
                return option;
        }
    }
    return NULL;
}

/* An option of this very name that belongs to another group. */
static const struct sp_option *find_elsewhere(const struct reading *reading, const char *key)
{
    for (size_t i = 0; i < reading->count; i++) {
        for (size_t j = 0; j < reading->sets[i].count; j++) {
            const struct sp_option *option = &reading->sets[i].options[j];
            if (strcmp(option->name, key) == 0 || strcmp(option_name_of(option->name).key, key) == 0)
                return option;
        }
    }
    return NULL;
}

static void add_hint(const struct known *known, const struct sp_option *elsewhere, const char *near,
                     struct buffer *hint)
{
    struct option_name parts = option_name_of(elsewhere ? elsewhere->name : "");
    if (parts.group[0])
        buffer_printf(hint, "write it as '%s: {%s: ...}'", parts.group, parts.key);
    else if (elsewhere)
        buffer_printf(hint, "'%s' belongs one level up", elsewhere->name);
    else if (near)
        buffer_printf(hint, "did you mean '%s'?", near);
    else
        buffer_add_text(hint, "known here: ");
    for (size_t i = 0; !elsewhere && !near && i < known->count; i++)
        buffer_printf(hint, "%s%s", i ? ", " : "", known->names[i]);
}

/* The value is shown only where it is clear that no secret was meant. */
static void tell_key(const struct reading *reading, const char *group, const struct known *known,
                     const struct yaml_pair *pair)
{
    SP_AUTO(buffer_fini) struct buffer hint = {0};
    const char *key = pair->key->text, *near = near_miss(key, known->names, known->count);
    const struct sp_option *elsewhere = find_elsewhere(reading, key);
    const struct sp_option *meant = elsewhere ? elsewhere : find_option(reading, group, near);
    if (!meant || option_is_secret(meant) || secret_name(key))
        yaml_hide(pair->value, reading->diag);
    add_hint(known, elsewhere, near, &hint);
    if (*group)
        diag_error(reading->diag, pair->key->mark, hint.data, "unknown key '%s' in '%s'", key, group);
    else
        diag_error(reading->diag, pair->key->mark, hint.data, "unknown key '%s'", key);
}

static void tell_unknown_in(const struct reading *reading, const struct yaml_node *mapping, const char *group)
{
    SP_AUTO(known_fini) struct known known = find_known(reading, group);
    for (size_t i = 0; i < mapping->count; i++)
        if (!has_name(&known, mapping->pairs[i].key->text))
            tell_key(reading, group, &known, &mapping->pairs[i]);
}

static void tell_no_group(const struct reading *reading, const char *group, const struct sp_option *option,
                          struct yaml_node *node)
{
    SP_AUTO(buffer_fini) struct buffer hint = {0};
    yaml_hide(node, reading->diag);
    buffer_printf(&hint, "write '%s: {%s: ...}'", group, option_name_of(option->name).key);
    diag_error(reading->diag, node->mark, hint.data, "'%s' must be a mapping, not %s", group,
               yaml_what(node));
}

/* Each group once: at the first option that is in it. */
static bool is_first_of_group(const struct reading *reading, const struct sp_option *option,
                              const char *group)
{
    for (size_t i = 0; i < reading->count; i++) {
        for (size_t j = 0; j < reading->sets[i].count; j++) {
            const struct sp_option *other = &reading->sets[i].options[j];
            if (strcmp(option_name_of(other->name).group, group) == 0)
                return other == option;
        }
    }
    return false;
}

static void tell_unknown_of(const struct reading *reading, const struct sp_option *option)
{
    struct option_name parts = option_name_of(option->name);
    struct yaml_node *node = parts.group[0] ? yaml_get(reading->mapping, parts.group) : NULL;
    if (!node || !is_first_of_group(reading, option, parts.group))
        return;
    if (node->kind == YAML_MAPPING)
        tell_unknown_in(reading, node, parts.group);
    else
        tell_no_group(reading, parts.group, option, node);
}

void options_tell_unknown(const struct reading *reading)
{
    tell_unknown_in(reading, reading->mapping, "");
    for (size_t i = 0; i < reading->count; i++)
        for (size_t j = 0; j < reading->sets[i].count; j++)
            tell_unknown_of(reading, &reading->sets[i].options[j]);
}

bool options_is_misspelt(const struct reading *reading, const char *name)
{
    struct option_name parts = option_name_of(name);
    const struct yaml_node *mapping = reading->mapping;
    if (mapping && parts.group[0])
        mapping = yaml_get(mapping, parts.group);
    if (!mapping || mapping->kind != YAML_MAPPING)
        return mapping != NULL;
    SP_AUTO(known_fini) struct known known = find_known(reading, parts.group);
    for (size_t i = 0; i < mapping->count; i++) {
        const char *key = mapping->pairs[i].key->text;
        const char *near = has_name(&known, key) ? NULL : near_miss(key, known.names, known.count);
        if (near && strcmp(near, parts.key) == 0)
            return true;
    }
    return false;
}
