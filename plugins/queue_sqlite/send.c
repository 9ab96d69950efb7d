/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include <stdlib.h>

/* How long a full queue is waited for before it is told: a sink that keeps up makes room in less. */
#define ROOM_WAIT_NS SP_SECOND

static const char doing[] = "sending messages";

static int64_t size_of(const struct sp_message *messages, size_t count)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += (int64_t)messages[i].body.size;
    return bytes;
}

/* Begins a transaction.  *stored_out: the bytes that the queue holds; *last_id_out: the last id there was. */
static int begin(struct queue_handle *handle, int64_t *stored_out, int64_t *last_id_out, struct sp_error *err)
{
    if (lite_begin(&handle->lite, LITE_DURABLE, err) < 0)
        return -1;
    sqlite3_stmt *totals = handle->lite.statements[QUEUE_TOTALS];
    int rc = sqlite3_step(totals);
    if (rc != SQLITE_ROW)
        return lite_fail(&handle->lite, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, doing, err);
    *last_id_out = sqlite3_column_int64(totals, 0);
    *stored_out = sqlite3_column_int64(totals, 2);
    lite_reset(totals);
    return 0;
}

/* Begins a transaction in which there is room.  What alone is larger than the bound goes into an empty queue,
 * else it would wait for ever. */
static int begin_with_room(struct queue_handle *handle, int64_t bytes, int64_t *last_id_out,
                           struct sp_error *err)
{
    int64_t bound = handle->queue->config->max_size, stored = 0;
    int64_t until = sp_clock_now() + ROOM_WAIT_NS;
    until = until < handle->lite.deadline ? until : handle->lite.deadline;
    for (;;) {
        uint64_t changes = queue_changes(handle->queue);
        int64_t version = bound ? queue_version(handle) : 0;
        if (begin(handle, &stored, last_id_out, err) < 0)
            return -1;
        if (bound == 0 || stored + bytes <= bound || stored == 0)
            return 0;
        lite_rollback(&handle->lite);
        if (sp_clock_now() >= until)
            break;
        queue_wait(handle, changes, version, until);
        if (atomic_load(&handle->lite.interrupted))
            return lite_fail(&handle->lite, SQLITE_INTERRUPT, doing, err);
    }
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

int queue_send(void *opaque, const struct sp_message *messages, size_t count, struct sp_result *results,
               int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    struct lite *db = &handle->lite;
    int64_t id = 0, wall_ms = sp_clock_wall_ms();
    if (lite_enter(db, deadline, err) < 0)
        return -1;
    if (begin_with_room(handle, size_of(messages, count), &id, err) < 0)
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
    queue_tell_change(handle->queue);
    return 0;
}
