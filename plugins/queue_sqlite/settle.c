/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

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

int queue_settle(void *opaque, const struct sp_settle *entries, size_t count, struct sp_result *results,
                 int64_t deadline, struct sp_error *err)
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
    if (released || handle->queue->config->max_size > 0) /* what is done makes room for who sends */
        queue_tell_change(handle->queue);
    return 0;
}

int queue_extend(void *opaque, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
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
