/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pipeline_rules.h"

bool rules_name_is_good(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return length >= 1 && length <= 64 && name[length] == '\0';
}

void rules_queue_limits(struct queue_options *options, const struct sp_capabilities *can,
                        const struct section *section, struct diag *diag)
{
    char most[32];
    if (can->message_bytes > 0 && options->pack_bytes > can->message_bytes) {
        option_format_size(can->message_bytes, most);
        if (section_value(section, "pack.bytes"))
            diag_error(diag, section_mark(section, "pack.bytes"), "write less, or leave it out",
                       "a message of this queue has at most %s", most);
        options->pack_bytes = can->message_bytes;
    }
    if (can->lease_max_ns > 0 && options->visibility_timeout_ns > can->lease_max_ns) {
        option_format_duration(can->lease_max_ns, most);
        diag_error(diag, section_mark(section, "visibility_timeout"), NULL,
                   "this queue hides a message for at most %s", most);
    }
}

void rules_nothing_keeps(const struct pipeline *pipeline, const char *stage, struct diag *diag)
{
    const char *sink = pipeline->sink.plugin ? pipeline->sink.plugin->about.name : NULL;
    const char *queue = pipeline->queue.plugin->about.name;
    bool is_state = strcmp(stage, "state") == 0;
    const char *hint = is_state
                           ? "add a block 'state:', for example 'state: {plugin: sqlite, path: state.db}'"
                           : "add a block 'dead_letters:', for example 'dead_letters: {plugin: sqlite, "
                             "path: letters.db}'";
    const char *what = is_state ? "the cursor and the marks" : "dead letters";
    if (sink)
        diag_error(diag, (struct mark){0}, hint, "neither the sink '%s' nor the queue '%s' can keep %s", sink,
                   queue, what);
    else
        diag_error(diag, (struct mark){0}, hint, "the queue '%s' cannot keep %s, and there is no sink", queue,
                   what);
}

static bool can(const struct stage *stage, uint32_t flag)
{
    return stage->plugin->capabilities.flags & flag;
}

static void halves(const struct sections *sections, struct diag *diag)
{
    if (!sections->source.present && !sections->sink.present)
        diag_error(diag, (struct mark){0},
                   "add 'source:' to read into the queue, 'sink:' to write from it, or both",
                   "the file has neither a source nor a sink: there is nothing to do");
}

static void table_fits(const struct pipeline *pipeline, const struct sections *sections, struct diag *diag)
{
    const struct stage *sink = &pipeline->sink;
    if (!sink->plugin)
        return;
    struct mark where = section_mark(&sections->sink, "plugin");
    if (sections->table.present && !can(sink, SP_TABLES))
        diag_error(diag, sections->table.where, "remove 'table:', or use a sink that has tables, as sqlite",
                   "the sink '%s' writes events as they come and has no tables", sink->plugin->about.name);
    if (!sections->table.present && !can(sink, SP_EVENTS))
        diag_error(diag, where, "add a block 'table:' that says which row an event belongs to",
                   "the sink '%s' writes rows of a table, and the file has none", sink->plugin->about.name);
}

/* Where the plugin of the state is named: by itself, or by the block that offers it. */
static struct mark state_mark(const struct pipeline *pipeline, const struct sections *sections)
{
    if (sections->state.present)
        return section_mark(&sections->state, "plugin");
    if (pipeline->sink.plugin && plugin_sibling(pipeline->sink.plugin, SP_STATE) == pipeline->state.plugin)
        return section_mark(&sections->sink, "plugin");
    return section_mark(&sections->queue, "plugin");
}

/* Two machines on one remote queue, each with a state of its own, would both read the source. */
static void state_is_shared(const struct pipeline *pipeline, const struct sections *sections,
                            bool single_machine, struct diag *diag)
{
    const struct stage *state = &pipeline->state, *queue = &pipeline->queue;
    if (!state->plugin || !queue->plugin || single_machine)
        return;
    if (can(state, SP_LOCAL) && !can(queue, SP_LOCAL))
        diag_error(diag, state_mark(pipeline, sections),
                   "name a 'state:' that all machines reach, or say 'single_machine: true'",
                   "the state '%s' is local to this machine, and the queue '%s' is not",
                   state->plugin->about.name, queue->plugin->about.name);
}

/* A cursor that survives what the queue loses would skip it. */
static void queue_is_durable(const struct pipeline *pipeline, const struct sections *sections,
                             struct diag *diag)
{
    const struct stage *state = &pipeline->state, *queue = &pipeline->queue;
    if (!state->plugin || !queue->plugin)
        return;
    if (!can(queue, SP_DURABLE) && can(state, SP_DURABLE))
        diag_error(diag, section_mark(&sections->queue, "plugin"),
                   "use a durable queue, as sqlite, or add 'state: {plugin: memory}' to read from the start "
                   "each time",
                   "the queue '%s' loses what it holds when the process ends, and the state '%s' would not "
                   "read it again",
                   queue->plugin->about.name, state->plugin->about.name);
}

void rules_fit(const struct pipeline *pipeline, const struct sections *sections, bool single_machine,
               struct diag *diag)
{
    halves(sections, diag);
    table_fits(pipeline, sections, diag);
    state_is_shared(pipeline, sections, single_machine, diag);
    queue_is_durable(pipeline, sections, diag);
}
