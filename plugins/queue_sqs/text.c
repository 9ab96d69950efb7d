/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What one large request took is given back by the next that is small. */
enum { KEPT_BYTES = 4 << 20 };

void text_fini(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    if (text->capacity > KEPT_BYTES)
        text_fini(text);
    text->size = 0;
    text->failed = false;
}

bool text_failed(const struct text *text)
{
    return text->failed;
}

/* Room for `more` bytes, or NULL. */
static char *room(struct text *text, size_t more)
{
    if (text->failed)
        return NULL;
    if (text->capacity - text->size < more) {
        size_t capacity = text->capacity * 2 > text->size + more ? text->capacity * 2 : text->size + more;
        char *data = realloc(text->data, capacity);
        text->failed = !data;
        if (!data)
            return NULL;
        text->data = data;
        text->capacity = capacity;
    }
    return text->data + text->size;
}

static void add(struct text *text, const char *data, size_t size)
{
    char *at = size ? room(text, size) : NULL;
    if (!at)
        return;
    memcpy(at, data, size);
    text->size += size;
}

void text_add(struct text *text, const char *raw)
{
    add(text, raw, strlen(raw));
}

void text_printf(struct text *text, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof line)
        text->failed = true;
    else
        add(text, line, (size_t)size);
}

void text_string(struct text *text, struct sp_slice value)
{
    static const char digits[] = "0123456789abcdef";
    char *begin = room(text, value.size * 6 + 2), *at = begin;
    if (!begin)
        return;
    *at++ = '"';
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            *at++ = (char)c;
            continue;
        }
        *at++ = '\\';
        if (c == '"' || c == '\\')
            *at++ = (char)c;
        else if (c == '\n')
            *at++ = 'n';
        else {
            memcpy(at, "u00", 3);
            at[3] = digits[c >> 4];
            at[4] = digits[c & 15];
            at += 5;
        }
    }
    *at++ = '"';
    text->size += (size_t)(at - begin);
}

/* The code point of the sequence at `at`, and its length; 0: it is no UTF-8 (RFC 3629). */
static size_t decode(const unsigned char *at, size_t left, uint32_t *out)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 1) {
        *out = at[0];
        return 1;
    }
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < size)
        return 0;
    uint32_t code = at[0] & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    *out = code;
    return code >= least[size] ? size : 0;
}

static bool allowed(uint32_t code)
{
    return code == 0x9 || code == 0xa || code == 0xd || (code >= 0x20 && code <= 0xd7ff) ||
           (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

size_t text_bad_at(struct sp_slice value)
{
    const unsigned char *data = (const unsigned char *)value.data;
    for (size_t at = 0; at < value.size;) {
        uint32_t code;
        if (data[at] >= 0x20 && data[at] < 0x80) {
            at++;
            continue;
        }
        size_t size = decode(data + at, value.size - at, &code);
        if (size == 0 || !allowed(code))
            return at;
        at += size;
    }
    return SIZE_MAX;
}
