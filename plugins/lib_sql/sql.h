/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_SQL_SQL_H
#define LIB_SQL_SQL_H

/* What the sinks with tables share where they make SQL from a table.  Pure.  The row that is there is `t`. */

#include <scanpipe/table.h>

#include <stdio.h>

/* How a database writes it. */
struct sql_style {
    char open, close;        /* around a name; in it `close` stands twice */
    bool schemas;            /* "a.b" is the table b of the schema a, and not a table with a dot */
    const char *new_row;     /* whose columns are the table's; NULL: `s`, whose columns are c0, c1, ... */
    const char *chosen_text; /* behind a new text that CASE may choose: its collation; NULL: nothing */
    const char *compare;     /* the function that compares decimals; NULL: they are numbers */
    /* Is a value of the group, but for what decides it, another one?  A NULL is as another. */
    void (*put_differs)(FILE *out, const struct sp_table *table, size_t group);
};

/* A text under construction; memory that runs out ends the process, as it does for an arena. */
struct sql_text {
    FILE *stream;
    char *data;
    size_t size;
};

void sql_start(struct sql_text *text);
/* The same, and begins with the table's name between two texts: "ALTER TABLE ", " ADD COLUMN ". */
void sql_start_on(const struct sql_style *style, struct sql_text *text, const char *before,
                  const struct sp_table *table, const char *behind);
/* The text, to be freed. */
char *sql_end(struct sql_text *text);

/* What a group is decided by: its order, or its one value. */
const struct sp_column *sql_decider(const struct sp_table *table, size_t group);
/* The values of a group but for what decides it, one after the other: the first behind NULL; NULL ends them.
 */
const struct sp_column *sql_next_value(const struct sp_table *table, size_t group,
                                       const struct sp_column *behind);
static inline bool sql_is_text(const struct sp_column *column)
{
    return column->type == SP_TYPE_TEXT || column->type == SP_TYPE_JSON;
}

void sql_put_name(const struct sql_style *style, FILE *out, const char *name);
void sql_put_table(const struct sql_style *style, FILE *out, const struct sp_table *table);
/* The names of the first columns: keys come first. */
void sql_put_names(const struct sql_style *style, FILE *out, const struct sp_table *table, size_t count);
/* A column of the row that is there, and of the one that comes. */
void sql_put_old(const struct sql_style *style, FILE *out, const struct sp_column *column);
void sql_put_new(const struct sql_style *style, FILE *out, const struct sp_table *table,
                 const struct sp_column *column);

/* "a" = CASE WHEN ... END, ...: each group decides for itself. */
void sql_put_set(const struct sql_style *style, FILE *out, const struct sp_table *table);
/* " WHERE ...": does any group change? */
void sql_put_where_changed(const struct sql_style *style, FILE *out, const struct sp_table *table);
/* " ON CONFLICT (...) DO ...", for databases that have it. */
void sql_put_on_conflict(const struct sql_style *style, FILE *out, const struct sp_table *table);
/* "UPDATE ...": see odbc_dialect.fill_order. */
void sql_put_fill_order(const struct sql_style *style, FILE *out, const struct sp_table *table, size_t column,
                        size_t bound, const bool *there);
/* "ALTER TABLE ... RENAME TO ...", to be freed. */
char *sql_rename(const struct sql_style *style, const struct sp_table *table, const char *name);

#endif
