/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/cells.h"

#include "table/value.h"

#include <assert.h>

void cells_add(struct buffer *out, const struct sp_value *values, const bool *is_text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_add_char(out, values[i].present ? 1 : 0);
        if (!values[i].present)
            continue;
        if (!is_text[i]) {
            buffer_add(out, &values[i].number, sizeof values[i].number);
            continue;
        }
        buffer_add(out, &values[i].length, sizeof values[i].length);
        buffer_add(out, values[i].text, values[i].length);
    }
}

static void take(struct sp_slice *bytes, void *out, size_t size)
{
    assert(size <= bytes->size);
    memcpy(out, bytes->data, size);
    bytes->data += size;
    bytes->size -= size;
}

void cells_take(struct sp_slice bytes, const bool *is_text, size_t count, struct sp_value *values_out)
{
    for (size_t i = 0; i < count; i++) {
        struct sp_value *value = &values_out[i];
        char present;
        *value = (struct sp_value){.present = false};
        take(&bytes, &present, 1);
        value->present = present != 0;
        if (!value->present)
            continue;
        if (!is_text[i]) {
            take(&bytes, &value->number, sizeof value->number);
            continue;
        }
        take(&bytes, &value->length, sizeof value->length);
        assert(value->length <= bytes.size);
        value->text = bytes.data;
        bytes.data += value->length;
        bytes.size -= value->length;
    }
}

/* The highest byte first, and negative numbers below the others. */
static void add_number(struct buffer *out, int64_t number)
{
    uint64_t bits = (uint64_t)number ^ (UINT64_C(1) << 63);
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_add_char(out, (char)(bits >> shift));
}

void cells_add_key(struct buffer *out, const struct sp_table *table, const struct sp_value *row)
{
    for (size_t i = 0; i < table->key_count; i++) {
        if (!value_is_text(table->columns[i].type)) {
            add_number(out, row[i].number);
            continue;
        }
        /* Text has no NUL in it: with one behind it, "a" stands before "ab". */
        buffer_add(out, row[i].text, row[i].length);
        buffer_add_char(out, '\0');
    }
}
