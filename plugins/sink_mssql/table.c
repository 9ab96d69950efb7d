/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_mssql.h"

#include "../lib_odbc/sql.h"

#include <stdio.h>
#include <stdlib.h>

/* Names are letters, digits and '_'. */
static void put_table(FILE *out, const struct sp_table *table)
{
    const char *dot = strchr(table->name, '.');
    if (dot)
        fprintf(out, "[%.*s].", (int)(dot - table->name), table->name);
    fprintf(out, "[%s]", dot ? dot + 1 : table->name);
}

char *mssql_quote(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    put_table(text.stream, table);
    return sql_end(&text);
}

static bool is_text(const struct sp_column *column)
{
    return column->type == SP_TYPE_TEXT || column->type == SP_TYPE_JSON;
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
    if (is_text(column))
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
    if (key && is_text(column))
        fputs(" " MSSQL_BYTES, out);
    fputs(key ? " NOT NULL" : " NULL", out);
}

/* T-SQL takes 'a' and 'a ' for equal whatever the collation: a key of text has its length beside it. */
static void put_key(FILE *out, const struct sp_table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (is_text(column))
            fprintf(out, "[%s_Bytes] AS DATALENGTH([%s]) PERSISTED NOT NULL, ", column->name, column->name);
    }
    fputs("PRIMARY KEY (", out);
    for (size_t i = 0; i < table->key_count; i++) {
        const struct sp_column *column = &table->columns[i];
        fprintf(out, "%s[%s]", i ? ", " : "", column->name);
        if (is_text(column))
            fprintf(out, ", [%s_Bytes]", column->name);
    }
    fputs(")", out);
}

char *mssql_create(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs("CREATE TABLE ", text.stream);
    put_table(text.stream, table);
    fputs(" (", text.stream);
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
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fputs(" ADD ", text.stream);
    put_column(text.stream, table, column);
    return sql_end(&text);
}

/* In a batch of its own: a column is not known in the one that adds it, where people run both. */
char *mssql_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there)
{
    struct sql_text text;
    const char *between = " WHERE ";
    sql_start(&text);
    fputs("EXEC (N'UPDATE ", text.stream);
    put_table(text.stream, table);
    fprintf(text.stream, " SET [%s] = [%s]", table->columns[column].name, table->columns[bound].name);
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (i == column || table->columns[i].group != table->columns[column].group || !there[i])
            continue;
        fprintf(text.stream, "%s[%s] IS NOT NULL", between, table->columns[i].name);
        between = " OR ";
    }
    fputs("')", text.stream);
    return sql_end(&text);
}

char *mssql_alter_type(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fputs(" ALTER COLUMN ", text.stream);
    put_column(text.stream, table, column);
    return sql_end(&text);
}

/* The name of an index is its table's. */
char *mssql_make_key(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs("CREATE UNIQUE INDEX [ScanpipeKey] ON ", text.stream);
    put_table(text.stream, table);
    for (size_t i = 0; i < table->key_count; i++)
        fprintf(text.stream, "%s[%s]", i ? ", " : " (", table->columns[i].name);
    fputs(")", text.stream);
    return sql_end(&text);
}

/* The column is none of ours: its name may have anything in it. */
char *mssql_let_be_null(const struct sp_table *table, const char *column, const char *type)
{
    struct sql_text text;
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fputs(" ALTER COLUMN [", text.stream);
    for (; *column; column++)
        fprintf(text.stream, *column == ']' ? "]]" : "%c", *column);
    fprintf(text.stream, "] %s NULL", type);
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

static void put_new(FILE *out, const struct sp_table *table, const struct sp_column *column)
{
    fprintf(out, "s.c%zu", (size_t)(column - table->columns));
}

static void put_old(FILE *out, const struct sp_column *column)
{
    fprintf(out, "t.[%s]", column->name);
}

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
        if (is_text(&table->columns[i]))
            fprintf(out,
                    "CAST(s.c%zu AS NVARCHAR(%d)) " MSSQL_BYTES
                    " AND DATALENGTH(t.[%s]) = DATALENGTH(s.c%zu)",
                    i, UNITS_MAX, name, i);
        else
            fprintf(out, "s.c%zu", i);
    }
}

/* The new value is beyond the stored one, or is the first.  A new NULL never is. */
static void put_beyond(FILE *out, const struct sp_table *table, const struct sp_column *by, const char *sign)
{
    put_new(out, table, by);
    fputs(sign, out);
    put_old(out, by);
    fputs(" OR (", out);
    put_old(out, by);
    fputs(" IS NULL AND ", out);
    put_new(out, table, by);
    fputs(" IS NOT NULL)", out);
}

