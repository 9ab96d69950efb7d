/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_ODBC_SQL_H
#define LIB_ODBC_SQL_H

/* What the dialects share where they make SQL from a table.  Pure. */

#include <scanpipe/table.h>

#include <stdio.h>

/* A text under construction; memory that runs out ends the process, as it does for an arena. */
struct sql_text {
    FILE *stream;
    char *data;
    size_t size;
};

void sql_start(struct sql_text *text);
/* The text, to be freed. */
char *sql_end(struct sql_text *text);

/* What a group is decided by: its order, or its one value. */
const struct sp_column *sql_decider(const struct sp_table *table, size_t group);
bool sql_has_order(const struct sp_table *table, size_t group);
/* Does the larger one win? */
bool sql_goes_up(const struct sp_table *table, size_t group);

#endif
