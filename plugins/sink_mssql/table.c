/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_mssql.h"

#include "../lib_sql/sql.h"

#include <stdlib.h>

static void put_differs(FILE *out, const struct sp_table *table, size_t group);

/* Two texts whose collations are those of the database and of a column cannot be chosen between, unless one
 * of them says its own.  Assigned, a text takes the collation of its column. */
static const struct sql_style style = {
    .open = '[',
    .close = ']',
    .schemas = true,
    .chosen_text = " " MSSQL_BYTES,
    .put_differs = put_differs,
};

char *mssql_quote(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    sql_put_table(&style, text.stream, table);
    return sql_end(&text);
}

/* A character may have two units of UTF-16, which is what NVARCHAR(n) counts, up to 4000. */
#define UNITS_MAX 4000
/* An index has room for 900 bytes of a clustered key: so many units. */
#define KEY_UNITS 450

static void put_text_type(FILE *out, uint32_t length, bool key)
{
    uint32_t units = length > UNITS_MAX / 2 ? 0 : length * 2;
    if (key && units == 0)
        units = KEY_UNITS;
    if (units)
        fprintf(out, "NVARCHAR(%u)", units);
    else
        fputs("NVARCHAR(MAX)", out);
}

static void put_type(FILE *out, const struct sp_column *column, bool key)
{
    switch (column->type) {
    case SP_TYPE_INT:
        fputs("INT", out);
        break;
    case SP_TYPE_BIGINT:
        fputs("BIGINT", out);
        break;
    case SP_TYPE_DECIMAL:
        fprintf(out, "DECIMAL(%u,%u)", column->precision, column->scale);
        break;
    case SP_TYPE_BOOLEAN:
        fputs("BIT", out);
        break;
    case SP_TYPE_TIMESTAMP:
        fputs("DATETIMEOFFSET(7)", out);
        break;
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        put_text_type(out, column->length, key);
        break;
    }
}

/* How a value comes out of the parameter.  Text without a bound: OPENJSON cuts without a word what is too
 * long, the column itself refuses it. */
static void put_type_in_json(FILE *out, const struct sp_column *column)
{
    if (sql_is_text(column))
        fputs("NVARCHAR(MAX)", out);
    else
        put_type(out, column, false);
}

static void put_column(FILE *out, const struct sp_table *table, size_t index)
{
    const struct sp_column *column = &table->columns[index];
    bool key = index < table->key_count;
    fprintf(out, "[%s] ", column->name);
    put_type(out, column, key);
    if (key && sql_is_text(column))
        fputs(" " MSSQL_BYTES, out);
    fputs(key ? " NOT NULL" : " NULL", out);
}

/* T-SQL takes 'a' and 'a ' for equal whatever the collation: a key of text has its length beside it. */
static void put_key(FILE *out, const struct sp_table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (sql_is_text(column))
            fprintf(out, "[%s_Bytes] AS DATALENGTH([%s]) PERSISTED NOT NULL, ", column->name, column->name);
    }
    fputs("PRIMARY KEY (", out);
    for (size_t i = 0; i < table->key_count; i++) {
        const struct sp_column *column = &table->columns[i];
        fprintf(out, "%s[%s]", i ? ", " : "", column->name);
        if (sql_is_text(column))
            fprintf(out, ", [%s_Bytes]", column->name);
    }
    fputs(")", out);
}

char *mssql_create(const struct sp_table *table)
{
    struct sql_text text;
    sql_start_on(&style, &text, "CREATE TABLE ", table, " (");
    for (size_t i = 0; i < table->column_count; i++) {
        put_column(text.stream, table, i);
        fputs(", ", text.stream);
    }
    put_key(text.stream, table);
    fputs(")", text.stream);
    return sql_end(&text);
}

char *mssql_add_column(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ADD ");
    put_column(text.stream, table, column);
    return sql_end(&text);
}

