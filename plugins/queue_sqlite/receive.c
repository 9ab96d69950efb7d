/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#define RECEIVE_DOING "receiving messages"

/* So many at most, whatever is asked for: the memory for them is taken beforehand. */
#define RECEIVE_MAX 1000

/* What one call of receive has taken so far. */
struct take {
    const struct sp_receive *want;
    struct sp_arena *arena;
    struct sp_received *messages;
    size_t max, count, bytes;
    bool full;
    int64_t holder, lease_end;
};

/* Copies a message; leaves it, and is full, where it is one too large for this call.  *there_out: false
 * where there is no such message.  SQLite's code. */
static int take_body(struct queue_handle *handle, struct take *take, int64_t id, struct sp_received *out,
                     bool *there_out)
{
    sqlite3_stmt *message = handle->lite.statements[QUEUE_MESSAGE];
    sqlite3_bind_int64(message, 1, id);
    int rc = sqlite3_step(message);
    *there_out = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW)
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
    size_t size = (size_t)sqlite3_column_int64(message, 0);
    if (take->count > 0 && take->bytes + size > take->want->max_bytes) {
        take->full = true;
        return SQLITE_OK;
    }
    struct sp_slice attributes = {sqlite3_column_blob(message, 2), (size_t)sqlite3_column_bytes(message, 2)};
    if (!attributes.data && sqlite3_column_type(message, 2) != SQLITE_NULL)
        attributes.data = "";
    *out = (struct sp_received){.sent_wall_ms = sqlite3_column_int64(message, 1)};
    if (!attributes_decode(attributes, take->arena, out))
        return SQLITE_CORRUPT;
    out->body = lite_column_slice(message, 3, take->arena);
    if (out->body.size != size)
        return sqlite3_errcode(handle->lite.file) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
    take->bytes += size;
    return SQLITE_OK;
}

static int put_lease(struct queue_handle *handle, struct take *take, int64_t id, bool suspect,
                     struct sp_received *out)
{
    struct receipt receipt = {id, (int64_t)(sp_random() >> 1) + 1};
    sqlite3_stmt *lease = handle->lite.statements[QUEUE_LEASE];
    sqlite3_bind_int64(lease, 1, id);
    sqlite3_bind_int64(lease, 2, take->lease_end);
    sqlite3_bind_int64(lease, 3, receipt.token);
    sqlite3_bind_int64(lease, 4, take->holder);
    sqlite3_bind_int(lease, 5, suspect);
    out->receipt = sp_arena_copy(take->arena, (struct sp_slice){(const char *)&receipt, sizeof receipt});
    out->lease_end = take->lease_end;
    out->received_before = suspect;
    return lite_run(lease);
}

static int take_one(struct queue_handle *handle, struct take *take, int64_t id, bool suspect)
{
    struct sp_received *out = &take->messages[take->count];
    bool there;
    int rc = take_body(handle, take, id, out, &there);
    lite_reset(handle->lite.statements[QUEUE_MESSAGE]);
    if (rc != SQLITE_OK || take->full)
        return rc;
    if (there) {
        rc = put_lease(handle, take, id, suspect, out);
        take->count++;
        return rc;
    }
    sqlite3_stmt *forget = handle->lite.statements[QUEUE_FORGET];
    sqlite3_bind_int64(forget, 1, id);
    return lite_run(forget);
}

/* The ids first, then the messages: a cursor over leases must not see those that are put meanwhile. */
#define PICK 64
struct pick {
    int64_t id;
    bool suspect;
};

static int pick_ids(sqlite3_stmt *select, int limit_index, size_t limit, struct pick *picks,
                    size_t *count_out)
{
    size_t count = 0;
    int rc;
    sqlite3_bind_int64(select, limit_index, (int64_t)(limit < PICK ? limit : PICK));
    while ((rc = sqlite3_step(select)) == SQLITE_ROW)
        picks[count++] = (struct pick){sqlite3_column_int64(select, 0), sqlite3_column_int(select, 1)};
    lite_reset(select);
    *count_out = count;
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Those whose lease ended, or that were released. */
static int take_free(struct queue_handle *handle, struct take *take)
{
    struct pick picks[PICK];
    size_t count = PICK;
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK && count == PICK && !take->full && take->count < take->max) {
        sqlite3_stmt *free_ones = handle->lite.statements[QUEUE_FREE];
        sqlite3_bind_int64(free_ones, 1, sp_clock_now());
        rc = pick_ids(free_ones, 2, take->max - take->count, picks, &count);
        for (size_t i = 0; i < count && rc == SQLITE_OK && !take->full; i++)
            rc = take_one(handle, take, picks[i].id, picks[i].suspect);
    }
    return rc;
}

