/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's options, from words or a file, checked and filled by the core's own reader. */
#include <config.h>

#include "kit.h"

#include "base/file.h"
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sp_option *find_option(const struct plugin *plugin, const char *name, size_t size)
{
    for (size_t i = 0; i < plugin->about.option_count; i++) {
        const char *known = plugin->about.options[i].name;
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return &plugin->about.options[i];
    }
    return NULL;
}

/* Text is quoted, so that no character of it means something in YAML; the rest is written as it is. */
static void add_value(struct buffer *out, const struct sp_option *option, const char *value)
{
    bool plain = option && (option->type == SP_OPT_INTEGER || option->type == SP_OPT_BOOLEAN ||
                            option->type == SP_OPT_LIST || option->type == SP_OPT_MAP ||
                            option->type == SP_OPT_SECRET_MAP);
    if (plain) {
        buffer_add_text(out, value);
        return;
    }
    buffer_add_char(out, '\'');
    for (; *value; value++)
        buffer_add(out, *value == '\'' ? "''" : value, *value == '\'' ? 2 : 1);
    buffer_add_char(out, '\'');
}

/* "auth.bearer=x" stands in a mapping `auth`, with all that begins like it. */
static void add_group(struct buffer *out, const struct plugin *plugin, const char *const *words, size_t count,
                      size_t at)
{
    size_t group = strcspn(words[at], ".=");
    for (size_t i = 0; i < at; i++)
        if (strncmp(words[i], words[at], group + 1) == 0)
            return;
    buffer_printf(out, "%.*s:\n", (int)group, words[at]);
    for (size_t i = at; i < count; i++) {
        size_t name = strcspn(words[i], "=");
        if (strncmp(words[i], words[at], group + 1) != 0)
            continue;
        buffer_printf(out, "  %.*s: ", (int)(name - group - 1), words[i] + group + 1);
        add_value(out, find_option(plugin, words[i], name), words[i] + name + (words[i][name] == '='));
        buffer_add_char(out, '\n');
    }
}

static void add_words(struct buffer *out, const struct plugin *plugin, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t name = strcspn(words[i], "=");
        if (words[i][strcspn(words[i], ".=")] == '.') {
            add_group(out, plugin, words, count, i);
            continue;
        }
        buffer_printf(out, "%.*s: ", (int)name, words[i]);
        add_value(out, find_option(plugin, words[i], name), words[i] + name + (words[i][name] == '='));
        buffer_add_char(out, '\n');
    }
}

/* Where nothing is, as far as it can be guessed. */
static const char *const usual_away[] = {"path=${KIT_DIR}/not/there", "url=http://127.0.0.1:1"};

static size_t list_away(const struct plugin *plugin, const struct kit_options *options, const char **words)
{
    size_t count = 0;
    if (options->away_count > 0) {
        for (size_t i = 0; i < options->away_count && count < 64; i++)
            words[count++] = options->away[i];
        return count;
    }
    for (size_t i = 0; i < sizeof usual_away / sizeof *usual_away; i++)
        if (find_option(plugin, usual_away[i], strcspn(usual_away[i], "=")))
            words[count++] = usual_away[i];
    return count;
}

bool options_have_place(const struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->about.option_count; i++)
        if (plugin->about.options[i].flags & SP_OPT_PLACE)
            return true;
    return false;
}

bool options_know_away(const struct plugin *plugin, const struct kit_options *options)
{
    const char *words[64];
    return list_away(plugin, options, words) > 0;
}

/* What `over` has takes the place of what `base` has. */
static struct yaml_node *merge(const struct yaml_node *base, const struct yaml_node *over,
                               struct sp_arena *arena)
{
    struct yaml_node *merged = sp_arena_alloc(arena, sizeof *merged);
    *merged = *base;
    merged->pairs = sp_arena_alloc(arena, (base->count + over->count) * sizeof *merged->pairs);
    if (base->count)
        memcpy(merged->pairs, base->pairs, base->count * sizeof *merged->pairs);
    for (size_t i = 0; i < over->count; i++) {
        size_t at = 0;
        while (at < merged->count && strcmp(merged->pairs[at].key->text, over->pairs[i].key->text) != 0)
            at++;
        struct yaml_node *value = over->pairs[i].value;
        if (at < merged->count && value->kind == YAML_MAPPING &&
            merged->pairs[at].value->kind == YAML_MAPPING)
            value = merge(merged->pairs[at].value, value, arena);
        merged->pairs[at] = (struct yaml_pair){over->pairs[i].key, value};
        merged->count += at == merged->count;
    }
    return merged;
}

static int base_text(const struct plugin *plugin, const struct kit_options *options, struct buffer *text,
                     struct buffer *problems)
{
    struct sp_error err = {0};
    if (!options->file) {
        add_words(text, plugin, options->words, options->word_count);
        return 0;
    }
    if (file_read(options->file, 1024 * 1024, text, &err) == 0)
        return 0;
    buffer_printf(problems, "%s\n", err.text);
    return -1;
}

static struct yaml_node *read_mapping(struct buffer *text, struct diag *diag, struct sp_arena *arena)
{
    if (text->size == 0)
        buffer_add_text(text, "{}\n");
    struct yaml_node *node = yaml_parse((struct sp_slice){text->data, text->size}, diag, arena);
    if (node)
        yaml_expand(node, diag, arena);
    return node;
}

static void fill(const struct plugin *plugin, const struct yaml_node *mapping, void *config,
                 struct diag *diag, struct sp_arena *arena)
{
    struct option_set set = {plugin->about.options, plugin->about.option_count, config};
    struct mark where = {1, 1, 1};
    options_read(mapping, where, &set, 1, NULL, diag, arena);
    struct sp_check check = {.mapping = mapping, .where = where, .diag = diag};
    if (plugin->about.check && diag_errors(diag) == 0)
        plugin->about.check(config, &check);
}

void *options_fill(const struct plugin *plugin, const struct kit_options *options, const char *folder,
                   enum kit_place place, struct sp_arena *arena, struct buffer *problems)
{
    SP_AUTO(buffer_fini) struct buffer text = {0}, over_text = {0};
    void *config = sp_arena_zalloc(arena, plugin->about.config_size + 1);
    const char *words[64];
    setenv("KIT_DIR", folder, 1);
    if (base_text(plugin, options, &text, problems) != 0)
        return config;
    if (place == KIT_AWAY)
        add_words(&over_text, plugin, words, list_away(plugin, options, words));
    else if (place == KIT_APART)
        add_words(&over_text, plugin, options->apart, options->apart_count);
    struct diag *diag = diag_new(options->file ? options->file : "options", sp_slice_of(buffer_text(&text)));
    struct yaml_node *mapping = read_mapping(&text, diag, arena);
    if (mapping && over_text.size > 0) {
        diag_set_text(diag, sp_slice_of(buffer_text(&over_text)));
        struct yaml_node *over = read_mapping(&over_text, diag, arena);
        mapping = over ? merge(mapping, over, arena) : mapping;
    }
    if (mapping)
        fill(plugin, mapping, config, diag, arena);
    if (diag_errors(diag) > 0)
        diag_print(diag, problems);
    diag_free(diag);
    return config;
}

bool options_name_folder(const struct kit_options *options)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    struct sp_error err;
    for (size_t i = 0; i < options->word_count; i++)
        if (strstr(options->words[i], "${KIT_DIR}"))
            return true;
    return options->file && file_read(options->file, 1024 * 1024, &text, &err) == 0 &&
           strstr(buffer_text(&text), "${KIT_DIR}");
}
