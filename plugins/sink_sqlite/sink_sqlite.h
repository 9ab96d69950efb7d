/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_SQLITE_H
#define SINK_SQLITE_H

/* The parts of sink_sqlite: SQL texts, values, looking at the table, writing, reading. */

#include "../lib_sqlite/lite.h"

#include <scanpipe/time.h>

struct sink_config {
    struct lite_config lite;
};

struct sink {
    struct lite_store store;
    const struct sp_table *table;
};

/* Results point here, so what rows have in common is kept once. */
#define SINK_TEXTS 16
struct sink_texts {
    char texts[SINK_TEXTS][256];
    size_t count;
};

struct sink_handle {
    struct lite lite;
    struct sink *sink;
    char (*times)[SP_TIME_TEXT_SIZE]; /* one a column: what a bound timestamp points at */
    struct sink_texts texts;
};

/* ---- dialect.c: texts to be freed; pure */

/* "CREATE TABLE ..." */
char *dialect_create(const struct sp_table *table);
/* "ALTER TABLE ... ADD COLUMN ..." */
char *dialect_add_column(const struct sp_table *table, size_t column);
/* "UPDATE ...": the order in `column`, which was just added, is that in `bound`, where the row has anything
 * in one of the columns of its group that were there before. */
char *dialect_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there);
/* "ALTER TABLE ... RENAME TO ..." */
char *dialect_rename(const struct sp_table *table, const char *name);
/* "CREATE UNIQUE INDEX ..." */
char *dialect_make_key(const struct sp_table *table);
/* Inserts a row, or joins it into the one that is there: each group decides for itself. */
char *dialect_upsert(const struct sp_table *table);
/* Reads all columns of the row whose key is given. */
char *dialect_select(const struct sp_table *table);

/* ---- decimal.c */

/* scanpipe_compare(a, b): -1, 0, 1 for decimals that are kept as text; NULL where one is NULL. */
int decimal_register(sqlite3 *file) SP_MUST_CHECK;

/* ---- value.c */

/* `time` holds the text of a timestamp for as long as it is bound. */
void value_bind(sqlite3_stmt *statement, int index, const struct sp_column *column,
                const struct sp_value *value, char time[SP_TIME_TEXT_SIZE]);
/* NULL, or a text that says why what is there is none of the column's type. */
const char *value_take(sqlite3_stmt *row, int index, const struct sp_column *column, struct sp_arena *arena,
                       struct sp_value *out);

/* ---- schema.c */

/* Outside a transaction: fails, with the cure, where the table or a column of it is missing, or where its
 * key is another one. */
int schema_verify(struct sink_handle *handle, struct sp_error *err) SP_MUST_CHECK;
int sink_describe(void *handle, struct sp_arena *arena, const char **sql_out, struct sp_error *err);
/* NULL: there is no file.  Opens nothing that is not there, and leaves what is there as it is, its kind of
 * log too.  SQLite's code; to be closed in any case. */
int schema_open_to_look(struct sink_handle *handle, sqlite3 **out) SP_MUST_CHECK;
int sink_rebuild(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                 int64_t deadline, struct sp_error *err);
int sink_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                 int64_t deadline, struct sp_error *err);

/* ---- compare.c */

int sink_compare(void *handle, struct sp_arena *arena, const struct sp_misfit **misfits, size_t *count,
                 int64_t deadline, struct sp_error *err);

/* ---- statement.c */

/* Prepared by the first call that needs it, since the table may not be there before.  SQLite's code. */
int statement_read(struct sink_handle *handle, sqlite3_stmt **out) SP_MUST_CHECK;
int statement_write(struct sink_handle *handle, sqlite3_stmt **out) SP_MUST_CHECK;
/* Ends a call like lite_fail(); says so where the failure comes from a table or column that is missing. */
int statement_fail(struct sink_handle *handle, int rc, const char *doing, struct sp_error *err);

/* ---- write.c, read.c */

int sink_write(void *handle, const struct sp_batch *batch, struct sp_result *results,
               struct sp_written *written, int64_t deadline, struct sp_error *err);
int sink_read(void *handle, const struct sp_batch *keys, struct sp_arena *arena, struct sp_value *values_out,
              bool *found, int64_t deadline, struct sp_error *err);

#endif
