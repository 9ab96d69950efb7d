/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pipeline.h"

#include "base/file.h"
#include "config/options.h"
#include "engine/pipeline_options.h"
#include "engine/pipeline_rules.h"
#include "engine/pipeline_sections.h"

/* What is named by the top level and is no option of its own. */
static const char *const section_keys[] = {"source", "queue", "dead_letters", "sink", "state", "table", NULL};

/* More is refused; the reader of YAML has a limit of its own that tells it better. */
#define FILE_MAX ((size_t)16 << 20)

struct loading {
    struct pipeline *pipeline;
    struct diag *diag;
    struct sp_arena *arena;
    const struct yaml_node *root;
    struct sections sections;
    struct pipeline_settings top;
};

static bool is_section(const char *key)
{
    for (size_t i = 0; section_keys[i]; i++)
        if (strcmp(section_keys[i], key) == 0)
            return true;
    return false;
}

static void read_top(struct loading *loading)
{
    struct pipeline *pipeline = loading->pipeline;
    for (size_t i = 0; i < loading->root->count; i++)
        if (!is_section(loading->root->pairs[i].key->text))
            yaml_expand(loading->root->pairs[i].value, loading->diag, loading->arena);

    struct option_set set = {.config = &loading->top};
    set.options = pipeline_core_options("pipeline", &set.count);
    options_read(loading->root, (struct mark){0}, &set, 1, section_keys, loading->diag, loading->arena);
    pipeline->name = loading->top.name;
    if (pipeline->name && !rules_name_is_good(pipeline->name))
        diag_error(loading->diag, options_mark(loading->root, (struct mark){0}, "name"),
                   "letters, digits, '_', '.' and '-', at most 64 of them",
                   "a pipeline cannot be called '%s'", yaml_get(loading->root, "name")->shown);
    pipeline->max_event_bytes = loading->top.max_event_bytes;
    pipeline->shutdown_grace_ns = loading->top.shutdown_grace_ns;
    pipeline->hang_timeout_ns = loading->top.hang_timeout_ns;
    pipeline->poller_lease_ns = loading->top.poller_lease_ns;
    pipeline->log_json = loading->top.log_format == 1;
    pipeline->log_level = (enum sp_level)loading->top.log_level;
}

/* The plugin that the block names; NULL where it names none or there is none, which is told. */
static const struct plugin *find_plugin(struct loading *loading, const struct section *section,
                                        enum sp_kind kind, const struct sp_option *core)
{
    const struct yaml_node *node = section_value(section, "plugin");
    const char *name = core[0].default_text; /* the option `plugin` comes first */
    if (node && (node->kind != YAML_SCALAR || node->broken))
        return NULL;
    if (node && !node->is_null)
        name = node->text;
    if (!name)
        return NULL;
    const struct plugin *plugin;
    struct sp_error err = {0};
    if (plugin_find(kind, name, &plugin, &err) < 0) {
        diag_error(loading->diag, section_mark(section, "plugin"), err.cure[0] ? err.cure : NULL, "%s",
                   err.text);
        return NULL;
    }
    return plugin;
}

static bool keeps_database(const struct plugin *plugin)
{
    const uint32_t needed = SP_EMBEDDED | SP_DURABLE;
    if ((plugin->capabilities.flags & needed) != needed)
        return false;
    for (size_t i = 0; i < plugin->about.option_count; i++)
        if (strcmp(plugin->about.options[i].name, "path") == 0)
            return plugin->about.options[i].type == SP_OPT_STRING;
    return false;
}

/* A database that lives in a file of this machine needs no name where the pipeline has one. */
static void add_path(struct loading *loading, struct section *section, const struct plugin *plugin,
                     const char *suffix)
{
    const char *name = loading->pipeline->name ? loading->pipeline->name : "pipeline";
    if (!keeps_database(plugin) || section_value(section, "path"))
        return;
    section->mapping =
        section_with(section, "path", sp_arena_printf(loading->arena, "%s%s", name, suffix), loading->arena);
}

/* The hook says what is wrong with options that are right one by one. */
static void run_check(struct loading *loading, const struct stage *stage, const struct section *section,
                      const struct yaml_node *mapping)
{
    if (!stage->plugin->about.check)
        return;
    struct sp_check check = {.mapping = mapping, .where = section->where, .diag = loading->diag};
    stage->plugin->about.check(stage->config, &check);
}

