/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

void lite_reset(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

int lite_run(sqlite3_stmt *statement)
{
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        continue;
    lite_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int lite_execute(struct lite *db, const char *sql)
{
    return sqlite3_exec(db->file, sql, NULL, NULL, NULL);
}

int lite_count(sqlite3_stmt *counter, int64_t *value_out)
{
    int rc = sqlite3_step(counter);
    if (rc == SQLITE_ROW) {
        *value_out = sqlite3_column_int64(counter, 0);
        return lite_run(counter);
    }
    lite_reset(counter);
    /* Somebody deleted the row by hand: starting again at 1 would bring versions back. */
    return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

void lite_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

const char *lite_column_text(sqlite3_stmt *statement, int index, struct sp_arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    return text ? sp_arena_text(arena, text, (size_t)sqlite3_column_bytes(statement, index)) : NULL;
}

struct sp_slice lite_column_slice(sqlite3_stmt *statement, int index, struct sp_arena *arena)
{
    const char *data = sqlite3_column_blob(statement, index);
    size_t size = (size_t)sqlite3_column_bytes(statement, index);
    return data ? sp_arena_copy(arena, (struct sp_slice){data, size}) : (struct sp_slice){"", 0};
}
