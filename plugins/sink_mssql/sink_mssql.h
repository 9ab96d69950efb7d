/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_MSSQL_H
#define SINK_MSSQL_H

/* SQL Server as a dialect of lib_odbc. */

#include "../lib_odbc/rows.h"

extern const struct odbc_dialect mssql_dialect;

/* ---- Pieces of T-SQL that the fixed statements and those made from a table have in common.  DECLARE stands
 * between MSSQL_HEAD and MSSQL_BEGIN; @j is the parameter. */

#define MSSQL_HEAD "SET NOCOUNT ON; SET XACT_ABORT ON; DECLARE @j NVARCHAR(MAX) = ?; "

/*
 * Starts a transaction of a batch.  The locks that make it safe are hints of its statements; Babelfish reads
 * them and ignores them, so there whoever writes waits for the one before.  Numbers from 50000 are the
 * application's; errors.c knows this one.
 */
#define MSSQL_BEGIN(resource)                                                                                \
    "DECLARE @lock INT; BEGIN TRY BEGIN TRANSACTION; "                                                       \
    "IF CAST(SERVERPROPERTY('Babelfish') AS INT) = 1 BEGIN " MSSQL_LOCK(resource) "END; "
#define MSSQL_LOCK(resource)                                                                                 \
    "EXEC @lock = sp_getapplock @Resource = N'" resource "', @LockMode = 'Exclusive', "                      \
    "@LockOwner = 'Transaction', @LockTimeout = 10000; "                                                     \
    "IF @lock < 0 THROW 51222, 'scanpipe waited too long for its lock', 1; "
#define MSSQL_COMMIT                                                                                         \
    "COMMIT TRANSACTION; END TRY "                                                                           \
    "BEGIN CATCH IF XACT_STATE() <> 0 ROLLBACK TRANSACTION; THROW; END CATCH; "

/* Compares code by code, whatever the database's collation. */
#define MSSQL_BYTES "COLLATE Latin1_General_100_BIN2"

/* ---- table.c: SQL made from a table; texts to be freed; pure */

/* "[dbo].[ParcelSummary]" */
char *mssql_quote(const struct sp_table *table);
char *mssql_create(const struct sp_table *table);
char *mssql_add_column(const struct sp_table *table, size_t column);
char *mssql_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there);
/* What makes a table that is there fit. */
char *mssql_alter_type(const struct sp_table *table, size_t column);
char *mssql_make_key(const struct sp_table *table);
char *mssql_let_be_null(const struct sp_table *table, const char *column, const char *type);
char *mssql_rename(const struct sp_table *table, const char *name);
/* Joins rows into those that are there, each group deciding for itself, and inserts the others. */
char *mssql_upsert(const struct sp_table *table);
char *mssql_select(const struct sp_table *table);

/* ---- errors.c */

#define MSSQL_CLASSES 118
extern const struct odbc_class mssql_classes[MSSQL_CLASSES];

#endif