struct stage_kind {
    enum sp_kind kind;
    const char *name;   /* of the stage, and of its block */
    const char *suffix; /* of the file that an embedded plugin keeps */
};

static const struct stage_kind source_kind = {SP_SOURCE, "source", ".db"};
static const struct stage_kind queue_kind = {SP_QUEUE, "queue", ".queue.db"};
static const struct stage_kind sink_kind = {SP_SINK, "sink", ".db"};
static const struct stage_kind state_kind = {SP_STATE, "state", ".db"};
static const struct stage_kind letters_kind = {SP_LETTERS, "dead_letters", ".db"};

static void check_retry(struct loading *loading, const struct section *section,
                        const struct stage_options *options)
{
    if (options->retry.max_ns < options->retry.initial_ns)
        diag_error(loading->diag,
                   section_mark(section, section_value(section, "retry.max") ? "retry.max" : "retry.initial"),
                   "the longest pause cannot be below the first: correct one of them",
                   "retry.max is shorter than retry.initial");
}

/* Reads a stage's block: the core's options into `settings`, the plugin's into a struct of its own. */
static void read_stage(struct loading *loading, struct section *section, const struct stage_kind *kind,
                       struct stage *stage, struct stage_options *settings)
{
    size_t errors = diag_errors(loading->diag), core_count;
    const struct sp_option *core = pipeline_core_options(kind->name, &core_count);
    stage->name = kind->name;
    stage->plugin = find_plugin(loading, section, kind->kind, core);

    struct option_set sets[2] = {{.options = core, .count = core_count, .config = settings}};
    size_t set_count = 1;
    const char *const *ignore = NULL;
    if (stage->plugin) {
        const struct sp_plugin *about = &stage->plugin->about;
        add_path(loading, section, stage->plugin, kind->suffix);
        stage->config = sp_arena_zalloc(loading->arena, about->config_size + 1);
        sets[set_count++] = (struct option_set){about->options, about->option_count, stage->config};
    } else {
        ignore = section_foreign(section, core, core_count, loading->arena);
    }
    options_read(section->mapping, section->where, sets, set_count, ignore, loading->diag, loading->arena);
    stage->options = *settings;
    if (diag_errors(loading->diag) == errors)
        check_retry(loading, section, settings);
    section->broken = section->broken || diag_errors(loading->diag) > errors;
    if (!section->broken)
        run_check(loading, stage, section, section->mapping);
}

/* A stage that the file does not name is what its owner's shared object offers beside, with the
 * owner's own options. */
static void read_sibling(struct loading *loading, const struct plugin *plugin,
                         const struct section *owner_section, const struct stage *owner,
                         const struct stage_kind *kind, struct stage *stage)
{
    const struct sp_plugin *about = &plugin->about;
    stage->name = kind->name;
    stage->plugin = plugin;
    stage->options = owner->options;
    stage->config = sp_arena_zalloc(loading->arena, about->config_size + 1);
    if (owner_section->broken)
        return;
    size_t errors = diag_errors(loading->diag);
    const struct yaml_node *mapping =
        section_only(owner_section, about->options, about->option_count, loading->arena);
    struct option_set set = {about->options, about->option_count, stage->config};
    options_read(mapping, owner_section->where, &set, 1, NULL, loading->diag, loading->arena);
    if (diag_errors(loading->diag) == errors)
        run_check(loading, stage, owner_section, mapping);
}

static void read_source(struct loading *loading)
{
    if (!loading->sections.source.present)
        return;
    struct source_settings settings = {0};
    struct pipeline *pipeline = loading->pipeline;
    read_stage(loading, &loading->sections.source, &source_kind, &pipeline->source, &settings.stage);
    pipeline->source_options = settings.own;
}

static void read_queue(struct loading *loading)
{
    struct queue_settings settings = {0};
    struct pipeline *pipeline = loading->pipeline;
    struct section *section = &loading->sections.queue;
    read_stage(loading, section, &queue_kind, &pipeline->queue, &settings.stage);
    pipeline->queue_options = settings.own;
    if (!pipeline->queue.plugin)
        return;
    const struct sp_capabilities *can = &pipeline->queue.plugin->capabilities;
    struct queue_options *options = &pipeline->queue_options;
    if (options->senders == 0)
        options->senders = can->flags & SP_EMBEDDED ? 1 : 16;
    rules_queue_limits(options, can, section, loading->diag);
}

