/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_DIAG_H
#define CONFIG_DIAG_H

/*
 * What is wrong with a file, collected and told all at once, in the order of the file:
 *
 *   pipeline.yaml:7:3: error: unknown key 'poll_intervall'
 *     7 |   poll_intervall: 5s
 *       |   ^~~~~~~~~~~~~~
 *       = did you mean 'poll_interval'?
 */

#include "base/arena.h"
#include "base/buffer.h"

/* A place in the file; lines and columns from 1, columns in code points; 0: the file as a whole. */
struct mark {
    uint32_t line, column;
    uint32_t width; /* code points to underline; 0 is as 1 */
};

struct diag;

/* `path` is what messages say; `text` (the file's bytes) is for the quoted lines; both are copied. */
struct diag *diag_new(const char *path, struct sp_slice text);
void diag_free(struct diag *diag);

/* Replaces the text (a file that could only be read after diag_new). */
void diag_set_text(struct diag *diag, struct sp_slice text);

/* `hint` may be NULL: what to write instead.  A mark that already has an error with the same text is told
 * once.  After the first hundred the rest is only counted. */
void diag_error(struct diag *diag, struct mark mark, const char *hint, const char *format, ...)
    SP_PRINTF(4, 5);
void diag_warning(struct diag *diag, struct mark mark, const char *hint, const char *format, ...)
    SP_PRINTF(4, 5);

/* A second place that belongs to the error or warning told last: where the bracket was opened. */
void diag_note(struct diag *diag, struct mark mark, const char *format, ...) SP_PRINTF(3, 4);

/* The file's text from one place up to, not including, another holds a secret: quoted lines show it as
 * "***".  Counts for what was told before as well. */
void diag_hide(struct diag *diag, struct mark from, struct mark to);

size_t diag_errors(const struct diag *diag);
size_t diag_warnings(const struct diag *diag);

/* The first error that was found, as one line without what the file says: "pipeline.yaml:7:3: ..." */
void diag_print_first(const struct diag *diag, struct buffer *out);

/* All of them, sorted by place, as above; then a line that counts the errors where there are any. */
void diag_print(struct diag *diag, struct buffer *out);

#endif
