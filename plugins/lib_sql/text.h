/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_SQL_TEXT_H
#define LIB_SQL_TEXT_H

/* What columns of text can hold, and what is held as text.  Pure. */

#include <scanpipe/base.h>

/* Is it a decimal as the core writes it: -?digits[.digits], with `scale` of them behind the point? */
bool sql_is_decimal(const char *text, uint32_t scale);

#endif