/* Is the group replaced?  An equal order replaces, an equal minimum need not. */
static void put_replaced(FILE *out, const struct sp_table *table, size_t group)
{
    const char *sign = sql_goes_up(table, group) ? " > " : " < ";
    if (sql_has_order(table, group))
        sign = sql_goes_up(table, group) ? " >= " : " <= ";
    put_beyond(out, table, sql_decider(table, group), sign);
}

/* A value as it is compared: of text every code counts, and blanks at its end do. */
static void put_compared(FILE *out, const struct sp_table *table, const struct sp_column *column, bool new)
{
    fputs(is_text(column) ? "CAST(" : "", out);
    if (new)
        put_new(out, table, column);
    else
        put_old(out, column);
    fputs(is_text(column) ? " AS VARBINARY(MAX))" : "", out);
}

/* The values of a group, but for its order; returns how many. */
static size_t put_values(FILE *out, const struct sp_table *table, size_t group, bool new)
{
    size_t count = 0;
    for (size_t i = table->key_count; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (column->group != (int32_t)group || column == sql_decider(table, group))
            continue;
        fputs(count++ ? ", " : "", out);
        put_compared(out, table, column, new);
    }
    return count;
}

static bool has_values(const struct sp_table *table, size_t group)
{
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (table->columns[i].group == (int32_t)group && &table->columns[i] != sql_decider(table, group))
            return true;
    }
    return false;
}

/* Does the group change?  Another order is a change; with an equal one the values are compared, by EXCEPT,
 * for which one NULL is as another. */
static void put_changes(FILE *out, const struct sp_table *table, size_t group)
{
    const struct sp_column *by = sql_decider(table, group);
    put_beyond(out, table, by, sql_goes_up(table, group) ? " > " : " < ");
    if (!sql_has_order(table, group) || !has_values(table, group))
        return;
    fputs(" OR (", out);
    put_new(out, table, by);
    fputs(" = ", out);
    put_old(out, by);
    fputs(" AND EXISTS (SELECT ", out);
    put_values(out, table, group, true);
    fputs(" EXCEPT SELECT ", out);
    put_values(out, table, group, false);
    fputs("))", out);
}

/* Two texts whose collations are those of the database and of a column cannot be chosen between, unless one
 * of them says its own.  Assigned, a text takes the collation of its column. */
static void put_chosen(FILE *out, const struct sp_table *table, const struct sp_column *column)
{
    put_new(out, table, column);
    fputs(is_text(column) ? " " MSSQL_BYTES : "", out);
}

static void put_set(FILE *out, const struct sp_table *table)
{
    for (size_t i = table->key_count; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        fprintf(out, "%s[%s] = CASE WHEN ", i > table->key_count ? ", " : "", column->name);
        put_replaced(out, table, (size_t)column->group);
        fputs(" THEN ", out);
        put_chosen(out, table, column);
        fputs(" ELSE ", out);
        put_old(out, column);
        fputs(" END", out);
    }
}

/* The batch's order, which is that of keys, in one thread: rows are locked in it. */
#define IN_ORDER " OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1); "
#define LOCKED   " AS t WITH (UPDLOCK, SERIALIZABLE)"

static void put_update(FILE *out, const struct sp_table *table)
{
    fputs("UPDATE t SET ", out);
    put_set(out, table);
    fputs(" FROM ", out);
    put_rows(out, table, "", table->column_count);
    fputs(" INNER JOIN ", out);
    put_table(out, table);
    fputs(LOCKED " ON ", out);
    put_same_key(out, table);
    for (size_t i = 0; i < table->group_count; i++) {
        fputs(i ? " OR " : " WHERE ", out);
        put_changes(out, table, i);
    }
    fputs(IN_ORDER "SET @touched = @@ROWCOUNT; ", out);
}

static void put_insert(FILE *out, const struct sp_table *table)
{
    fputs("INSERT INTO ", out);
    put_table(out, table);
    fputs(" (", out);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(out, "%s[%s]", i ? ", " : "", table->columns[i].name);
    fputs(") SELECT ", out);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(out, "%ss.c%zu", i ? ", " : "", i);
    fputs(" FROM ", out);
    put_rows(out, table, "", table->column_count);
    fputs(" WHERE NOT EXISTS (SELECT 1 FROM ", out);
    put_table(out, table);
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
        put_old(out, column);
        fputs(" AS DATETIMEOFFSET(7)), '+00:00') AS DATETIME2(7)), 121), ' ', 'T') + 'Z'", out);
        break;
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        put_old(out, column);
        break;
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
    case SP_TYPE_DECIMAL:
    case SP_TYPE_BOOLEAN:
        fputs("CAST(", out);
        put_old(out, column);
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
    put_table(text.stream, table);
    fputs(" AS t ON ", text.stream);
    put_same_key(text.stream, table);
    fputs(" OPTION (LOOP JOIN, FORCE ORDER)", text.stream);
    return sql_end(&text);
}
