/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lines.h"
#include "target.h"

#include <assert.h>
#include <stdlib.h>

enum { HANDLE_MAGIC = 0x53464948 };

struct handle {
    unsigned magic;
    struct target *target;
    struct lines lines;
    atomic_bool interrupted;
};

static struct handle *handle_of(void *pointer)
{
    struct handle *handle = pointer;
    assert(handle && handle->magic == HANDLE_MAGIC);
    return handle;
}

static int sink_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage;
    struct target *target = target_new(config);
    if (!target)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    *loaded = target;
    return 0;
}

static void sink_unload(void *loaded)
{
    target_free(loaded);
}

static int sink_open(void *loaded, void **out, struct sp_error *err)
{
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    handle->magic = HANDLE_MAGIC;
    handle->target = loaded;
    *out = handle;
    return 0;
}

static void sink_close(void *pointer)
{
    struct handle *handle = handle_of(pointer);
    lines_fini(&handle->lines);
    free(handle);
}

static int sink_probe(void *pointer, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    return target_probe(handle_of(pointer)->target, err);
}

static void sink_interrupt(void *pointer)
{
    atomic_store(&handle_of(pointer)->interrupted, true);
}

static int sink_write(void *pointer, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    (void)results;
    struct handle *handle = handle_of(pointer);
    struct patience patience = {deadline, &handle->interrupted};
    atomic_store(&handle->interrupted, false);
    if (lines_of_batch(&handle->lines, batch) != 0)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left for the lines of a batch");
    if (target_write(handle->target, handle->lines.data, handle->lines.size, &patience, err) != 0)
        return -1;
    written->rows_touched = batch->table ? batch->row_count : batch->event_count;
    return 0;
}

/* A file needs no table to be made. */
static int sink_migrate(void *pointer, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                        int64_t deadline, struct sp_error *err)
{
    (void)pointer, (void)mode, (void)arena, (void)deadline, (void)err;
    if (plan)
        *plan = "";
    return 0;
}

static const struct sp_option sink_options[] = {
    {
        .name = "path",
        .type = SP_OPT_STRING,
        .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,
        .offset = offsetof(struct target_options, path),
        .doc = "File to write to; - is standard output",
    },
    {
        .name = "append",
        .type = SP_OPT_BOOLEAN,
        .offset = offsetof(struct target_options, append),
        .default_text = "true",
        .doc = "Keep what the file holds; false empties it at each start",
    },
    {
        .name = "sync",
        .type = SP_OPT_BOOLEAN,
        .offset = offsetof(struct target_options, sync),
        .default_text = "true",
        .doc = "Bring each batch to the disk before its events count as written",
    },
};

static const struct sp_capabilities sink_capabilities = {
    .size = sizeof sink_capabilities,
    .flags = SP_LOCAL | SP_TABLES | SP_EVENTS | SP_EMBEDDED,
    .time_digits = 7,
};

static const struct sp_sink_ops sink_ops = {
    .size = sizeof sink_ops,
    .write = sink_write,
    .migrate = sink_migrate,
};

static const struct sp_plugin file_sink = {
    SP_PLUGIN_HEAD,
    .kind = SP_SINK,
    .name = "file",
    .version = PACKAGE_VERSION,
    .summary = "NDJSON to a file or to standard output",
    .capabilities = &sink_capabilities,
    .options = sink_options,
    .option_count = sizeof sink_options / sizeof *sink_options,
    .config_size = sizeof(struct target_options),
    .load = sink_load,
    .unload = sink_unload,
    .open = sink_open,
    .close = sink_close,
    .probe = sink_probe,
    .interrupt = sink_interrupt,
    .sink = &sink_ops,
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&file_sink, NULL};
    return plugins;
}
