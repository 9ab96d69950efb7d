/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/json_inside.h"
#include "base/utf8.h"

#include <assert.h>

static size_t utf8_encode(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

static uint32_t hex_unit(const char *digits)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = digits[i];
        unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

size_t json_decode_escape(const char **at, char out[4])
{
    char letter = (*at)[1];
    if (letter != 'u') {
        static const char letters[] = "bfnrt";
        static const char meant[] = "\b\f\n\r\t";
        const char *found = strchr(letters, letter);
        out[0] = found ? meant[found - letters] : letter;
        *at += 2;
        return 1;
    }
    uint32_t point = hex_unit(*at + 2);
    *at += 6;
    if (point >= 0xD800 && point <= 0xDBFF) {
        point = 0x10000 + ((point - 0xD800) << 10) + (hex_unit(*at + 2) - 0xDC00);
        *at += 6;
    }
    return utf8_encode(point, out);
}

struct sp_slice sp_json_unescape(const struct sp_json_value *value, struct sp_arena *arena)
{
    assert(value->kind == SP_JSON_STRING || value->kind == SP_JSON_STRING_ESCAPED);
    if (value->kind == SP_JSON_STRING)
        return value->raw;
    /* An escape is never shorter than what it stands for. */
    char *text = sp_arena_alloc(arena, value->raw.size + 4);
    size_t size = 0;
    const char *at = value->raw.data, *end = at + value->raw.size;
    while (at < end) {
        if (*at == '\\')
            size += json_decode_escape(&at, text + size);
        else
            text[size++] = *at++;
    }
    return (struct sp_slice){text, size};
}

bool sp_json_int64(const struct sp_json_value *value, int64_t *out)
{
    if (value->kind != SP_JSON_INTEGER)
        return false;
    const char *at = value->raw.data, *end = at + value->raw.size;
    bool negative = *at == '-';
    at += negative;
    if (end - at > 19)
        return false; /* a JSON number has no leading zeros */
    uint64_t magnitude = 0;
    for (; at < end; at++)
        magnitude = magnitude * 10 + (uint64_t)(*at - '0');
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

/* Writes one byte, or one sequence, of `text` as JSON; at most 6 bytes. */
static size_t quote_one(const char **at, const char *end, char *out)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)**at;
    size_t length = utf8_length(*at, (size_t)(end - *at));
    if (length == 0) {
        *at += 1;
        memcpy(out, "\xEF\xBF\xBD", 3);
        return 3;
    }
    if (c == '"' || c == '\\') {
        *at += 1;
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    if (c < 0x20) {
        *at += 1;
        memcpy(out, "\\u00", 4);
        out[4] = hex[c >> 4];
        out[5] = hex[c & 15];
        return 6;
    }
    memcpy(out, *at, length);
    *at += length;
    return length;
}

struct sp_slice sp_json_quote(struct sp_slice text, struct sp_arena *arena)
{
    size_t room = text.size * 6 + 2;
    char *out = sp_arena_alloc(arena, room);
    size_t size = 0;
    out[size++] = '"';
    const char *at = text.data, *end = text.size ? at + text.size : at;
    while (at < end)
        size += quote_one(&at, end, out + size);
    out[size++] = '"';
    return (struct sp_slice){sp_arena_resize(arena, out, room, size), size};
}

const char *sp_json_kind_name(enum sp_json_kind kind)
{
    switch (kind) {
    case SP_JSON_ABSENT:
        return "nothing";
    case SP_JSON_NULL:
        return "null";
    case SP_JSON_TRUE:
    case SP_JSON_FALSE:
        return "boolean";
    case SP_JSON_INTEGER:
        return "integer";
    case SP_JSON_NUMBER:
        return "number";
    case SP_JSON_STRING:
    case SP_JSON_STRING_ESCAPED:
        return "string";
    case SP_JSON_OBJECT:
        return "object";
    case SP_JSON_ARRAY:
        return "array";
    }
    return "nothing";
}