/* In a batch of its own: a column is not known in the one that adds it, where people run both. */
char *mssql_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there)
{
    struct sql_text text;
    sql_start(&text);
    fputs("EXEC (N'", text.stream);
    sql_put_fill_order(&style, text.stream, table, column, bound, there);
    fputs("')", text.stream);
    return sql_end(&text);
}

char *mssql_alter_type(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ALTER COLUMN ");
    put_column(text.stream, table, column);
    return sql_end(&text);
}

/* The name of an index is its table's. */
char *mssql_make_key(const struct sp_table *table)
{
    struct sql_text text;
    sql_start_on(&style, &text, "CREATE UNIQUE INDEX [ScanpipeKey] ON ", table, " (");
    sql_put_names(&style, text.stream, table, table->key_count);
    fputs(")", text.stream);
    return sql_end(&text);
}

/* The column is none of ours: its name may have anything in it. */
char *mssql_let_be_null(const struct sp_table *table, const char *column, const char *type)
{
    struct sql_text text;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ALTER COLUMN ");
    sql_put_name(&style, text.stream, column);
    fprintf(text.stream, " %s NULL", type);
    return sql_end(&text);
}

/* Babelfish wants the schema, and the kind.  A name without a schema is looked for in the user's own, and
 * then in dbo. */
char *mssql_rename(const struct sp_table *table, const char *name)
{
    struct sql_text text;
    char *quoted = mssql_quote(table);
    sql_start(&text);
    if (strchr(table->name, '.'))
        fprintf(text.stream, "EXEC sp_rename N'%s'", quoted);
    else
        fprintf(text.stream,
                "DECLARE @old NVARCHAR(300) = QUOTENAME(OBJECT_SCHEMA_NAME(OBJECT_ID(N'%s'))) + N'.%s'; "
                "EXEC sp_rename @old",
                quoted, quoted);
    fprintf(text.stream, ", N'%s', N'OBJECT'", name);
    free(quoted);
    return sql_end(&text);
}

/* ---- Rows of the parameter, `s`, and of the table, `t` */

/* "OPENJSON(@j) WITH (c0 INT, ...) AS s", with `first` before the columns. */
static void put_rows(FILE *out, const struct sp_table *table, const char *first, size_t count)
{
    fprintf(out, "OPENJSON(@j) WITH (%s", first);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%sc%zu ", i ? ", " : "", i);
        put_type_in_json(out, &table->columns[i]);
    }
    fputs(") AS s", out);
}

/* The cast is for the index: it takes no text without a bound.  What it cuts has another length. */
static void put_same_key(FILE *out, const struct sp_table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const char *name = table->columns[i].name;
        fprintf(out, "%st.[%s] = ", i ? " AND " : "", name);
        if (sql_is_text(&table->columns[i]))
            fprintf(out,
                    "CAST(s.c%zu AS NVARCHAR(%d)) " MSSQL_BYTES
                    " AND DATALENGTH(t.[%s]) = DATALENGTH(s.c%zu)",
                    i, UNITS_MAX, name, i);
        else
            fprintf(out, "s.c%zu", i);
    }
}

/* A value as it is compared: of text every code counts, and blanks at its end do. */
static void put_compared(FILE *out, const struct sp_table *table, const struct sp_column *column, bool new)
{
    fputs(sql_is_text(column) ? "CAST(" : "", out);
    if (new)
        sql_put_new(&style, out, table, column);
    else
        sql_put_old(&style, out, column);
    fputs(sql_is_text(column) ? " AS VARBINARY(MAX))" : "", out);
}

static void put_values(FILE *out, const struct sp_table *table, size_t group, bool new)
{
    const char *between = "";
    for (const struct sp_column *at = NULL; (at = sql_next_value(table, group, at)); between = ", ") {
        fputs(between, out);
        put_compared(out, table, at, new);
    }
}

/* For EXCEPT one NULL is as another. */
static void put_differs(FILE *out, const struct sp_table *table, size_t group)
{
    fputs("EXISTS (SELECT ", out);
    put_values(out, table, group, true);
    fputs(" EXCEPT SELECT ", out);
    put_values(out, table, group, false);
    fputs(")", out);
}

