/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/utf8.h"

static bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_length(const char *text, size_t size)
{
    const unsigned char *c = (const unsigned char *)text;
    if (size == 0)
        return 0;
    if (c[0] < 0x80)
        return 1;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    size_t length = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (size < length)
        return 0;
    /* The second byte's range excludes overlong forms, surrogates and what is over U+10FFFF. */
    unsigned char low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    if (c[1] < low || c[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!continues(c[i]))
            return 0;
    return length;
}

bool utf8_valid(struct sp_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length)
        if ((length = utf8_length(text.data + at, text.size - at)) == 0)
            return false;
    return true;
}

size_t utf8_cut(const char *text, size_t size, size_t limit)
{
    if (size <= limit)
        return size;
    while (limit > 0 && continues((unsigned char)text[limit]))
        limit--;
    return limit;
}

void utf8_make_printable(char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        size_t length = utf8_length(text + at, size - at);
        if (length == 0 || (unsigned char)text[at] < 0x20 || text[at] == 0x7f) {
            text[at] = text[at] == '\n' || text[at] == '\t' ? ' ' : '?';
            length = 1;
        }
        at += length;
    }
}
