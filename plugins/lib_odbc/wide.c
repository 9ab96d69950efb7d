/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include "../lib_sql/text.h"

#include <stdlib.h>

_Static_assert(sizeof(SQLWCHAR) == 2, "wide characters are UTF-16");

SQLWCHAR *odbc_wide(const char *text, size_t *count_out)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = strlen(text), count = 0;
    SQLWCHAR *out = malloc((size + 1) * sizeof *out);
    if (!out)
        abort();
    for (size_t at = 0; at < size;) {
        uint32_t point = 0xfffd;
        size_t length = sql_sequence(bytes + at, size - at, &point);
        if (point >= 0x10000) {
            out[count++] = (SQLWCHAR)(0xd7c0 + (point >> 10));
            out[count++] = (SQLWCHAR)(0xdc00 | (point & 0x3ff));
        } else {
            out[count++] = (SQLWCHAR)point;
        }
        at += length ? length : 1;
    }
    out[count] = 0;
    *count_out = count;
    return out;
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

static size_t put_point(uint32_t point, char *out)
{
    size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(leads[length] | point);
    return length;
}

size_t odbc_narrow(const SQLWCHAR *units, size_t count, char *out)
{
    size_t size = 0;
    for (size_t at = 0; at < count; at++) {
        uint32_t point = units[at];
        if (is_high(point) && at + 1 < count && is_low(units[at + 1]))
            point = 0x10000 + ((point & 0x3ff) << 10 | (units[++at] & 0x3ffu));
        else if (is_high(point) || is_low(point))
            point = 0xfffd;
        size += put_point(point, out + size);
    }
    out[size] = '\0';
    return size;
}