/* The batch's order, which is that of keys, in one thread: rows are locked in it. */
#define IN_ORDER " OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1); "
#define LOCKED   " AS t WITH (UPDLOCK, SERIALIZABLE)"

static void put_update(FILE *out, const struct sp_table *table)
{
    fputs("UPDATE t SET ", out);
    sql_put_set(&style, out, table);
    fputs(" FROM ", out);
    put_rows(out, table, "", table->column_count);
    fputs(" INNER JOIN ", out);
    sql_put_table(&style, out, table);
    fputs(LOCKED " ON ", out);
    put_same_key(out, table);
    sql_put_where_changed(&style, out, table);
    fputs(IN_ORDER "SET @touched = @@ROWCOUNT; ", out);
}

static void put_insert(FILE *out, const struct sp_table *table)
{
    fputs("INSERT INTO ", out);
    sql_put_table(&style, out, table);
    fputs(" (", out);
    sql_put_names(&style, out, table, table->column_count);
    fputs(") SELECT ", out);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(out, "%ss.c%zu", i ? ", " : "", i);
    fputs(" FROM ", out);
    put_rows(out, table, "", table->column_count);
    fputs(" WHERE NOT EXISTS (SELECT 1 FROM ", out);
    sql_put_table(&style, out, table);
    fputs(LOCKED " WHERE ", out);
    put_same_key(out, table);
    fputs(")" IN_ORDER "SET @touched = @touched + @@ROWCOUNT; ", out);
}

static void put_begin(FILE *out, const struct sp_table *table)
{
    char *name = mssql_quote(table);
    fprintf(out, MSSQL_BEGIN("scanpipe %s"), name);
    free(name);
}

/*
 * Safe with many writers, at any isolation: UPDLOCK and SERIALIZABLE lock each key of the batch, or the gap
 * where it is missing, until the end of the transaction.  Whoever comes second waits, and then decides by
 * what the first one left: none is lost, and no key collides.  Keys are looked up one by one in the order of
 * the batch, so two writers lock in the same order; a deadlock that comes about all the same is `contended`.
 */
char *mssql_upsert(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs(MSSQL_HEAD "DECLARE @touched INT = 0; ", text.stream);
    put_begin(text.stream, table);
    if (!table->append && table->column_count > table->key_count)
        put_update(text.stream, table);
    put_insert(text.stream, table);
    fputs(MSSQL_COMMIT "SELECT @touched", text.stream);
    return sql_end(&text);
}

/* As text that no driver and no setting of the session changes. */
static void put_shown(FILE *out, const struct sp_column *column)
{
    switch (column->type) {
    case SP_TYPE_TIMESTAMP:
        fputs("REPLACE(CONVERT(NVARCHAR(27), CAST(SWITCHOFFSET(CAST(", out);
        sql_put_old(&style, out, column);
        fputs(" AS DATETIMEOFFSET(7)), '+00:00') AS DATETIME2(7)), 121), ' ', 'T') + 'Z'", out);
        break;
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        sql_put_old(&style, out, column);
        break;
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
    case SP_TYPE_DECIMAL:
    case SP_TYPE_BOOLEAN:
        fputs("CAST(", out);
        sql_put_old(&style, out, column);
        fputs(" AS NVARCHAR(50))", out);
        break;
    }
}

char *mssql_select(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs(MSSQL_HEAD "SELECT s.n", text.stream);
    for (size_t i = 0; i < table->column_count; i++) {
        fputs(", ", text.stream);
        put_shown(text.stream, &table->columns[i]);
    }
    fputs(" FROM ", text.stream);
    put_rows(text.stream, table, "n BIGINT, ", table->key_count);
    fputs(" INNER JOIN ", text.stream);
    sql_put_table(&style, text.stream, table);
    fputs(" AS t ON ", text.stream);
    put_same_key(text.stream, table);
    fputs(" OPTION (LOOP JOIN, FORCE ORDER)", text.stream);
    return sql_end(&text);
}
