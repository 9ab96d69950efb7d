/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "base/mem.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

void buffer_fini(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->size + more + 1;
    if (needed <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity ? buffer->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    buffer->data = mem_realloc(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_add(struct buffer *buffer, const void *data, size_t size)
{
    buffer_reserve(buffer, size);
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    buffer_reserve(buffer, (size_t)length);
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
    va_end(again);
    buffer->size += (size_t)length;
}

/* U+FFFE and U+FFFF: XML cannot have them, and so neither can some queues. */
static bool is_no_character(const char *text, size_t size)
{
    return size >= 3 && (memcmp(text, "\xef\xbf\xbe", 3) == 0 || memcmp(text, "\xef\xbf\xbf", 3) == 0);
}

void buffer_add_json(struct buffer *buffer, struct sp_slice text)
{
    buffer_add_char(buffer, '"');
    for (size_t at = 0; at < text.size;) {
        unsigned char c = (unsigned char)text.data[at];
        if (c == '"' || c == '\\') {
            buffer_printf(buffer, "\\%c", c);
            at++;
        } else if (c < 0x20 || c == 0x7f) {
            buffer_printf(buffer, "\\u%04x", c);
            at++;
        } else if (is_no_character(text.data + at, text.size - at)) {
            buffer_printf(buffer, "\\uff%02x", (unsigned char)text.data[at + 2] == 0xbe ? 0xfe : 0xff);
            at += 3;
        } else {
            size_t length = utf8_length(text.data + at, text.size - at);
            buffer_add(buffer, length ? text.data + at : "\xef\xbf\xbd", length ? length : 3);
            at += length ? length : 1;
        }
    }
    buffer_add_char(buffer, '"');
}

void buffer_add_hex(struct buffer *buffer, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer_printf(buffer, "%02x", ((const unsigned char *)bytes)[i]);
}

void buffer_add_base64(struct buffer *buffer, struct sp_slice bytes)
{
    assert(bytes.size <= INT_MAX / 2);
    buffer_reserve(buffer, (bytes.size + 2) / 3 * 4);
    unsigned char *end = (unsigned char *)buffer->data + buffer->size;
    buffer->size += (size_t)EVP_EncodeBlock(end, (const unsigned char *)bytes.data, (int)bytes.size);
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}
