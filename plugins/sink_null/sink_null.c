/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that takes everything and keeps nothing: the smallest whole plugin.  Read it first, with
 * scanpipe/plugin.h (what each function promises) and scanpipe/sink.h (what a batch is) beside it. */
#include <config.h>
#include <scanpipe/plugin.h>

/* Once a stage; all handles share what it puts into *loaded: a real sink's `config` and `stage`. */
static int null_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config, (void)stage, (void)err;
    *loaded = NULL;
    return 0;
}

/* Once a thread: what belongs to one connection goes into the handle, which needs no lock. */
static int null_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)loaded, (void)err;
    *handle = NULL;
    return 0;
}

/* Serves as unload(), close() and interrupt(): nothing was made, and no call here ever blocks. */
static void null_nothing(void *loaded_or_handle)
{
    (void)loaded_or_handle;
}

/* A real sink connects here and looks, or says `return sp_fail(err, SP_UNAVAILABLE, "...")`. */
static int null_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline, (void)err;
    return 0;
}

/* 0 means that all of the batch is safe, and its messages are deleted from the queue.  A real sink writes
 * `batch->values` where there is a table, else `batch->events`, in one transaction. */
static int null_write(void *handle, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)batch, (void)results, (void)deadline, (void)err;
    written->rows_touched = 0; /* no row was made or changed: that is the truth */
    return 0;
}

/* clang-format off */ /* All is constant, and reached through the one function that a plugin exports. */
static const struct sp_sink_ops null_ops = {.size = sizeof null_ops, .write = null_write};
static const struct sp_capabilities null_can = {
    .size = sizeof null_can, .flags = SP_TABLES | SP_EVENTS | SP_IDEMPOTENT, .time_digits = 7};
static const struct sp_plugin null_sink = {
    SP_PLUGIN_HEAD, .kind = SP_SINK, .name = "null", .version = PACKAGE_VERSION, .capabilities = &null_can,
    .summary = "takes everything and keeps nothing", .load = null_load, .unload = null_nothing,
    .open = null_open, .close = null_nothing, .probe = null_probe, .interrupt = null_nothing,
    .sink = &null_ops};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&null_sink, NULL};
    return plugins;
}
