/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_STAGE_H
#define TESTS_PLUGIN_STAGE_H

/*
 * One stage of the plugin that is linked into the test, loaded through scanpipe_plugin() as the core
 * does it, with its options set by name.
 */

#include <scanpipe/plugin.h>

#include <stdio.h>
#include <stdlib.h>

struct plugin_stage {
    const struct sp_plugin *plugin;
    struct sp_stage about;
    void *config, *loaded;
};

static inline void plugin_stage_set(struct plugin_stage *stage, const char *name, const char *text)
{
    for (size_t i = 0; i < stage->plugin->option_count; i++) {
        const struct sp_option *option = &stage->plugin->options[i];
        char *field = (char *)stage->config + option->offset;
        if (strcmp(option->name, name) != 0)
            continue;
        if (option->type == SP_OPT_STRING)
            memcpy(field, &text, sizeof text);
        else if (option->type == SP_OPT_BOOLEAN)
            *(bool *)field = strcmp(text, "true") == 0;
        else
            *(int64_t *)field = strtoll(text, NULL, 10);
        return;
    }
    fprintf(stderr, "the plugin has no option %s\n", name);
    abort();
}

/* `options` are names and values (numbers in bytes and nanoseconds), ended by NULL; those not named are
 * zero, not their default. */
static inline void plugin_stage_load(struct plugin_stage *stage, enum sp_kind kind,
                                     const char *const *options, const struct sp_table *table)
{
    const struct sp_plugin *const *plugin = scanpipe_plugin();
    while (*plugin && (*plugin)->kind != kind)
        plugin++;
    if (!*plugin)
        abort();
    *stage = (struct plugin_stage){.plugin = *plugin};
    stage->about = (struct sp_stage){.size = sizeof stage->about,
                                     .pipeline = "test",
                                     .name = "stage",
                                     .table = table,
                                     .max_event_bytes = 1 << 20};
    stage->config = calloc(1, stage->plugin->config_size + 1);
    for (size_t i = 0; options[i]; i += 2)
        plugin_stage_set(stage, options[i], options[i + 1]);
    struct sp_error err = {0};
    if (stage->plugin->load(stage->config, &stage->about, &stage->loaded, &err) != 0) {
        fprintf(stderr, "load: %s\n", err.text);
        abort();
    }
}

static inline void plugin_stage_unload(struct plugin_stage *stage)
{
    stage->plugin->unload(stage->loaded);
    free(stage->config);
}

static inline void *plugin_stage_open(struct plugin_stage *stage)
{
    void *handle;
    struct sp_error err = {0};
    if (stage->plugin->open(stage->loaded, &handle, &err) != 0) {
        fprintf(stderr, "open: %s\n", err.text);
        abort();
    }
    return handle;
}

/* A point in time far enough off that it is never reached. */
static inline int64_t plugin_stage_later(void)
{
    return sp_clock_now() + 60 * SP_SECOND;
}

#endif
