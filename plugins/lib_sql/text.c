/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "text.h"

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
