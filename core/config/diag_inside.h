/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_DIAG_INSIDE_H
#define CONFIG_DIAG_INSIDE_H

/* The text that diagnostics quote: its lines, and what of them must not be shown. */

#include "config/diag.h"

struct hidden {
    struct mark from, to;
};

struct diag_text {
    char *data;
    size_t size;
    size_t *lines; /* offsets of their starts */
    size_t line_count;
    struct hidden *hidden;
    size_t hidden_count, hidden_capacity;
};

void diag_text_fini(struct diag_text *text);
/* Copies; forgets what was hidden. */
void diag_text_set(struct diag_text *text, struct sp_slice bytes);
void diag_text_hide(struct diag_text *text, struct mark from, struct mark to);

/* The line with a caret under the place; nothing where the text has no such line. */
void diag_text_quote(const struct diag_text *text, struct mark mark, struct buffer *out);

/* Appends text with '?' for what is no printable character and ' ' for tabs and line ends; "..." behind
 * `limit` bytes. */
void diag_add_printable(struct buffer *out, struct sp_slice text, size_t limit);

#endif
