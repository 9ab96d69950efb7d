/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/mem.h"
#include "plugin/abi.h"

#include <stdlib.h>

/* What a struct of the first minor had: a smaller size is no older plugin but a broken one. */
#define FIRST_SIZE(type, last_field) (offsetof(type, last_field) + sizeof(((type *)0)->last_field))

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int check_versions(const struct sp_plugin *theirs, const char *path, struct sp_error *err)
{
    if (theirs->abi_major != SP_ABI_MAJOR || theirs->abi_minor > SP_ABI_MINOR) {
        sp_fail(err, SP_REFUSED, "%s was built for plugin ABI %u.%u; this scanpipe has %d.%d", path,
                theirs->abi_major, theirs->abi_minor, SP_ABI_MAJOR, SP_ABI_MINOR);
        return sp_fail_cure(err, theirs->abi_major > SP_ABI_MAJOR || theirs->abi_major == SP_ABI_MAJOR
                                     ? "use a newer scanpipe, or a build of the plugin for this one"
                                     : "use a build of the plugin for this scanpipe");
    }
    if (theirs->size < FIRST_SIZE(struct sp_plugin, ops))
        return sp_fail(err, SP_REFUSED, "%s describes itself in %zu bytes, too few for any ABI", path,
                       theirs->size);
    return 0;
}

static size_t first_ops_size(enum sp_kind kind)
{
    switch (kind) {
    case SP_SOURCE:
        return FIRST_SIZE(struct sp_source_ops, compare);
    case SP_QUEUE:
        return FIRST_SIZE(struct sp_queue_ops, depth);
    case SP_SINK:
        return FIRST_SIZE(struct sp_sink_ops, migrate);
    case SP_STATE:
        return FIRST_SIZE(struct sp_state_ops, put);
    case SP_LETTERS:
        return FIRST_SIZE(struct sp_letters_ops, upkeep);
    }
    return 0;
}

static bool ops_complete(const struct plugin *plugin)
{
    switch (plugin->about.kind) {
    case SP_SOURCE:
        return plugin->ops.source.read && plugin->ops.source.cursor_of && plugin->ops.source.text_of &&
               plugin->ops.source.compare;
    case SP_QUEUE:
        return plugin->ops.queue.send && plugin->ops.queue.receive && plugin->ops.queue.settle &&
               plugin->ops.queue.extend && plugin->ops.queue.depth;
    case SP_SINK:
        return plugin->ops.sink.write != NULL;
    case SP_STATE:
        return plugin->ops.state.get && plugin->ops.state.put;
    case SP_LETTERS:
        return plugin->ops.letters.put && plugin->ops.letters.scan && plugin->ops.letters.remove;
    }
    return false;
}

static bool about_complete(const struct sp_plugin *about)
{
    return about->name && about->version && about->summary && about->load && about->unload && about->open &&
           about->close && about->probe && about->interrupt && (about->options || about->option_count == 0);
}

static int adopt(const struct sp_plugin *theirs, const char *path, struct plugin *ours, struct sp_error *err)
{
    if (check_versions(theirs, path, err) != 0)
        return -1;
    memcpy(&ours->about, theirs, smaller(theirs->size, sizeof ours->about));
    size_t first = first_ops_size(ours->about.kind);
    if (first == 0)
        return sp_fail(err, SP_REFUSED, "%s offers kind %d, which this scanpipe does not know", path,
                       (int)ours->about.kind);
    /* Every table of operations begins with its size. */
    const size_t *ops = ours->about.ops;
    if (!ops || *ops < first || !about_complete(&ours->about))
        return sp_fail(err, SP_REFUSED, "%s: the description of its %s is incomplete", path,
                       plugin_kind_name(ours->about.kind));
    memcpy(&ours->ops, ops, smaller(*ops, sizeof ours->ops));
    ours->about.ops = &ours->ops;
    if (!ops_complete(ours))
        return sp_fail(err, SP_REFUSED, "%s: its %s lacks an operation that every %s has", path,
                       plugin_kind_name(ours->about.kind), plugin_kind_name(ours->about.kind));
    if (ours->about.capabilities)
        memcpy(&ours->capabilities, ours->about.capabilities,
               smaller(ours->about.capabilities->size, sizeof ours->capabilities));
    ours->about.capabilities = &ours->capabilities;
    return 0;
}

int abi_adopt(const struct sp_plugin *const *exported, const char *path, struct plugin **out,
              size_t *count_out, struct sp_error *err)
{
    size_t count = 0;
    while (exported && exported[count])
        count++;
    if (count == 0)
        return sp_fail(err, SP_REFUSED, "%s offers nothing", path);
    struct plugin *plugins = mem_zalloc(count * sizeof *plugins);
    for (size_t i = 0; i < count; i++)
        if (adopt(exported[i], path, &plugins[i], err) != 0) {
            free(plugins);
            return -1;
        }
    *out = plugins;
    *count_out = count;
    return 0;
}
