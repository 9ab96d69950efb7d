/* SPDX-License-Identifier: Apache-2.0 */

/* Which call, and which entry of it, is meant.  Pure. */

#include <config.h>

#include "wrap.h"

#include <stdio.h>

bool wrap_match_is_empty(const struct wrap_match *match)
{
    return !match->key && !match->order && !match->bytes;
}

size_t wrap_entries(const struct wrap_call *call)
{
    if (call->batch)
        return call->batch->table ? call->batch->row_count : call->batch->event_count;
    return call->messages || call->letters ? call->count : 0;
}

static bool has_bytes(const char *data, size_t size, const char *bytes)
{
    return data && memmem(data, size, bytes, strlen(bytes)) != NULL;
}

static bool is_value(const struct sp_column *column, const struct sp_value *value, const char *text)
{
    char number[32];
    if (!value->present)
        return false;
    if (column->type == SP_TYPE_TEXT || column->type == SP_TYPE_DECIMAL || column->type == SP_TYPE_JSON)
        return sp_slice_equal(sp_slice_of(text), (struct sp_slice){value->text, value->length});
    snprintf(number, sizeof number, "%lld", (long long)value->number);
    return strcmp(number, text) == 0;
}

static bool is_text(const struct sp_column *column)
{
    return column->type == SP_TYPE_TEXT || column->type == SP_TYPE_JSON;
}

static bool matches_row(const struct wrap_match *match, const struct sp_batch *batch, size_t row)
{
    const struct sp_table *table = batch->table;
    const struct sp_value *values = batch->values + row * table->column_count;
    bool key = !match->key, order = !match->order, bytes = !match->bytes;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (column->role == SP_ROLE_KEY)
            key = key || is_value(column, &values[i], match->key);
        if (column->role == SP_ROLE_ORDER)
            order = order || is_value(column, &values[i], match->order);
        if (is_text(column) && values[i].present)
            bytes = bytes || has_bytes(values[i].text, values[i].length, match->bytes);
    }
    return key && order && bytes;
}

static bool matches_letter(const struct wrap_match *match, const struct sp_letter *letter)
{
    return (!match->key || (letter->event_key && strcmp(letter->event_key, match->key) == 0)) &&
           (!match->order || (letter->event_id && strcmp(letter->event_id, match->order) == 0)) &&
           (!match->bytes || has_bytes(letter->event.data, letter->event.size, match->bytes));
}

bool wrap_matches_entry(const struct wrap_match *match, const struct wrap_call *call, size_t entry)
{
    if (call->batch && call->batch->table)
        return matches_row(match, call->batch, entry);
    if (call->letters)
        return matches_letter(match, &call->letters[entry]);
    if (!match->bytes || match->key || match->order)
        return false;
    struct sp_slice body = call->batch ? call->batch->events[entry] : call->messages[entry].body;
    return has_bytes(body.data, body.size, match->bytes);
}

bool wrap_matches(const struct wrap_match *match, const struct wrap_call *call)
{
    if (wrap_match_is_empty(match))
        return true;
    for (size_t i = 0; i < wrap_entries(call); i++)
        if (wrap_matches_entry(match, call, i))
            return true;
    return false;
}