static int take_new(struct queue_handle *handle, struct take *take)
{
    struct pick picks[PICK];
    size_t count = PICK;
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK && count == PICK && !take->full && take->count < take->max) {
        rc = pick_ids(handle->lite.statements[QUEUE_NEW], 1, take->max - take->count, picks, &count);
        int64_t taken = 0;
        for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
            rc = take_one(handle, take, picks[i].id, false);
            if (take->full)
                break;
            taken = picks[i].id;
        }
        if (rc == SQLITE_OK && taken) {
            sqlite3_bind_int64(handle->lite.statements[QUEUE_TAKEN], 1, taken);
            rc = lite_run(handle->lite.statements[QUEUE_TAKEN]);
        }
    }
    return rc;
}

/* Takes what there is, with one transaction.  A lost lease is no loss, so the disk is not waited for. */
static int take_some(struct queue_handle *handle, struct take *take, struct sp_error *err)
{
    struct lite *db = &handle->lite;
    if (lite_begin(db, LITE_RELAXED, err) < 0)
        return -1;
    take->count = take->bytes = 0;
    take->full = false;
    take->lease_end = sp_clock_now() + take->want->lease_ns;
    int rc = holder_register(handle, &take->holder);
    if (rc == SQLITE_OK)
        rc = take_free(handle, take);
    if (rc == SQLITE_OK)
        rc = take_new(handle, take);
    return rc == SQLITE_OK ? lite_commit(db, RECEIVE_DOING, err) : lite_fail(db, rc, RECEIVE_DOING, err);
}

/* Looks, without a lock, whether there is something to take; else when the first lease ends.  SQLite's code.
 */
static int peek(struct queue_handle *handle, bool *there_out, int64_t *due_out)
{
    sqlite3_stmt *statement = handle->lite.statements[QUEUE_PEEK];
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) {
        lite_reset(statement);
        return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
    }
    bool leases = sqlite3_column_type(statement, 1) != SQLITE_NULL;
    *due_out = leases ? sqlite3_column_int64(statement, 1) : INT64_MAX;
    *there_out = sqlite3_column_int(statement, 0) || *due_out <= sp_clock_now();
    lite_reset(statement);
    return leases && !*there_out ? holder_any_gone(handle, there_out) : SQLITE_OK;
}

static int receive_until(struct queue_handle *handle, struct take *take, int64_t until, struct sp_error *err)
{
    for (;;) {
        uint64_t seen = queue_changes(handle->queue);
        int64_t version = queue_version(handle), due = 0;
        bool there = false;
        int rc = peek(handle, &there, &due);
        if (rc != SQLITE_OK)
            return lite_fail(&handle->lite, rc, RECEIVE_DOING, err);
        if (there && take_some(handle, take, err) < 0)
            return -1;
        if (take->count > 0 || sp_clock_now() >= until)
            return 0;
        if (!there)
            queue_wait(handle, seen, version, due < until ? due : until);
        if (atomic_load(&handle->lite.interrupted))
            return lite_fail(&handle->lite, SQLITE_INTERRUPT, RECEIVE_DOING, err);
    }
}

int queue_receive(void *opaque, const struct sp_receive *want, struct sp_arena *arena,
                  const struct sp_received **messages, size_t *count, int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    int64_t now = sp_clock_now();
    int64_t until = want->wait_ns < deadline - now ? now + want->wait_ns : deadline;
    if (lite_enter(&handle->lite, deadline, err) < 0)
        return -1;
    struct take take = {.want = want, .arena = arena};
    take.max = want->max_messages < RECEIVE_MAX ? want->max_messages : RECEIVE_MAX;
    take.messages = sp_arena_alloc(arena, take.max * sizeof *take.messages);
    if (receive_until(handle, &take, until, err) < 0)
        return -1;
    *messages = take.messages;
    *count = take.count;
    return 0;
}
