/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_SQL_MISSING_H
#define LIB_SQL_MISSING_H

/* What a database lacks of the pipeline's table, and how that is made.  Pure. */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/table.h>

/* The table that is needed, and how its database makes it; texts to be freed. */
struct sql_needed {
    const struct sp_table *table;
    const char *place;   /* of the database, for people */
    const char *migrate; /* the value of the option that lets it be made at the start */
    const char *end;     /* behind each statement of a plan */
    char *(*create)(const struct sp_table *table);
    char *(*add_column)(const struct sp_table *table, size_t column);
    /* "UPDATE ...": the order in `column`, which was just added, is that in `bound`, where the row has
     * anything in one of the columns of its group that were there before.  NULL: never. */
    char *(*fill_order)(const struct sp_table *table, size_t column, size_t bound, const bool *there);
};

/* What is there of it. */
struct sql_there {
    bool table;
    bool *columns; /* each false where there is no such table */
};

/* Fails where anything is missing. */
int sql_check_there(const struct sql_needed *needed, const struct sql_there *there, struct sp_error *err);
/* Fails where a key is missing in a table that is there: it cannot be added to its rows. */
int sql_check_keys(const struct sql_needed *needed, const struct sql_there *there, struct sp_error *err);

/* The next statement of what is to be done, to be freed; NULL at the end.  `*at` begins with 0. */
char *sql_next_step(const struct sql_needed *needed, const struct sql_there *there, size_t *at);
/* All of them, for people. */
const char *sql_plan(const struct sql_needed *needed, const struct sql_there *there, struct sp_arena *arena);

#endif
