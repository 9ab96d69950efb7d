/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_TEXT_H
#define LIB_AWS_TEXT_H

/* Text that is put together in a buffer of fixed size.  What does not fit is left out, and `full` says so;
 * there is always a NUL behind it. */

#include <scanpipe/base.h>

struct text {
    char *data;
    size_t capacity, size;
    bool full;
};

static inline struct text text_in(char *buffer, size_t capacity)
{
    buffer[0] = '\0';
    return (struct text){.data = buffer, .capacity = capacity};
}

static inline void text_put(struct text *text, const char *data, size_t size)
{
    if (text->full || size >= text->capacity - text->size) {
        text->full = true;
        return;
    }
    if (size)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static inline void text_say(struct text *text, const char *words)
{
    text_put(text, words, strlen(words));
}

static inline void text_slice(struct text *text, struct sp_slice slice)
{
    text_put(text, slice.data, slice.size);
}

/* As RFC 3986 quotes it: all but letters, digits, "-._~" and what is in `safe`. */
static inline void text_quote(struct text *text, struct sp_slice slice, const char *safe)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < slice.size; i++) {
        unsigned char c = (unsigned char)slice.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && (strchr("-._~", c) || strchr(safe, c)));
        if (plain)
            text_put(text, slice.data + i, 1);
        else
            text_put(text, (const char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
    }
}

static inline void text_hex(struct text *text, const unsigned char *bytes, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++)
        text_put(text, (const char[]){hex[bytes[i] >> 4], hex[bytes[i] & 15]}, 2);
}

#endif
