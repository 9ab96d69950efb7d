/* SPDX-License-Identifier: Apache-2.0 */

/* Finds, configures and loads the plugin inside, as the core would. */

#include <config.h>

#include "wrap.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct unit {
    const char *name;
    int64_t worth;
} units[] = {
    {"", 1},
    {"ms", SP_MILLISECOND},
    {"s", SP_SECOND},
    {"m", 60 * SP_SECOND},
    {"h", 3600 * SP_SECOND},
    {"d", 86400 * SP_SECOND},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
};

bool wrap_parse_number(const char *text, int64_t *out)
{
    char *end;
    long long count = strtoll(text, &end, 10);
    for (size_t i = 0; end > text && i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].name) == 0) {
            *out = count * units[i].worth;
            return true;
        }
    return false;
}

static bool set_choice(const struct sp_option *option, void *field, const char *text)
{
    for (int32_t i = 0; option->choices[i]; i++)
        if (strcmp(option->choices[i], text) == 0) {
            *(int32_t *)field = i;
            return true;
        }
    return false;
}

/* "{a: b, c: d}", as a default has it.  The pairs have the text behind them. */
static bool set_map(struct sp_map *field, const char *text)
{
    size_t size = strlen(text) + 1, count = 0;
    struct sp_pair *pairs = calloc(size, sizeof *pairs + 1);
    char *copy = memcpy(pairs + size, text, size), *rest;
    *field = (struct sp_map){0, pairs};
    for (char *pair = strtok_r(copy, "{},", &rest); pair; pair = strtok_r(NULL, "{},", &rest)) {
        char *colon = strstr(pair, ": ");
        if (!colon)
            return false;
        *colon = '\0';
        pairs[count++] = (struct sp_pair){pair + strspn(pair, " "), colon + 2};
    }
    field->count = count;
    return true;
}

static bool set_field(const struct sp_option *option, void *config, const char *text)
{
    void *field = (char *)config + option->offset;
    switch (option->type) {
    case SP_OPT_STRING:
    case SP_OPT_SECRET:
        *(const char **)field = text;
        return true;
    case SP_OPT_BOOLEAN:
        *(bool *)field = strcmp(text, "true") == 0;
        return true;
    case SP_OPT_INTEGER:
    case SP_OPT_SIZE:
    case SP_OPT_DURATION:
        return wrap_parse_number(text, field);
    case SP_OPT_ENUM:
        return set_choice(option, field, text);
    case SP_OPT_MAP:
        return set_map(field, text);
    default:
        return false; /* nothing inside has needed the others so far */
    }
}

static const char *given(const struct sp_map *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->items[i].key, name) == 0)
            return map->items[i].value;
    return NULL;
}

static int configure(struct wrap_stage *stage, const struct sp_map *map, struct sp_error *err)
{
    const struct sp_plugin *inner = stage->inner;
    size_t known = 0;
    stage->inner_config = calloc(1, inner->config_size + 1);
    for (size_t i = 0; i < inner->option_count; i++) {
        const struct sp_option *option = &inner->options[i];
        const char *text = given(map, option->name);
        known += text != NULL;
        if (!text && option->flags & SP_OPT_REQUIRED)
            return sp_fail(err, SP_REFUSED, "the plugin inside needs the option '%s'", option->name);
        if (text && !set_field(option, stage->inner_config, text))
            return sp_fail(err, SP_REFUSED, "the option '%s' inside cannot be set", option->name);
        if (!text && option->default_text && !set_field(option, stage->inner_config, option->default_text))
            return sp_fail(err, SP_REFUSED, "the default of '%s' inside cannot be set", option->name);
    }
    return known == map->count ? 0
                               : sp_fail(err, SP_REFUSED, "the plugin inside knows not all of the options");
}

/* `<folder>/<kind>_<name>.so` of the folders of SCANPIPE_PLUGIN_PATH, as the core looks for it. */
static bool find(enum sp_kind kind, const char *name, char *path, size_t size)
{
    static const char *const kinds[] = {[SP_SOURCE] = "source",
                                        [SP_QUEUE] = "queue",
                                        [SP_SINK] = "sink",
                                        [SP_STATE] = "state",
                                        [SP_LETTERS] = "letters"};
    const char *homes[] = {kinds[kind], "sink", "queue", "source"};
    const char *all = getenv("SCANPIPE_PLUGIN_PATH");
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
        for (const char *at = all; at && *at; at += strcspn(at, ":"), at += *at == ':') {
            snprintf(path, size, "%.*s/%s_%s.so", (int)strcspn(at, ":"), at, homes[i], name);
            if (access(path, F_OK) == 0)
                return true;
        }
    return false;
}

static int find_plugin(struct wrap_stage *stage, enum sp_kind kind, const char *name, struct sp_error *err)
{
    char path[4096];
    if (strchr(name, '/'))
        snprintf(path, sizeof path, "%s", name);
    else if (!find(kind, name, path, sizeof path))
        return sp_fail(err, SP_REFUSED, "SCANPIPE_PLUGIN_PATH has no plugin '%s'", name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    sp_plugin_function *function = object ? (sp_plugin_function *)dlsym(object, "scanpipe_plugin") : NULL;
    if (!function)
        return sp_fail(err, SP_REFUSED, "cannot load %s: %s", path, dlerror());
    for (const struct sp_plugin *const *one = function(); *one; one++)
        if ((*one)->kind == kind)
            stage->inner = *one;
    return stage->inner ? 0 : sp_fail(err, SP_REFUSED, "%s does not offer this kind", path);
}

static void free_config(struct wrap_stage *stage)
{
    const struct sp_plugin *inner = stage->inner;
    for (size_t i = 0; stage->inner_config && i < inner->option_count; i++)
        if (inner->options[i].type == SP_OPT_MAP)
            free((void *)((struct sp_map *)((char *)stage->inner_config + inner->options[i].offset))->items);
    free(stage->inner_config);
}

int wrap_inner_load(struct wrap_stage *stage, enum sp_kind kind, const struct sp_stage *about,
                    struct sp_error *err)
{
    const struct wrap_config *config = stage->config;
    if (find_plugin(stage, kind, config->inner, err) == 0 && configure(stage, &config->options, err) == 0 &&
        stage->inner->load(stage->inner_config, about, &stage->inner_loaded, err) == 0)
        return 0;
    free_config(stage);
    return -1;
}

void wrap_inner_unload(struct wrap_stage *stage)
{
    stage->inner->unload(stage->inner_loaded);
    free_config(stage);
}
