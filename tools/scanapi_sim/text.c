/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char digit_pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940"
    "4142434445464748495051525354555657585960616263646566676869707172737475767778798081"
    "828384858687888990919293949596979899";

char *text_reserve(struct text *text, size_t more)
{
    if (text->room - text->length < more) {
        size_t room = text->room ? text->room : 4096;
        while (room - text->length < more)
            room *= 2;
        text->data = realloc(text->data, room);
        if (!text->data) {
            fputs("scanapi-sim: out of memory\n", stderr);
            abort();
        }
        text->room = room;
    }
    return text->data + text->length;
}

void text_ends_at(struct text *text, const char *end)
{
    text->length = (size_t)(end - text->data);
    assert(text->length <= text->room);
}

void text_append(struct text *text, const void *bytes, size_t length)
{
    if (length)
        memcpy(text_reserve(text, length), bytes, length);
    text->length += length;
}

void text_fill(struct text *text, char byte, size_t count)
{
    memset(text_reserve(text, count), byte, count);
    text->length += count;
}

void text_format(struct text *text, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *to = text_reserve(text, 1024);
    int length = vsnprintf(to, 1024, format, values);
    va_end(values);
    assert(length >= 0 && length < 1024);
    text->length += (size_t)length;
}

void text_fini(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

char *write_number(char *to, uint64_t number)
{
    char digits[20];
    char *first = digits + sizeof digits;
    while (number >= 100) {
        first -= 2;
        memcpy(first, digit_pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (number >= 10) {
        first -= 2;
        memcpy(first, digit_pairs + number * 2, 2);
    } else {
        *--first = (char)('0' + number);
    }
    return write_bytes(to, first, (size_t)(digits + sizeof digits - first));
}

char *write_padded(char *to, uint64_t number, unsigned width)
{
    for (unsigned at = width; at > 0; number /= 10)
        to[--at] = (char)('0' + number % 10);
    return to + width;
}
