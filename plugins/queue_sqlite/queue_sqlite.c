/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include "care.h"

#include <stdlib.h>

static void queue_check(const void *config, struct sp_check *check)
{
    lite_check(&((const struct queue_config *)config)->lite, check);
}

static int queue_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    queue->config = config;
    lite_store_init(&queue->store, &queue->config->lite, stage, &queue_part);
    holder_of_this_process(&queue->self);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    *loaded = queue;
    return 0;
}

static void queue_unload(void *loaded)
{
    struct queue *queue = loaded;
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    lite_store_fini(&queue->store);
    free(queue);
}

static int queue_open(void *loaded, void **out, struct sp_error *err)
{
    struct queue *queue = loaded;
    struct queue_handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    handle->queue = queue;
    lite_init(&handle->lite, &queue->store);
    *out = handle;
    return 0;
}

static void queue_close(void *opaque)
{
    struct queue_handle *handle = opaque;
    salvage_free(handle->salvage);
    lite_fini(&handle->lite);
    free(handle);
}

static int queue_probe(void *opaque, int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    return lite_probe(&handle->lite, deadline, err);
}

static void queue_interrupt(void *opaque)
{
    struct queue_handle *handle = opaque;
    lite_interrupt(&handle->lite);
    pthread_mutex_lock(&handle->queue->lock);
    pthread_cond_broadcast(&handle->queue->changed);
    pthread_mutex_unlock(&handle->queue->lock);
}

/* Leases that hold: not ended, and their holder not known to be gone.  SQLite's code. */
static int count_leased(struct queue_handle *handle, uint64_t *leased_out)
{
    sqlite3_stmt *leased = handle->lite.statements[QUEUE_LEASED];
    struct holder holder;
    uint64_t count = 0;
    int rc;
    sqlite3_bind_int64(leased, 1, sp_clock_now());
    while ((rc = sqlite3_step(leased)) == SQLITE_ROW) {
        holder_read(leased, &holder);
        if (!holder_is_gone(&handle->queue->self, &holder))
            count += (uint64_t)sqlite3_column_int64(leased, 5);
    }
    lite_reset(leased);
    *leased_out = count;
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int queue_depth(void *opaque, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    struct lite *db = &handle->lite;
    bool there;
    if (lite_look(db, deadline, &there, err) < 0)
        return -1;
    if (!there) {
        depth->visible = depth->leased = 0;
        depth->oldest_wall_ms = 0;
        return 0;
    }
    sqlite3_stmt *totals = db->statements[QUEUE_TOTALS];
    uint64_t messages = 0, leased = 0;
    int64_t oldest = 0;
    int rc = sqlite3_step(totals);
    if (rc == SQLITE_ROW) {
        messages = (uint64_t)sqlite3_column_int64(totals, 1);
        oldest = sqlite3_column_int64(totals, 3);
        rc = SQLITE_OK;
    }
    lite_reset(totals);
    if (rc == SQLITE_OK)
        rc = count_leased(handle, &leased);
    if (rc != SQLITE_OK)
        return lite_fail(db, rc, "counting messages", err);
    leased = leased < messages ? leased : messages;
    depth->visible = messages - leased;
    depth->leased = leased;
    depth->oldest_wall_ms = oldest;
    return 0;
}

static int queue_migrate(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                         int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    return lite_migrate_store(&handle->lite, mode, arena, plan, deadline, err);
}

static const struct sp_option options[] = {
    LITE_OPTIONS(struct queue_config, "2MiB"),
    {.name = "max_size",
     .type = SP_OPT_SIZE,
     .offset = offsetof(struct queue_config, max_size),
     .default_text = "0",
     .doc = "Bytes of messages beyond which sending waits; 0: no bound"},
};

/* A row holds at most 10^9 bytes. */
static const struct sp_capabilities capabilities = {
    .size = sizeof capabilities,
    .flags = SP_DURABLE | SP_LOCAL | SP_EMBEDDED,
    .message_bytes = 512 * 1024 * 1024,
};

static const struct sp_queue_ops ops = {
    .size = sizeof ops,
    .send = queue_send,
    .receive = queue_receive,
    .settle = queue_settle,
    .extend = queue_extend,
    .depth = queue_depth,
    .check = queue_look,
    .salvage = queue_salvage,
    .repair = queue_repair,
};

static const struct sp_plugin queue_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_QUEUE,
    .name = "sqlite",
    .version = PACKAGE_VERSION,
    .summary = "A durable queue in a SQLite file, for many processes of one machine",
    .capabilities = &capabilities,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct queue_config),
    .check = queue_check,
    .load = queue_load,
    .unload = queue_unload,
    .open = queue_open,
    .close = queue_close,
    .probe = queue_probe,
    .interrupt = queue_interrupt,
    .queue = &ops,
    .migrate = queue_migrate,
};

SP_API const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const offered[] = {&queue_plugin, &lite_state_plugin, &lite_letters_plugin,
                                                      NULL};
    return offered;
}
