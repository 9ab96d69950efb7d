/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include <stdio.h>

static const char doing[] = "writing rows";

/* The text of the failure at hand, kept once; rows beyond what there is room for get SQLite's plain one. */
static const char *keep_text(struct sink_handle *handle, int rc)
{
    struct sink_texts *texts = &handle->texts;
    const char *text = sqlite3_errmsg(handle->lite.file);
    char *room = texts->count < SINK_TEXTS ? texts->texts[texts->count] : NULL;
    for (size_t i = 0; i < texts->count; i++) {
        if (strncmp(texts->texts[i], text, sizeof texts->texts[i] - 1) == 0)
            return texts->texts[i];
    }
    if (!room)
        return sqlite3_errstr(rc);
    snprintf(room, sizeof texts->texts[0], "%s", text);
    texts->count++;
    return room;
}

/* "NOT NULL constraint failed: Table.Column" names the column; others name a constraint, or several columns.
 */
static uint32_t column_to_blame(const struct sp_table *table, const char *text)
{
    const char *name = strrchr(text, ':');
    size_t table_size = strlen(table->name);
    if (!name || name[1] != ' ' || strncmp(name + 2, table->name, table_size) != 0 ||
        name[2 + table_size] != '.')
        return SP_NO_COLUMN;
    name += 3 + table_size;
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return (uint32_t)i;
    }
    return SP_NO_COLUMN;
}

static int write_row(struct sink_handle *handle, sqlite3_stmt *statement, const struct sp_value *row,
                     uint64_t *touched)
{
    const struct sp_table *table = handle->sink->table;
    for (size_t i = 0; i < table->column_count; i++)
        value_bind(statement, (int)i + 1, &table->columns[i], &row[i], handle->times[i]);
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE)
        *touched += (uint64_t)sqlite3_changes64(handle->lite.file);
    int again = sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : again != SQLITE_OK ? again : rc;
}

/*
 * Writes all rows; those that SQLite rejects are named, and their neighbours tried, so that one call finds
 * every culprit.  Returns SQLite's code of what ended the loop; *first_out is that of the first rejection.
 */
static int write_rows(struct sink_handle *handle, const struct sp_batch *batch, struct sp_result *results,
                      uint64_t *touched, int *first_out)
{
    const struct sp_table *table = handle->sink->table;
    sqlite3_stmt *statement;
    int rc = statement_write(handle, &statement);
    for (size_t i = 0; rc == SQLITE_OK && i < batch->row_count; i++) {
        rc = write_row(handle, statement, batch->values + i * table->column_count, touched);
        if (lite_class(rc) == SP_REJECTED) {
            const char *text = keep_text(handle, rc);
            results[i] = (struct sp_result){SP_REJECTED, column_to_blame(table, text), text};
            if (*first_out == SQLITE_OK)
                *first_out = rc;
            /* A trigger of the table's owner may have rolled all of it back. */
            if (sqlite3_get_autocommit(handle->lite.file))
                return SQLITE_OK;
            rc = SQLITE_OK;
        }
        if (rc == SQLITE_OK && i % 64 == 0 &&
            atomic_load_explicit(&handle->lite.interrupted, memory_order_relaxed))
            rc = SQLITE_INTERRUPT;
    }
    return rc;
}

static int fail_rejected(struct sink_handle *handle, const struct sp_batch *batch,
                         const struct sp_result *results, struct sp_error *err)
{
    const char *text = "";
    size_t culprits = 0;
    for (size_t i = batch->row_count; i-- > 0;) {
        if (results[i].class == SP_REJECTED) {
            text = results[i].text;
            culprits++;
        }
    }
    lite_rollback(&handle->lite);
    return sp_fail(err, SP_REJECTED, "%s: table %s takes %zu of %zu rows not: %s",
                   handle->sink->store.config->path, handle->sink->table->name, culprits, batch->row_count,
                   text);
}

int sink_write(void *opaque, const struct sp_batch *batch, struct sp_result *results,
               struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    struct lite *db = &handle->lite;
    uint64_t touched = 0;
    int first = SQLITE_OK;
    handle->texts.count = 0;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    int rc = write_rows(handle, batch, results, &touched, &first);
    if (rc != SQLITE_OK)
        return statement_fail(handle, rc, doing, err);
    if (first != SQLITE_OK)
        return fail_rejected(handle, batch, results, err);
    if (lite_commit(db, doing, err) < 0)
        return -1;
    written->rows_touched = touched;
    return 0;
}