static void read_sink(struct loading *loading)
{
    if (!loading->sections.sink.present)
        return;
    struct sink_settings settings = {0};
    struct pipeline *pipeline = loading->pipeline;
    read_stage(loading, &loading->sections.sink, &sink_kind, &pipeline->sink, &settings.stage);
    if (settings.own.workers == 0)
        settings.own.workers = 2;
    bool embedded = pipeline->sink.plugin && pipeline->sink.plugin->capabilities.flags & SP_EMBEDDED;
    settings.own.migrate = settings.migrate == MIGRATE_TRUE || (settings.migrate == MIGRATE_AUTO && embedded);
    pipeline->sink_options = settings.own;
}

/*
 * A stage that the file does not name: what the sink's shared object offers, else the queue's.  Where a block
 * that could have offered it was not understood, that is told already.
 */
static void read_default(struct loading *loading, const struct stage_kind *kind, struct stage *stage)
{
    struct pipeline *pipeline = loading->pipeline;
    const struct plugin *sink = pipeline->sink.plugin, *queue = pipeline->queue.plugin, *found;
    if (sink && (found = plugin_sibling(sink, kind->kind)) != NULL) {
        read_sibling(loading, found, &loading->sections.sink, &pipeline->sink, kind, stage);
        return;
    }
    bool ask_queue = queue && (kind->kind == SP_LETTERS || queue->capabilities.flags & SP_EMBEDDED);
    if (ask_queue && (found = plugin_sibling(queue, kind->kind)) != NULL) {
        read_sibling(loading, found, &loading->sections.queue, &pipeline->queue, kind, stage);
        return;
    }
    if (queue && (sink || !loading->sections.sink.present))
        rules_nothing_keeps(pipeline, kind->name, loading->diag);
}

static void read_state(struct loading *loading)
{
    struct section *section = &loading->sections.state;
    struct stage_options settings = {0};
    if (section->present)
        read_stage(loading, section, &state_kind, &loading->pipeline->state, &settings);
    else
        read_default(loading, &state_kind, &loading->pipeline->state);
}

/* A block that names no plugin: the default store, with what is written in the block. */
static void read_letters_beside(struct loading *loading, struct letters_settings *settings)
{
    struct section *section = &loading->sections.letters;
    struct stage *stage = &loading->pipeline->letters;
    struct option_set set = {.config = settings};
    set.options = pipeline_core_options(letters_kind.name, &set.count);
    const char *const *foreign = section_foreign(section, set.options, set.count, loading->arena);
    if (*foreign) {
        diag_error(loading->diag, section_mark(section, *foreign),
                   "name the store, for example 'plugin: sqlite'",
                   "'%s' needs a 'plugin' beside it: the default store has the options of its owner",
                   *foreign);
        return;
    }
    read_default(loading, &letters_kind, stage);
    options_read(section->mapping, section->where, &set, 1, NULL, loading->diag, loading->arena);
    if (section_value(section, "timeout"))
        stage->options.timeout_ns = settings->stage.timeout_ns;
    if (section_value(section, "retry.initial"))
        stage->options.retry.initial_ns = settings->stage.retry.initial_ns;
    if (section_value(section, "retry.max"))
        stage->options.retry.max_ns = settings->stage.retry.max_ns;
    if (section_value(section, "retry.refused"))
        stage->options.retry.refused_ns = settings->stage.retry.refused_ns;
    check_retry(loading, section, &stage->options);
}

static void read_letters(struct loading *loading)
{
    struct pipeline *pipeline = loading->pipeline;
    struct section *section = &loading->sections.letters;
    struct letters_settings settings = {0};
    const struct yaml_node *plugin = section_value(section, "plugin");
    if (plugin && !plugin->is_null)
        read_stage(loading, section, &letters_kind, &pipeline->letters, &settings.stage);
    else if (section->present)
        read_letters_beside(loading, &settings);
    else
        read_default(loading, &letters_kind, &pipeline->letters);
    pipeline->letters_options = settings.own;
}

static void read_table(struct loading *loading)
{
    struct pipeline *pipeline = loading->pipeline;
    const struct section *table = &loading->sections.table;
    unsigned digits = pipeline->sink.plugin ? pipeline->sink.plugin->capabilities.time_digits : 7;
    if (table->mapping)
        pipeline->table = table_compile(table->mapping, digits, loading->diag, loading->arena);
    else if (table->present && !table->broken)
        diag_error(loading->diag, table->where, "it needs 'name:', 'order:' and 'columns:'",
                   "nothing is written below 'table'");
}

