/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

/*
 * Finding and loading plugins.
 *
 * A plugin's description is copied into a struct of this core's size, zero-filled where the plugin
 * is older.  Shared objects are never closed.  But for plugin_path(), any thread may.
 */

#include "base/arena.h"
#include "base/buffer.h"
#include <scanpipe/plugin.h>

/* A description that passed the checks; lives for ever. */
struct plugin {
    struct sp_plugin about; /* its ops point at the copies below */
    union {
        struct sp_source_ops source;
        struct sp_queue_ops queue;
        struct sp_sink_ops sink;
        struct sp_state_ops state;
        struct sp_letters_ops letters;
    } ops;
    struct sp_capabilities capabilities;
    const char *path; /* of the shared object */
};

/* Where to look, in this order; the folders are copied.  Called once, before threads start. */
void plugin_path(const char *const *folders, size_t count);

/*
 * Loads `<kind>_<name>.so`, else the first of sink, queue, source `_<name>.so` that offers the kind.
 * -1: err says what is wrong (SP_REFUSED), the cure names the folders that were searched, or the
 * nearest name that there is.
 */
int plugin_find(enum sp_kind kind, const char *name, const struct plugin **out,
                struct sp_error *err) SP_MUST_CHECK;

/* Loads the shared object at `path`, wherever it is, and takes the first that it offers of the kind.  Errors
 * as above. */
int plugin_load(const char *path, enum sp_kind kind, const struct plugin **out,
                struct sp_error *err) SP_MUST_CHECK;

/* As plugin_find for what the shared object at hand offers beside; NULL where it does not. */
const struct plugin *plugin_sibling(const struct plugin *plugin, enum sp_kind kind);

/* Every plugin in the folders, sorted by kind and name, in the arena; those that cannot be loaded are left
 * out and told in `problems`, a line each. */
const struct plugin **plugin_list(struct sp_arena *arena, size_t *count, struct buffer *problems);

/* The smaller of `most` and of a limit as descriptions tell it, where 0 is none. */
static inline size_t plugin_most(int64_t limit, size_t most)
{
    return limit > 0 && (uint64_t)limit < most ? (size_t)limit : most;
}

const char *plugin_kind_name(enum sp_kind kind); /* "source", "queue", "sink", "state", "letters" */
bool plugin_kind_of(const char *name, enum sp_kind *out);

#endif
