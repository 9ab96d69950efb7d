/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include "../lib_sql/text.h"

void value_bind(sqlite3_stmt *statement, int index, const struct sp_column *column,
                const struct sp_value *value, char time[SP_TIME_TEXT_SIZE])
{
    if (!value->present) {
        sqlite3_bind_null(statement, index);
        return;
    }
    switch (column->type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
    case SP_TYPE_BOOLEAN:
        sqlite3_bind_int64(statement, index, value->number);
        break;
    case SP_TYPE_TIMESTAMP:
        sqlite3_bind_text(statement, index, time, (int)sp_time_format(value->number, 7, time), SQLITE_STATIC);
        break;
    case SP_TYPE_DECIMAL:
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        /* An empty text may come without an address, which SQLite would take for NULL. */
        sqlite3_bind_text64(statement, index, value->length ? value->text : "", value->length, SQLITE_STATIC,
                            SQLITE_UTF8);
        break;
    }
}

const char *value_take(sqlite3_stmt *row, int index, const struct sp_column *column, struct sp_arena *arena,
                       struct sp_value *out)
{
    *out = (struct sp_value){.present = sqlite3_column_type(row, index) != SQLITE_NULL};
    if (!out->present)
        return NULL;
    const char *text;
    switch (column->type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
    case SP_TYPE_BOOLEAN:
        if (sqlite3_column_type(row, index) != SQLITE_INTEGER)
            return "is no integer";
        out->number = sqlite3_column_int64(row, index);
        return NULL;
    case SP_TYPE_TIMESTAMP:
        text = (const char *)sqlite3_column_text(row, index);
        return sp_time_parse((struct sp_slice){text, (size_t)sqlite3_column_bytes(row, index)}, &out->number);
    case SP_TYPE_DECIMAL:
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        break;
    }
    text = (const char *)sqlite3_column_text(row, index);
    if (column->type == SP_TYPE_DECIMAL && !sql_is_decimal(text ? text : "", column->scale))
        return "is no decimal of its scale";
    out->length = (uint32_t)sqlite3_column_bytes(row, index);
    out->text = sp_arena_text(arena, text ? text : "", out->length);
    return NULL;
}
