/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_ODBC_ROWS_H
#define LIB_ODBC_ROWS_H

/* The sink over ODBC: folded rows, written set by set.  What differs between databases is in the dialect. */

#include "odbc.h"

#include <scanpipe/time.h>

struct odbc_sink_config {
    struct odbc_config odbc;
};

struct odbc_sink {
    struct odbc_store store;
    const struct sp_table *table;
    char *quoted, *upsert, *select; /* texts of SQL */
};

struct odbc_sink_handle {
    struct odbc db;
    struct odbc_sink *sink;
    char reason[256]; /* what a result's text points at */
};

extern const struct sp_option odbc_sink_options[];
#define ODBC_SINK_OPTIONS 4
extern const struct sp_sink_ops odbc_sink_ops;

void odbc_sink_check(const void *config, struct sp_check *check);
int odbc_sink_load(const struct odbc_dialect *dialect, const void *config, const struct sp_stage *stage,
                   void **loaded, struct sp_error *err);
void odbc_sink_unload(void *loaded);
int odbc_sink_open(void *loaded, void **handle, struct sp_error *err);
void odbc_sink_close(void *handle);
int odbc_sink_probe(void *handle, int64_t deadline, struct sp_error *err);
void odbc_sink_interrupt(void *handle);

/* The entries of a sink's description, but for its name, its summary, what it can and its load. */
#define ODBC_SINK_ENTRIES                                                                                    \
    SP_PLUGIN_HEAD, .kind = SP_SINK, .version = PACKAGE_VERSION, .options = odbc_sink_options,               \
                    .option_count = ODBC_SINK_OPTIONS, .config_size = sizeof(struct odbc_sink_config),       \
                    .check = odbc_sink_check, .unload = odbc_sink_unload, .open = odbc_sink_open,            \
                    .close = odbc_sink_close, .probe = odbc_sink_probe, .interrupt = odbc_sink_interrupt,    \
                    .sink = &odbc_sink_ops

/* ---- value.c */

/* Column `index` of the row that was fetched. */
int value_take(struct odbc_sink_handle *handle, size_t index, struct sp_arena *arena, struct sp_value *out,
               const char *doing, struct sp_error *err) SP_MUST_CHECK;
/* The array of rows; of keys alone where `keys`, each with its number `n`.  NULLs are left out. */
void value_put_rows(struct odbc_sink_handle *handle, const struct sp_batch *batch, bool keys);

/* ---- schema.c */

/* Fails, with the cure, where the table or a column of it is missing. */
int schema_verify(struct odbc_sink_handle *handle, struct sp_error *err) SP_MUST_CHECK;
/* The first column whose text in this row is longer than the database's column holds, or SP_NO_COLUMN. */
uint32_t schema_too_long(struct odbc_sink_handle *handle, const struct sp_value *row);
int schema_describe(void *handle, struct sp_arena *arena, const char **sql_out, struct sp_error *err);
int schema_compare(void *handle, struct sp_arena *arena, const struct sp_misfit **misfits, size_t *count,
                   int64_t deadline, struct sp_error *err);
int schema_rebuild(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err);
int schema_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err);

/* ---- write.c, read.c */

int rows_write(void *handle, const struct sp_batch *batch, struct sp_result *results,
               struct sp_written *written, int64_t deadline, struct sp_error *err);
int rows_read(void *handle, const struct sp_batch *keys, struct sp_arena *arena, struct sp_value *values_out,
              bool *found, int64_t deadline, struct sp_error *err);

#endif
