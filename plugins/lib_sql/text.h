/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_SQL_TEXT_H
#define LIB_SQL_TEXT_H

/* What columns of text can hold, and what is held as text.  Pure. */

#include <scanpipe/base.h>

/* The length of the UTF-8 sequence at `text` (RFC 3629) and its code point; 0 where there is none. */
size_t sql_sequence(const unsigned char *text, size_t size, uint32_t *point_out);

/* Can a column of text hold these bytes?  A NUL it cannot. */
bool sql_can_be_text(struct sp_slice bytes);

/* Is it a decimal as the core writes it: -?digits[.digits], with `scale` of them behind the point? */
bool sql_is_decimal(const char *text, uint32_t scale);

#endif
