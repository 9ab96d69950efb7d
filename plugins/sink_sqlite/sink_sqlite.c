/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include <stdlib.h>

static const struct lite_part sink_part = {.name = "sink", .opened = decimal_register};

static void sink_check(const void *config, struct sp_check *check)
{
    lite_check(&((const struct sink_config *)config)->lite, check);
}

static int sink_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    if (!stage->table) {
        sp_fail(err, SP_REFUSED, "the sink sqlite writes rows, and the pipeline has no table");
        return sp_fail_cure(err, "add a `table` block to the pipeline");
    }
    struct sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    sink->table = stage->table;
    lite_store_init(&sink->store, &((const struct sink_config *)config)->lite, stage, &sink_part);
    *loaded = sink;
    return 0;
}

static void sink_unload(void *loaded)
{
    struct sink *sink = loaded;
    lite_store_fini(&sink->store);
    free(sink);
}

static int sink_open(void *loaded, void **out, struct sp_error *err)
{
    struct sink *sink = loaded;
    struct sink_handle *handle = calloc(1, sizeof *handle);
    if (handle)
        handle->times = calloc(sink->table->column_count, sizeof *handle->times);
    if (!handle || !handle->times) {
        free(handle);
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    }
    handle->sink = sink;
    lite_init(&handle->lite, &sink->store);
    *out = handle;
    return 0;
}

static void sink_close(void *opaque)
{
    struct sink_handle *handle = opaque;
    lite_fini(&handle->lite);
    free(handle->times);
    free(handle);
}

static int sink_probe(void *opaque, int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    return lite_probe(&handle->lite, deadline, err) < 0 ? -1 : schema_verify(handle, err);
}

static void sink_interrupt(void *opaque)
{
    struct sink_handle *handle = opaque;
    lite_interrupt(&handle->lite);
}

static const struct sp_option options[] = {LITE_OPTIONS(struct sink_config, "4MiB")};

static const struct sp_capabilities capabilities = {
    .size = sizeof capabilities,
    .flags = SP_DURABLE | SP_LOCAL | SP_IDEMPOTENT | SP_TABLES | SP_EMBEDDED,
    .time_digits = 7,
};

static const struct sp_sink_ops ops = {
    .size = sizeof ops,
    .write = sink_write,
    .read = sink_read,
    .migrate = sink_migrate,
    .describe = sink_describe,
    .compare = sink_compare,
    .rebuild = sink_rebuild,
};

static const struct sp_plugin sink_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_SINK,
    .name = "sqlite",
    .version = PACKAGE_VERSION,
    .summary = "Writes rows into a table of a SQLite file",
    .capabilities = &capabilities,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct sink_config),
    .check = sink_check,
    .load = sink_load,
    .unload = sink_unload,
    .open = sink_open,
    .close = sink_close,
    .probe = sink_probe,
    .interrupt = sink_interrupt,
    .sink = &ops,
};

SP_API const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const offered[] = {&sink_plugin, &lite_state_plugin, &lite_letters_plugin,
                                                      NULL};
    return offered;
}
