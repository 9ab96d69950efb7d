/* SPDX-License-Identifier: Apache-2.0 */
/* The description, and faults in a plugin's life. */
#include <config.h>

#include "mutant.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct sp_plugin *inner;

bool mutant_is(const char *name)
{
    const char *mutation = getenv("KIT_MUTATION");
    return mutation && strcmp(mutation, name) == 0;
}

static int load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    static void *first;
    static struct sp_stage changed;
    char path[4096];
    snprintf(path, sizeof path, "%s/made-by-load", getenv("KIT_DIR"));
    if (mutant_is("load-makes-a-file"))
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (mutant_is("load-changes-config"))
        ((char *)(uintptr_t)config)[0] ^= 1;
    if (mutant_is("load-is-static") && first) {
        *loaded = first;
        return 0;
    }
    if (stage->table) {
        changed = *stage;
        changed.table = mutant_table(stage->table);
        stage = &changed;
    }
    int rc = inner->load(config, stage, loaded, err);
    first = first ? first : *loaded;
    return rc;
}

static void *stay(void *nothing)
{
    pause();
    return nothing;
}

static void unload(void *loaded)
{
    pthread_t thread;
    if (mutant_is("unload-leaves-a-thread"))
        pthread_create(&thread, NULL, stay, NULL);
    if (!mutant_is("load-is-static"))
        inner->unload(loaded);
}

static void close_handle(void *handle)
{
    if (mutant_is("close-leaves-a-descriptor"))
        (void)!dup(STDIN_FILENO);
    inner->close(handle);
}

static int probe(void *handle, int64_t deadline, struct sp_error *err)
{
    if (mutant_is("probe-talks"))
        fputs("probing\n", stderr);
    if (mutant_is("probe-crashes"))
        abort();
    if (mutant_is("probe-hangs"))
        pause();
    return mutant_is("probe-always-works") ? 0 : inner->probe(handle, deadline, err);
}

static void interrupt(void *handle)
{
    if (!mutant_is("interrupt-does-nothing"))
        inner->interrupt(handle);
}

static void wrap_operations(struct sp_plugin *plugin)
{
    switch (plugin->kind) {
    case SP_SOURCE:
        plugin->source = mutant_source(inner->source);
        break;
    case SP_QUEUE:
        plugin->queue = mutant_queue(inner->queue);
        break;
    case SP_SINK:
        plugin->sink = mutant_sink(inner->sink);
        break;
    case SP_STATE:
        plugin->state = mutant_state(inner->state);
        break;
    case SP_LETTERS:
        plugin->letters = mutant_letters(inner->letters);
        break;
    }
}

/* Of several kinds only the one that KIT_KIND names: faults are in one at a time. */
SP_API const struct sp_plugin *const *scanpipe_plugin(void)
{
    static struct sp_plugin changed;
    static const struct sp_plugin *offered[2];
    const char *path = getenv("KIT_INNER"), *kind = getenv("KIT_KIND");
    void *object = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    sp_plugin_function *function = object ? (sp_plugin_function *)dlsym(object, "scanpipe_plugin") : NULL;
    const struct sp_plugin *const *plugin = function ? function() : offered;
    while (*plugin && kind && (int)(*plugin)->kind != atoi(kind))
        plugin++;
    if (!*plugin)
        return offered;
    inner = *plugin;
    changed = *inner;
    changed.load = load;
    changed.unload = unload;
    changed.close = close_handle;
    changed.probe = probe;
    changed.interrupt = interrupt;
    wrap_operations(&changed);
    offered[0] = &changed;
    return offered;
}
