/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ROWS_H
#define CMD_ROWS_H

/* Folded rows for people: as a table, or as {"row": {...}} a line.  Hidden columns are left out. */

#include "base/buffer.h"
#include <scanpipe/sink.h>

void rows_add_text(struct buffer *out, const struct sp_table *table, const struct sp_batch *batch,
                   unsigned time_digits);
void rows_add_json(struct buffer *out, const struct sp_table *table, const struct sp_batch *batch,
                   unsigned time_digits);

/* One value, as it stands in a row of rows_add_text(), or of rows_add_json(). */
void rows_add_cell(struct buffer *out, const struct sp_column *column, const struct sp_value *value,
                   unsigned time_digits);
void rows_add_json_value(struct buffer *out, const struct sp_column *column, const struct sp_value *value,
                         unsigned time_digits);

#endif
