/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_TEXT_H
#define SCANAPI_SIM_TEXT_H

/* Bytes that grow, and the fast ways to write into them.  Running out of memory ends the program. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    char *data;
    size_t length;
    size_t room;
};

/* Where to write up to `more` bytes; text_ends_at() then says how many were written. */
char *text_reserve(struct text *text, size_t more);
void text_ends_at(struct text *text, const char *end);

void text_append(struct text *text, const void *bytes, size_t length);
void text_fill(struct text *text, char byte, size_t count);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_fini(struct text *text);

#define text_literal(text, literal) text_append(text, literal, sizeof(literal) - 1)

/* These write at `to`, where there must be room, and return the end of what they wrote. */
static inline char *write_bytes(char *to, const char *bytes, size_t length)
{
    memcpy(to, bytes, length);
    return to + length;
}

#define write_literal(to, literal) write_bytes(to, literal, sizeof(literal) - 1)

char *write_number(char *to, uint64_t number);
char *write_padded(char *to, uint64_t number, unsigned width);

#endif
