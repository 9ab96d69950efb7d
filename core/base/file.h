/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buffer.h"
#include <scanpipe/error.h>

/* Reads a whole file of at most `limit` bytes; "-" is standard input.  SP_REFUSED with the system's reason.
 */
int file_read(const char *path, size_t limit, struct buffer *out, struct sp_error *err) SP_MUST_CHECK;

/* The same, where nobody may see the path: errors name it as `shown`. */
int file_read_shown(const char *path, const char *shown, size_t limit, struct buffer *out,
                    struct sp_error *err) SP_MUST_CHECK;

#endif
