/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/yaml_inside.h"

#include "base/utf8.h"

static uint32_t code_point(const char *at, size_t length)
{
    const unsigned char *c = (const unsigned char *)at;
    if (length == 1)
        return c[0];
    uint32_t point = c[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        point = point << 6 | (c[i] & 0x3fu);
    return point;
}

/* Beyond what libyaml refuses: its other line ends, which editors do not count as lines. */
static bool is_allowed(uint32_t point)
{
    if (point < 0x20)
        return point == '\t' || point == '\n' || point == '\r';
    if ((point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029)
        return false;
    return point != 0xfeff && point != 0xfffe && point != 0xffff;
}

static void tell_character(uint32_t point, struct mark mark, struct diag *diag)
{
    if (point == 0)
        diag_error(diag, mark, "remove it", "a NUL byte");
    else
        diag_error(diag, mark, "remove it, or write it as an escape in double quotes: \"\\u....\"",
                   "the character U+%04X cannot stand in the file", point);
}

static bool is_utf16(struct sp_slice text)
{
    return text.size >= 2 && (memcmp(text.data, "\xff\xfe", 2) == 0 || memcmp(text.data, "\xfe\xff", 2) == 0);
}

/* A file in another encoding has thousands. */
#define MOST_TOLD 10

bool yaml_check_bytes(struct sp_slice text, struct diag *diag)
{
    struct mark mark = {1, 1, 1};
    size_t bad = 0;
    if (is_utf16(text)) {
        diag_error(diag, (struct mark){0}, "save it as UTF-8", "the file is UTF-16");
        return false;
    }
    for (size_t at = 0, length; at < text.size && bad < MOST_TOLD; at += length ? length : 1, mark.column++) {
        length = utf8_length(text.data + at, text.size - at);
        uint32_t point = length ? code_point(text.data + at, length) : 0;
        bool is_break = point == '\n' || point == '\r';
        if (!length)
            diag_error(diag, mark, "save the file as UTF-8", "the byte 0x%02x is no UTF-8",
                       (unsigned char)text.data[at]);
        else if (!is_allowed(point))
            tell_character(point, mark, diag);
        bad += !length || !is_allowed(point);
        if (is_break && !(point == '\r' && at + 1 < text.size && text.data[at + 1] == '\n'))
            mark = (struct mark){mark.line + 1, 0, 1};
    }
    return bad == 0;
}
