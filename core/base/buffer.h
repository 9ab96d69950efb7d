/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

/*
 * A text that grows.
 *
 * Invariants: data[size] is NUL whenever data is not NULL; size < capacity.  {0} is an empty buffer.
 */

#include <scanpipe/base.h>

struct buffer {
    char *data;
    size_t size, capacity;
};

void buffer_fini(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);
void buffer_reserve(struct buffer *buffer, size_t more);
void buffer_add(struct buffer *buffer, const void *data, size_t size);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...) SP_PRINTF(2, 3);
/* A JSON string, quotes included; invalid UTF-8 becomes U+FFFD, what XML cannot have is escaped. */
void buffer_add_json(struct buffer *buffer, struct sp_slice text);
/* Two lower-case digits a byte. */
void buffer_add_hex(struct buffer *buffer, const void *bytes, size_t size);
/* RFC 4648, section 4: with padding, on one line. */
void buffer_add_base64(struct buffer *buffer, struct sp_slice bytes);
/* Never NULL. */
const char *buffer_text(const struct buffer *buffer);

#endif
