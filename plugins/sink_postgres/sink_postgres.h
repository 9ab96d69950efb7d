/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_POSTGRES_H
#define SINK_POSTGRES_H

/* PostgreSQL as a dialect of lib_odbc. */

#include "../lib_odbc/rows.h"

extern const struct odbc_dialect postgres_dialect;

/* ---- table.c: SQL made from a table; texts to be freed; pure */

/* "\"dbo\".\"ParcelSummary\"" */
char *postgres_quote(const struct sp_table *table);
char *postgres_create(const struct sp_table *table);
char *postgres_add_column(const struct sp_table *table, size_t column);
char *postgres_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there);
/* What makes a table that is there fit. */
char *postgres_alter_type(const struct sp_table *table, size_t column);
char *postgres_make_key(const struct sp_table *table);
char *postgres_let_be_null(const struct sp_table *table, const char *column, const char *type);
char *postgres_rename(const struct sp_table *table, const char *name);
/* Inserts rows, or joins them into those that are there: each group decides for itself. */
char *postgres_upsert(const struct sp_table *table);
char *postgres_select(const struct sp_table *table);

/* ---- errors.c */

#define POSTGRES_CLASSES 39
extern const struct odbc_class postgres_classes[POSTGRES_CLASSES];

#endif