static void fill_about(struct pipeline *pipeline)
{
    struct stage *stages[] = {&pipeline->source, &pipeline->queue, &pipeline->sink, &pipeline->state,
                              &pipeline->letters};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        stages[i]->pipeline = pipeline;
        stages[i]->about = (struct sp_stage){
            .size = sizeof(struct sp_stage),
            .pipeline = pipeline->name,
            .name = stages[i]->name,
            .max_event_bytes = pipeline->max_event_bytes,
        };
    }
    if (pipeline->table)
        pipeline->sink.about.table = table_of(pipeline->table);
}

static void read_all(struct loading *loading)
{
    struct pipeline *pipeline = loading->pipeline;
    struct sections *sections = &loading->sections;
    read_top(loading);
    section_find(&sections->source, loading->root, "source", loading->diag, loading->arena);
    section_find(&sections->queue, loading->root, "queue", loading->diag, loading->arena);
    section_find(&sections->sink, loading->root, "sink", loading->diag, loading->arena);
    section_find(&sections->state, loading->root, "state", loading->diag, loading->arena);
    section_find(&sections->letters, loading->root, "dead_letters", loading->diag, loading->arena);
    section_find(&sections->table, loading->root, "table", loading->diag, loading->arena);
    read_source(loading);
    read_queue(loading);
    read_sink(loading);
    read_state(loading);
    read_letters(loading);
    read_table(loading);
    rules_fit(pipeline, sections, loading->top.single_machine, loading->diag);
    fill_about(pipeline);
}

/* The file's text, which outlives the reading; false after an error. */
static bool read_text(const char *path, struct diag *diag, struct sp_arena *arena, struct sp_slice *out)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    struct sp_error err = {0};
    if (file_read(path, FILE_MAX, &text, &err) < 0) {
        diag_error(diag, (struct mark){0}, err.cure[0] ? err.cure : NULL, "%s", err.text);
        return false;
    }
    *out = sp_arena_copy(arena, (struct sp_slice){text.data, text.size});
    return true;
}

static struct pipeline *new_pipeline(const char *path)
{
    struct sp_arena *arena = arena_new(64 * 1024);
    struct pipeline *pipeline = sp_arena_zalloc(arena, sizeof *pipeline);
    pipeline->arena = arena;
    pipeline->path = sp_arena_text(arena, path, strlen(path));
    return pipeline;
}

/* Reads the text of the pipeline; NULL, and the pipeline is freed, after an error. */
static struct pipeline *load_text(struct pipeline *pipeline, struct diag *diag)
{
    struct loading loading = {.pipeline = pipeline, .diag = diag, .arena = pipeline->arena};
    diag_set_text(diag, pipeline->text);
    loading.root = yaml_parse(pipeline->text, diag, pipeline->arena);
    /* Of an empty file that is told, and nothing else needs to be. */
    if (loading.root && loading.root->count > 0)
        read_all(&loading);
    if (diag_errors(diag) == 0)
        return pipeline;
    pipeline_free(pipeline);
    return NULL;
}

struct pipeline *pipeline_load(const char *path, struct diag *diag)
{
    struct pipeline *pipeline = new_pipeline(path);
    if (read_text(path, diag, pipeline->arena, &pipeline->text))
        return load_text(pipeline, diag);
    pipeline_free(pipeline);
    return NULL;
}

struct pipeline *pipeline_again(const struct pipeline *pipeline, struct diag *diag)
{
    struct pipeline *again = new_pipeline(pipeline->path);
    again->text = sp_arena_copy(again->arena, pipeline->text);
    return load_text(again, diag);
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline)
        arena_free(pipeline->arena);
}

const struct stage *pipeline_stage(const struct pipeline *pipeline, const char *name)
{
    const struct stage *stages[] = {&pipeline->source, &pipeline->queue, &pipeline->sink, &pipeline->state,
                                    &pipeline->letters};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (stages[i]->name && strcmp(stages[i]->name, name) == 0)
            return stages[i];
    return NULL;
}

bool stage_same(const struct stage *one, const struct stage *other)
{
    if (one->plugin != other->plugin)
        return false;
    const struct sp_plugin *about = one->plugin ? &one->plugin->about : NULL;
    return !about || options_same(about->options, about->option_count, one->config, other->config);
}
