/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include "../lib_sql/text.h"

#include <errno.h>
#include <stdlib.h>

static void put_time(struct odbc_json *json, int64_t ticks, unsigned digits)
{
    char text[SP_TIME_TEXT_SIZE + 1] = "\"";
    size_t end = sp_time_format(ticks, digits, text + 1) + 1;
    text[end] = '"';
    json_add(json, text, end + 1);
}

static void put_value(struct odbc_json *json, const struct sp_column *column, const struct sp_value *value,
                      unsigned time_digits)
{
    switch (column->type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
        json_number(json, value->number);
        break;
    case SP_TYPE_BOOLEAN:
        json_raw(json, value->number ? "true" : "false");
        break;
    case SP_TYPE_TIMESTAMP:
        put_time(json, value->number, time_digits);
        break;
    case SP_TYPE_DECIMAL:
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        json_string(json, value->text, value->length);
        break;
    }
}

/* What is NULL is left out: what is not there is NULL to every database, and need not be read. */
static void put_row(struct odbc_json *json, const struct sp_table *table, const struct sp_value *values,
                    size_t width, unsigned digits, bool first)
{
    for (size_t i = 0; i < width; i++) {
        if (!values[i].present)
            continue;
        json_raw(json, i || !first ? ",\"c" : "\"c");
        json_number(json, (int64_t)i);
        json_raw(json, "\":");
        put_value(json, &table->columns[i], &values[i], digits);
    }
}

void value_put_rows(struct odbc_sink_handle *handle, const struct sp_batch *batch, bool keys)
{
    const struct sp_table *table = handle->sink->table;
    struct odbc_json *json = &handle->db.json;
    unsigned digits = handle->sink->store.dialect->time_digits;
    size_t width = keys ? table->key_count : table->column_count;
    json_clear(json);
    json_raw(json, "[");
    for (size_t i = 0; i < batch->row_count; i++) {
        json_raw(json, i ? ",{" : "{");
        if (keys)
            json_number_member(json, "\"n\":", (int64_t)i);
        put_row(json, table, &batch->values[i * table->column_count], width, digits, !keys);
        json_raw(json, "}");
    }
    json_raw(json, "]");
}

static const char *take_number(const char *text, enum sp_type type, int64_t *out)
{
    char *end;
    if (type == SP_TYPE_BOOLEAN) {
        *out = *text == '1' || *text == 't';
        return NULL;
    }
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno || *end || end == text ? "is no integer" : NULL;
}

/* NULL, or why the text is no value of the column. */
static const char *take(const struct sp_column *column, struct sp_slice text, struct sp_value *out)
{
    *out = (struct sp_value){.present = text.data != NULL};
    if (!out->present)
        return NULL;
    switch (column->type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
    case SP_TYPE_BOOLEAN:
        return take_number(text.data, column->type, &out->number);
    case SP_TYPE_TIMESTAMP:
        return sp_time_parse(text, &out->number);
    case SP_TYPE_DECIMAL:
        if (!sql_is_decimal(text.data, column->scale))
            return "is no decimal of its scale";
        break;
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        break;
    }
    out->text = text.data;
    out->length = (uint32_t)text.size;
    return NULL;
}

int value_take(struct odbc_sink_handle *handle, size_t index, struct sp_arena *arena, struct sp_value *out,
               const char *doing, struct sp_error *err)
{
    const struct sp_table *table = handle->sink->table;
    struct sp_slice text;
    /* The row's number comes first. */
    if (odbc_text(&handle->db, (SQLUSMALLINT)(index + 2), arena, &text, doing, err) < 0)
        return -1;
    const char *wrong = take(&table->columns[index], text, out);
    return wrong ? sp_fail(err, SP_REJECTED, "%s: column %s of table %s holds what %s",
                           handle->sink->store.place, table->columns[index].name, table->name, wrong)
                 : 0;
}
