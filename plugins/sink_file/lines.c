/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lines.h"

#include <scanpipe/time.h>
#include <stdio.h>
#include <stdlib.h>

/* What is kept from one batch for the next. */
enum { KEPT_CAPACITY = 4 << 20, TIME_DIGITS = 7 };

void lines_fini(struct lines *lines)
{
    free(lines->data);
    *lines = (struct lines){0};
}

static bool reserve(struct lines *lines, size_t more)
{
    if (lines->failed || lines->capacity - lines->size >= more)
        return !lines->failed;
    size_t capacity = lines->capacity ? lines->capacity : 4096;
    while (capacity - lines->size < more)
        capacity *= 2;
    char *data = realloc(lines->data, capacity);
    if (!data) {
        lines->failed = true;
        return false;
    }
    lines->data = data;
    lines->capacity = capacity;
    return true;
}

static void add(struct lines *lines, const char *data, size_t size)
{
    if (size == 0 || !reserve(lines, size))
        return;
    memcpy(lines->data + lines->size, data, size);
    lines->size += size;
}

static void add_text(struct lines *lines, const char *text)
{
    add(lines, text, strlen(text));
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* The core has seen to it that text is valid UTF-8. */
static void add_string(struct lines *lines, const char *text, size_t size)
{
    add(lines, "\"", 1);
    for (size_t at = 0; at < size;) {
        size_t plain = at;
        while (plain < size && !needs_escape((unsigned char)text[plain]))
            plain++;
        add(lines, text + at, plain - at);
        if (plain < size) {
            char escape[8];
            unsigned char c = (unsigned char)text[plain++];
            int length = snprintf(escape, sizeof escape, c < 0x20 ? "\\u%04x" : "\\%c", c);
            add(lines, escape, (size_t)length);
        }
        at = plain;
    }
    add(lines, "\"", 1);
}

static void add_number(struct lines *lines, int64_t number)
{
    char text[24];
    add(lines, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

static void add_value(struct lines *lines, enum sp_type type, const struct sp_value *value)
{
    char time[SP_TIME_TEXT_SIZE];
    if (!value->present) {
        add_text(lines, "null");
        return;
    }
    switch (type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
        add_number(lines, value->number);
        break;
    case SP_TYPE_BOOLEAN:
        add_text(lines, value->number ? "true" : "false");
        break;
    case SP_TYPE_TIMESTAMP:
        add_string(lines, time, sp_time_format(value->number, TIME_DIGITS, time));
        break;
    case SP_TYPE_TEXT:
        add_string(lines, value->text, value->length);
        break;
    case SP_TYPE_DECIMAL: /* its digits are a JSON number as they stand */
    case SP_TYPE_JSON:
        add(lines, value->text, value->length);
        break;
    }
}

static void add_row(struct lines *lines, const struct sp_table *table, const struct sp_value *values)
{
    const char *between = "{";
    for (size_t i = 0; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (column->hidden)
            continue;
        add_text(lines, between);
        add_string(lines, column->name, strlen(column->name));
        add_text(lines, ":");
        add_value(lines, column->type, &values[i]);
        between = ",";
    }
    add_text(lines, "}\n");
}

int lines_of_batch(struct lines *lines, const struct sp_batch *batch)
{
    if (lines->capacity > KEPT_CAPACITY || lines->failed)
        lines_fini(lines);
    lines->size = 0;
    if (batch->table) {
        for (size_t i = 0; i < batch->row_count; i++)
            add_row(lines, batch->table, &batch->values[i * batch->table->column_count]);
    } else {
        for (size_t i = 0; i < batch->event_count; i++) {
            add(lines, batch->events[i].data, batch->events[i].size);
            add_text(lines, "\n");
        }
    }
    return lines->failed ? -1 : 0;
}
