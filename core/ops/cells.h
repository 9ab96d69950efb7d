/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_CELLS_H
#define OPS_CELLS_H

/* Rows of values as bytes, for the spill; never leaves the process.  Pure. */

#include "base/buffer.h"
#include <scanpipe/table.h>

/* Appends `count` values; is_text[i]: value i is text, not a number. */
void cells_add(struct buffer *out, const struct sp_value *values, const bool *is_text, size_t count);

/* The values again; texts point into the bytes, which cells_add() made. */
void cells_take(struct sp_slice bytes, const bool *is_text, size_t count, struct sp_value *values_out);

/* Appends a row's key as bytes that sort as the key does: numbers by value, text by bytes, column by column.
 */
void cells_add_key(struct buffer *out, const struct sp_table *table, const struct sp_value *row);

#endif
