/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include <stdio.h>
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
    pthread_cond_init(&queue->arrived, NULL);
    *loaded = queue;
    return 0;
}

static void queue_unload(void *loaded)
{
    struct queue *queue = loaded;
    pthread_cond_destroy(&queue->arrived);
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
    lite_fini(&handle->lite);
    free(handle);
}

static int queue_probe(void *opaque, int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    return lite_probe(&handle->lite, deadline, err);
}

static void tell_arrival(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->arrivals++;
    pthread_cond_broadcast(&queue->arrived);
    pthread_mutex_unlock(&queue->lock);
}

static void queue_interrupt(void *opaque)
{
    struct queue_handle *handle = opaque;
    lite_interrupt(&handle->lite);
    pthread_mutex_lock(&handle->queue->lock);
    pthread_cond_broadcast(&handle->queue->arrived);
    pthread_mutex_unlock(&handle->queue->lock);
}

/* The last id there was; fails where the messages would not fit. */
static int find_room(struct queue_handle *handle, const struct sp_message *messages, size_t count,
                     int64_t *last_id_out, struct sp_error *err)
{
    sqlite3_stmt *totals = handle->lite.statements[QUEUE_TOTALS];
    int rc = sqlite3_step(totals);
    if (rc != SQLITE_ROW)
        return lite_fail(&handle->lite, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, "sending messages", err);
    *last_id_out = sqlite3_column_int64(totals, 0);
    int64_t stored = sqlite3_column_int64(totals, 2), bytes = stored, bound = handle->queue->config->max_size;
    lite_reset(totals);
    for (size_t i = 0; i < count; i++)
        bytes += (int64_t)messages[i].body.size;
    /* What alone is larger than the bound would otherwise wait for ever. */
    if (bound == 0 || bytes <= bound || stored == 0)
        return 0;
    lite_rollback(&handle->lite);
    sp_fail(err, SP_UNAVAILABLE, "%s: the queue is full: it holds %lld bytes, `max_size` is %lld",
            handle->queue->config->lite.path, (long long)stored, (long long)bound);
    return sp_fail_cure(err, "let the sink catch up, or raise `max_size`");
}

/* SQLite's code. */
static int send_one(struct queue_handle *handle, int64_t id, const struct sp_message *message,
                    int64_t wall_ms)
{
    char *blob = NULL;
    size_t blob_size = attributes_encode(message, &blob);
    if (blob_size == ATTRIBUTES_FAILED)
        return SQLITE_NOMEM;
    sqlite3_stmt *send = handle->lite.statements[QUEUE_SEND];
    sqlite3_bind_int64(send, 1, id);
    sqlite3_bind_int64(send, 2, (int64_t)message->body.size);
    sqlite3_bind_int64(send, 3, wall_ms);
    sqlite3_bind_int64(send, 4, (int64_t)message->event_count);
    if (blob)
        sqlite3_bind_blob64(send, 5, blob, blob_size, SQLITE_STATIC);
    struct sp_slice body = message->body;
    int rc = sqlite3_bind_blob64(send, 6, body.size ? body.data : "", body.size, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = lite_run(send);
    lite_reset(send);
    free(blob);
    return rc;
}

static int queue_send(void *opaque, const struct sp_message *messages, size_t count,
                      struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "sending messages";
    struct queue_handle *handle = opaque;
    struct lite *db = &handle->lite;
    int64_t id = 0, wall_ms = sp_clock_wall_ms();
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    if (find_room(handle, messages, count, &id, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        int rc = send_one(handle, id + 1, &messages[i], wall_ms);
        if (rc == SQLITE_TOOBIG)
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "is larger than SQLite can hold"};
        else if (rc != SQLITE_OK)
            return lite_fail(db, rc, doing, err);
        else
            id++;
        if (lite_go_on(db, doing, err) < 0)
            return -1;
    }
    if (lite_commit(db, doing, err) < 0)
        return -1;
    tell_arrival(handle->queue);
    return 0;
}

static bool read_receipt(struct sp_slice slice, struct receipt *out)
{
    if (slice.size != sizeof *out)
        return false;
    memcpy(out, slice.data, sizeof *out);
    return true;
}

/* What is done is deleted, whoever holds it now: it is written. */
static int settle_one(struct lite *db, const struct sp_settle *entry)
{
    struct receipt receipt;
    if (!read_receipt(entry->receipt, &receipt))
        return SQLITE_OK;
    sqlite3_stmt *statement = db->statements[entry->done ? QUEUE_DONE : QUEUE_RELEASE];
    sqlite3_bind_int64(statement, 1, receipt.message);
    if (!entry->done)
        sqlite3_bind_int64(statement, 2, receipt.token);
    return lite_run(statement);
}

static int queue_settle(void *opaque, const struct sp_settle *entries, size_t count,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "settling messages";
    struct queue_handle *handle = opaque;
    struct lite *db = &handle->lite;
    bool released = false;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_RELAXED, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int rc = settle_one(db, &entries[i]);
        if (rc != SQLITE_OK)
            return lite_fail(db, rc, doing, err);
        results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        released |= !entries[i].done;
        if (lite_go_on(db, doing, err) < 0)
            return -1;
    }
    if (lite_commit(db, doing, err) < 0)
        return -1;
    if (released)
        tell_arrival(handle->queue);
    return 0;
}

static int queue_extend(void *opaque, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "extending leases";
    struct queue_handle *handle = opaque;
    struct lite *db = &handle->lite;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_RELAXED, err) < 0)
        return -1;
    int64_t ends_at = sp_clock_now() + lease_ns;
    for (size_t i = 0; i < count; i++) {
        struct receipt receipt = {0, -1};
        sqlite3_stmt *extend = db->statements[QUEUE_EXTEND];
        (void)read_receipt(receipts[i], &receipt);
        sqlite3_bind_int64(extend, 1, ends_at);
        sqlite3_bind_int64(extend, 2, receipt.message);
        sqlite3_bind_int64(extend, 3, receipt.token);
        int rc = lite_run(extend);
        if (rc != SQLITE_OK)
            return lite_fail(db, rc, doing, err);
        bool kept = sqlite3_changes(db->file) > 0;
        results[i] = kept ? (struct sp_result){SP_OK, SP_NO_COLUMN, NULL}
                          : (struct sp_result){SP_CONTENDED, SP_NO_COLUMN, "the lease is lost"};
    }
    return lite_commit(db, doing, err);
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
    if (lite_enter(db, deadline, err) < 0)
        return -1;
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
};

SP_API const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const offered[] = {&queue_plugin, &lite_state_plugin, &lite_letters_plugin,
                                                      NULL};
    return offered;
}
