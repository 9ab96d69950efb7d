/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_TEXT_H
#define QUEUE_SQS_TEXT_H

/* The JSON of a request, written into memory that grows and is used again.  Memory that runs out is kept in
 * mind until text_failed(): what is added then goes nowhere. */

#include <scanpipe/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data;
    size_t size, capacity;
    bool failed;
};

void text_fini(struct text *text);
void text_clear(struct text *text);
bool text_failed(const struct text *text);

void text_add(struct text *text, const char *raw);
void text_printf(struct text *text, const char *format, ...) SP_PRINTF(2, 3);

/* A JSON string with its quotes.  `value` is UTF-8 that SQS takes: text_bad_at() says so. */
void text_string(struct text *text, struct sp_slice value);

/* Where the first character begins that no message may hold, or that is not UTF-8; SIZE_MAX: all is well.
 * Allowed are #x9 #xA #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF (SendMessage, API
 * reference). */
size_t text_bad_at(struct sp_slice value);

#endif
