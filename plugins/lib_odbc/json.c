/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "json.h"

#include "../lib_sql/text.h"

#include <stdlib.h>

#define KEPT ((size_t)8 * 1024 * 1024)

void json_fini(struct odbc_json *json)
{
    free(json->data);
    *json = (struct odbc_json){0};
}

void json_clear(struct odbc_json *json)
{
    if (json->room > KEPT)
        json_fini(json);
    json->size = 0;
}

/* Room for so many bytes more, and a NUL. */
static char *make_room(struct odbc_json *json, size_t size)
{
    if (json->room - json->size <= size) {
        size_t room = json->room * 2 > json->size + size + 1 ? json->room * 2 : json->size + size + 4096;
        json->data = realloc(json->data, room);
        if (!json->data)
            abort();
        json->room = room;
    }
    return json->data + json->size;
}

void json_add(struct odbc_json *json, const char *data, size_t size)
{
    char *at = make_room(json, size);
    if (size)
        memcpy(at, data, size);
    at[size] = '\0';
    json->size += size;
}

void json_number(struct odbc_json *json, int64_t number)
{
    char text[20], *end = text + sizeof text, *at = end;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    json_add(json, at, (size_t)(end - at));
}

static void add_unit(struct odbc_json *json, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\',
                    'u',
                    digits[unit >> 12 & 15],
                    digits[unit >> 8 & 15],
                    digits[unit >> 4 & 15],
                    digits[unit & 15]};
    json_add(json, text, sizeof text);
}

static size_t add_escaped(struct odbc_json *json, const unsigned char *text, size_t size)
{
    uint32_t point = 0xfffd;
    if (*text == '"' || *text == '\\') {
        json_add(json, (char[]){'\\', (char)*text}, 2);
        return 1;
    }
    if (*text < 0x20) {
        add_unit(json, *text);
        return 1;
    }
    size_t length = sql_sequence(text, size, &point);
    if (point >= 0x10000) {
        add_unit(json, 0xd7c0 + (point >> 10));
        add_unit(json, 0xdc00 | (point & 0x3ff));
    } else {
        add_unit(json, point);
    }
    return length ? length : 1;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void json_string(struct odbc_json *json, const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    json_raw(json, "\"");
    for (size_t at = 0; at < size;) {
        size_t plain = at;
        while (plain < size && is_plain(bytes[plain]))
            plain++;
        json_add(json, text + at, plain - at);
        at = plain;
        if (at < size)
            at += add_escaped(json, bytes + at, size - at);
    }
    json_raw(json, "\"");
}

void json_hex(struct odbc_json *json, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    char *at = make_room(json, size * 2 + 2);
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at++ = '"';
    *at = '\0';
    json->size += size * 2 + 2;
}

void json_text_member(struct odbc_json *json, const char *name, const char *text)
{
    json_raw(json, name);
    if (text)
        json_string(json, text, strlen(text));
    else
        json_raw(json, "null");
}

void json_number_member(struct odbc_json *json, const char *name, int64_t number)
{
    json_raw(json, name);
    json_number(json, number);
}
