/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/rows.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include <scanpipe/time.h>

#include <inttypes.h>

/* How many columns of a terminal the text takes, near enough: a code point is one. */
static size_t width_of(struct sp_slice text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.size; width++) {
        size_t length = utf8_length(text.data + at, text.size - at);
        at += length ? length : 1;
    }
    return width;
}

void rows_add_cell(struct buffer *cell, const struct sp_column *column, const struct sp_value *value,
                   unsigned time_digits)
{
    char time[SP_TIME_TEXT_SIZE];
    if (!value->present) {
        buffer_add_text(cell, "NULL");
        return;
    }
    switch (column->type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
        buffer_printf(cell, "%" PRId64, value->number);
        break;
    case SP_TYPE_BOOLEAN:
        buffer_add_text(cell, value->number ? "true" : "false");
        break;
    case SP_TYPE_TIMESTAMP:
        sp_time_format(value->number, time_digits, time);
        buffer_add_text(cell, time);
        break;
    case SP_TYPE_DECIMAL:
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        cmd_add_escaped(cell, (struct sp_slice){value->text, value->length});
        break;
    }
}

static void add_padded(struct buffer *out, struct sp_slice text, size_t width, bool right)
{
    size_t pad = width - width_of(text);
    for (size_t i = 0; right && i < pad; i++)
        buffer_add_char(out, ' ');
    buffer_add(out, text.data, text.size);
    for (size_t i = 0; !right && i < pad; i++)
        buffer_add_char(out, ' ');
}

static bool is_number(const struct sp_column *column)
{
    return column->type == SP_TYPE_INT || column->type == SP_TYPE_BIGINT || column->type == SP_TYPE_DECIMAL;
}

/* Fills what each column of the terminal needs. */
static void measure(const struct sp_table *table, const struct sp_batch *batch, unsigned time_digits,
                    size_t *widths)
{
    SP_AUTO(buffer_fini) struct buffer cell = {0};
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = width_of(sp_slice_of(table->columns[i].name));
        for (size_t row = 0; row < batch->row_count; row++) {
            buffer_clear(&cell);
            rows_add_cell(&cell, &table->columns[i], &batch->values[row * table->column_count + i],
                          time_digits);
            size_t width = width_of((struct sp_slice){cell.data, cell.size});
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
}

static void end_line(struct buffer *out)
{
    while (out->size > 0 && out->data[out->size - 1] == ' ')
        out->data[--out->size] = '\0';
    buffer_add_char(out, '\n');
}

void rows_add_text(struct buffer *out, const struct sp_table *table, const struct sp_batch *batch,
                   unsigned time_digits)
{
    SP_AUTO(buffer_fini) struct buffer cell = {0};
    SP_AUTO(mem_free_at) size_t *widths = mem_zalloc(table->column_count * sizeof *widths);
    measure(table, batch, time_digits, widths);
    for (size_t line = 0; line <= batch->row_count; line++) {
        for (size_t i = 0; i < table->column_count; i++) {
            const struct sp_column *column = &table->columns[i];
            if (column->hidden)
                continue;
            struct sp_slice text = sp_slice_of(column->name);
            if (line > 0) {
                buffer_clear(&cell);
                rows_add_cell(&cell, column, &batch->values[(line - 1) * table->column_count + i],
                              time_digits);
                text = (struct sp_slice){cell.data, cell.size};
            }
            add_padded(out, text, widths[i], is_number(column));
            buffer_add_text(out, "  ");
        }
        end_line(out);
    }
    buffer_add_char(out, '\n');
}

void rows_add_json_value(struct buffer *out, const struct sp_column *column, const struct sp_value *value,
                         unsigned time_digits)
{
    SP_AUTO(buffer_fini) struct buffer cell = {0};
    struct sp_slice text = {value->text, value->length};
    if (!value->present) {
        buffer_add_text(out, "null");
    } else if (column->type == SP_TYPE_JSON || column->type == SP_TYPE_DECIMAL) {
        buffer_add(out, text.data, text.size);
    } else if (column->type == SP_TYPE_TEXT) {
        buffer_add_json(out, text);
    } else if (column->type == SP_TYPE_TIMESTAMP) {
        rows_add_cell(&cell, column, value, time_digits);
        buffer_add_json(out, (struct sp_slice){cell.data, cell.size});
    } else {
        rows_add_cell(&cell, column, value, time_digits);
        buffer_add(out, cell.data, cell.size);
    }
}

void rows_add_json(struct buffer *out, const struct sp_table *table, const struct sp_batch *batch,
                   unsigned time_digits)
{
    for (size_t row = 0; row < batch->row_count; row++) {
        buffer_add_text(out, "{\"row\":{");
        bool first = true;
        for (size_t i = 0; i < table->column_count; i++) {
            const struct sp_column *column = &table->columns[i];
            if (column->hidden)
                continue;
            buffer_add_text(out, first ? "" : ",");
            buffer_add_json(out, sp_slice_of(column->name));
            buffer_add_char(out, ':');
            rows_add_json_value(out, column, &batch->values[row * table->column_count + i], time_digits);
            first = false;
        }
        buffer_add_text(out, "}}\n");
    }
}
