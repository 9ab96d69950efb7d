/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <scanpipe/base.h>

/* The length of the well-formed character (RFC 3629: no surrogates, no overlong forms) at the start
 * of `text`, 1 to 4; 0 where there is none. */
size_t utf8_length(const char *text, size_t size);

/* Whether all of it is well-formed. */
bool utf8_valid(struct sp_slice text);

/* Makes it one line that cannot break out of a log: control characters and what is not well-formed
 * become '?', line ends and tabs become spaces. */
void utf8_make_printable(char *text);

/* The largest size <= limit that does not cut a character of `text`. */
size_t utf8_cut(const char *text, size_t size, size_t limit);

#endif
