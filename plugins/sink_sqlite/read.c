/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

static const char doing[] = "reading rows";

static int take_row(struct sink_handle *handle, sqlite3_stmt *row, struct sp_arena *arena,
                    struct sp_value *values_out, struct sp_error *err)
{
    const struct sp_table *table = handle->sink->table;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *wrong = value_take(row, (int)i, &table->columns[i], arena, &values_out[i]);
        if (!wrong)
            continue;
        lite_rollback(&handle->lite);
        return sp_fail(err, SP_REJECTED, "%s: column %s of table %s holds what %s",
                       handle->sink->store.config->path, table->columns[i].name, table->name, wrong);
    }
    return 0;
}

int sink_read(void *opaque, const struct sp_batch *keys, struct sp_arena *arena, struct sp_value *values_out,
              bool *found, int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    const struct sp_table *table = handle->sink->table;
    sqlite3_stmt *statement;
    bool there;
    if (lite_look(&handle->lite, deadline, &there, err) < 0)
        return -1;
    if (!there) {
        sp_fail(err, SP_REFUSED, "%s: there is no such file", handle->sink->store.config->path);
        return sp_fail_cure(err, "it is made when the first rows are written");
    }
    int rc = statement_read(handle, &statement);
    for (size_t row = 0; rc == SQLITE_OK && row < keys->row_count; row++) {
        const struct sp_value *key = keys->values + row * table->column_count;
        for (size_t i = 0; i < table->key_count; i++)
            value_bind(statement, (int)i + 1, &table->columns[i], &key[i], handle->times[i]);
        rc = sqlite3_step(statement);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            break;
        found[row] = rc == SQLITE_ROW;
        if (found[row] && take_row(handle, statement, arena, values_out + row * table->column_count, err) < 0)
            return -1;
        lite_reset(statement);
        if (lite_go_on(&handle->lite, doing, err) < 0)
            return -1;
        rc = SQLITE_OK;
    }
    return rc == SQLITE_OK ? 0 : statement_fail(handle, rc, doing, err);
}
