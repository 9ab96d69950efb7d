/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "text.h"

size_t sql_sequence(const unsigned char *text, size_t size, uint32_t *point_out)
{
    unsigned char lead = text[0];
    size_t length = lead < 0x80   ? 1
                    : lead < 0xc2 ? 0
                    : lead < 0xe0 ? 2
                    : lead < 0xf0 ? 3
                    : lead < 0xf5 ? 4
                                  : 0;
    if (length == 0 || length > size)
        return 0;
    uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3fu);
    }
    bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    *point_out = point;
    return length;
}

bool sql_can_be_text(struct sp_slice bytes)
{
    const unsigned char *text = (const unsigned char *)bytes.data;
    uint32_t point;
    for (size_t at = 0, length; at < bytes.size; at += length) {
        length = sql_sequence(text + at, bytes.size - at, &point);
        if (length == 0 || point == 0)
            return false;
    }
    return true;
}

bool sql_is_decimal(const char *text, uint32_t scale)
{
    static const char digits[] = "0123456789";
    text += *text == '-';
    size_t whole = strspn(text, digits);
    text += whole;
    if (whole == 0 || scale == 0)
        return whole > 0 && !*text;
    return *text == '.' && strspn(text + 1, digits) == scale && !text[1 + scale];
}
