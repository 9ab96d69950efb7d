/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_postgres.h"

#include "../lib_odbc/sql.h"

#include <stdio.h>
#include <stdlib.h>

/* Names are letters, digits and '_': in quotes they keep their case. */
static void put_table(FILE *out, const struct sp_table *table)
{
    const char *dot = strchr(table->name, '.');
    if (dot)
        fprintf(out, "\"%.*s\".", (int)(dot - table->name), table->name);
    fprintf(out, "\"%s\"", dot ? dot + 1 : table->name);
}

static void put_in(FILE *out, const char *row, const struct sp_column *column)
{
    fprintf(out, "%s.\"%s\"", row, column->name);
}

static void put_type(FILE *out, const struct sp_column *column)
{
    switch (column->type) {
    case SP_TYPE_INT:
        fputs("integer", out);
        break;
    case SP_TYPE_BIGINT:
        fputs("bigint", out);
        break;
    case SP_TYPE_DECIMAL:
        fprintf(out, "numeric(%u,%u)", column->precision, column->scale);
        break;
    case SP_TYPE_BOOLEAN:
        fputs("boolean", out);
        break;
    case SP_TYPE_TEXT:
        if (column->length)
            fprintf(out, "varchar(%u)", column->length);
        else
            fputs("text", out);
        break;
    case SP_TYPE_TIMESTAMP:
        fputs("timestamp with time zone", out);
        break;
    case SP_TYPE_JSON:
        fputs("json", out);
        break;
    }
}

/* How a value comes out of the parameter.  As text, not as varchar(n): a cast cuts without a word what is too
 * long, the column itself refuses it. */
static const char *type_in_json(const struct sp_column *column)
{
    switch (column->type) {
    case SP_TYPE_INT:
        return "integer";
    case SP_TYPE_BIGINT:
        return "bigint";
    case SP_TYPE_DECIMAL:
        return "numeric";
    case SP_TYPE_BOOLEAN:
        return "boolean";
    case SP_TYPE_TIMESTAMP:
        return "timestamp with time zone";
    case SP_TYPE_TEXT:
    case SP_TYPE_JSON:
        break;
    }
    return "text";
}

static void put_column(FILE *out, const struct sp_table *table, size_t column)
{
    fprintf(out, "\"%s\" ", table->columns[column].name);
    put_type(out, &table->columns[column]);
    /* The index then sorts by bytes, as batches are sorted, whatever the database's collation. */
    if (column < table->key_count && table->columns[column].type == SP_TYPE_TEXT)
        fputs(" COLLATE \"C\"", out);
    if (column < table->key_count)
        fputs(" NOT NULL", out);
}

static void put_names(FILE *out, const struct sp_table *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s\"%s\"", i ? ", " : "", table->columns[i].name);
}

char *postgres_quote(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    put_table(text.stream, table);
    return sql_end(&text);
}

char *postgres_create(const struct sp_table *table)
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
    fputs("PRIMARY KEY (", text.stream);
    put_names(text.stream, table, table->key_count);
    fputs("))", text.stream);
    return sql_end(&text);
}

char *postgres_add_column(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fputs(" ADD COLUMN ", text.stream);
    put_column(text.stream, table, column);
    return sql_end(&text);
}

char *postgres_rename(const struct sp_table *table, const char *name)
{
    struct sql_text text;
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fprintf(text.stream, " RENAME TO \"%s\"", name);
    return sql_end(&text);
}

char *postgres_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there)
{
    struct sql_text text;
    const char *between = " WHERE ";
    sql_start(&text);
    fputs("UPDATE ", text.stream);
    put_table(text.stream, table);
    fprintf(text.stream, " SET \"%s\" = \"%s\"", table->columns[column].name, table->columns[bound].name);
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (i == column || table->columns[i].group != table->columns[column].group || !there[i])
            continue;
        fprintf(text.stream, "%s\"%s\" IS NOT NULL", between, table->columns[i].name);
        between = " OR ";
    }
    return sql_end(&text);
}

char *postgres_alter_type(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fprintf(text.stream, " ALTER COLUMN \"%s\" TYPE ", table->columns[column].name);
    put_type(text.stream, &table->columns[column]);
    return sql_end(&text);
}

char *postgres_make_key(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs("CREATE UNIQUE INDEX ON ", text.stream);
    put_table(text.stream, table);
    fputs(" (", text.stream);
    put_names(text.stream, table, table->key_count);
    fputs(")", text.stream);
    return sql_end(&text);
}

/* The column is none of ours: its name may have anything in it. */
char *postgres_let_be_null(const struct sp_table *table, const char *column, const char *type)
{
    struct sql_text text;
    (void)type;
    sql_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_table(text.stream, table);
    fputs(" ALTER COLUMN \"", text.stream);
    for (; *column; column++)
        fprintf(text.stream, *column == '"' ? "\"\"" : "%c", *column);
    fputs("\" DROP NOT NULL", text.stream);
    return sql_end(&text);
}

/* The new value is beyond the stored one, or is the first.  A new NULL never is. */
static void put_beyond(FILE *out, const struct sp_column *by, const char *sign)
{
    put_in(out, "excluded", by);
    fputs(sign, out);
    put_in(out, "t", by);
    fputs(" OR (", out);
    put_in(out, "t", by);
    fputs(" IS NULL AND ", out);
    put_in(out, "excluded", by);
    fputs(" IS NOT NULL)", out);
}

/* Is the group replaced?  An equal order replaces, an equal minimum need not. */
static void put_replaced(FILE *out, const struct sp_table *table, size_t group)
{
    const char *sign = sql_goes_up(table, group) ? " > " : " < ";
    if (sql_has_order(table, group))
        sign = sql_goes_up(table, group) ? " >= " : " <= ";
    put_beyond(out, sql_decider(table, group), sign);
}

/* NULL-safe; json knows no equality but that of its text. */
static void put_differs(FILE *out, const struct sp_column *column)
{
    const char *as = column->type == SP_TYPE_JSON ? "::text" : "";
    put_in(out, "excluded", column);
    fprintf(out, "%s IS DISTINCT FROM ", as);
    put_in(out, "t", column);
    fputs(as, out);
}

/* Does the group change?  Another order is a change; with an equal one the columns are compared. */
static void put_changes(FILE *out, const struct sp_table *table, size_t group)
{
    const struct sp_column *by = sql_decider(table, group);
    bool any = false;
    put_beyond(out, by, sql_goes_up(table, group) ? " > " : " < ");
    for (size_t i = table->key_count; sql_has_order(table, group) && i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (column->group != (int32_t)group || column == by)
            continue;
        if (!any) {
            fputs(" OR (", out);
            put_in(out, "excluded", by);
            fputs(" = ", out);
            put_in(out, "t", by);
        }
        fputs(any ? " OR " : " AND (", out);
        put_differs(out, column);
        any = true;
    }
    fputs(any ? "))" : "", out);
}

static void put_set(FILE *out, const struct sp_table *table)
{
    for (size_t i = table->key_count; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        fprintf(out, "%s\"%s\" = CASE WHEN ", i > table->key_count ? ", " : "", column->name);
        put_replaced(out, table, (size_t)column->group);
        fputs(" THEN ", out);
        put_in(out, "excluded", column);
        fputs(" ELSE ", out);
        put_in(out, "t", column);
        fputs(" END", out);
    }
}

static void put_conflict(FILE *out, const struct sp_table *table)
{
    if (table->append || table->column_count == table->key_count) {
        fputs("NOTHING", out);
        return;
    }
    fputs("UPDATE SET ", out);
    put_set(out, table);
    for (size_t i = 0; i < table->group_count; i++) {
        fputs(i ? " OR " : " WHERE ", out);
        put_changes(out, table, i);
    }
}

/* "json_to_recordset(...) AS s (c0 integer, ...)", with `first` before the columns. */
static void put_recordset(FILE *out, const struct sp_table *table, const char *first, size_t count)
{
    fprintf(out, "json_to_recordset(CAST(? AS json)) AS %s(%s", *first ? "s " : "", first);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%sc%zu %s", i ? ", " : "", i, type_in_json(&table->columns[i]));
    fputs(")", out);
}

/*
 * Safe with many writers, at READ COMMITTED: ON CONFLICT locks the row that is there, waits for whoever has
 * it, and decides by what is there then; so none is lost, and no key collides.  Rows are taken in the order
 * of the batch, which is sorted by key: two writers lock in the same order and do not deadlock.  A batch has
 * each key once, which ON CONFLICT asks for.
 */
char *postgres_upsert(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs("INSERT INTO ", text.stream);
    put_table(text.stream, table);
    fputs(" AS t (", text.stream);
    put_names(text.stream, table, table->column_count);
    fputs(") SELECT ", text.stream);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(text.stream, "%ss.c%zu%s", i ? ", " : "", i,
                table->columns[i].type == SP_TYPE_JSON ? "::json" : "");
    fputs(" FROM ROWS FROM (", text.stream);
    put_recordset(text.stream, table, "", table->column_count);
    fputs(") WITH ORDINALITY AS s (", text.stream);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(text.stream, "c%zu, ", i);
    fputs("n) ORDER BY s.n ON CONFLICT (", text.stream);
    put_names(text.stream, table, table->key_count);
    fputs(") DO ", text.stream);
    put_conflict(text.stream, table);
    return sql_end(&text);
}

/* As text that no driver and no setting of the session changes. */
static void put_shown(FILE *out, const struct sp_column *column)
{
    if (column->type == SP_TYPE_TIMESTAMP) {
        fputs("to_char(", out);
        put_in(out, "t", column);
        fputs(" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", out);
    } else {
        put_in(out, "t", column);
        fputs("::text", out);
    }
}

char *postgres_select(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs("SELECT s.n", text.stream);
    for (size_t i = 0; i < table->column_count; i++) {
        fputs(", ", text.stream);
        put_shown(text.stream, &table->columns[i]);
    }
    fputs(" FROM ", text.stream);
    put_recordset(text.stream, table, "n bigint, ", table->key_count);
    fputs(" JOIN ", text.stream);
    put_table(text.stream, table);
    fputs(" AS t ON ", text.stream);
    for (size_t i = 0; i < table->key_count; i++) {
        fputs(i ? " AND " : "", text.stream);
        put_in(text.stream, "t", &table->columns[i]);
        fprintf(text.stream, " = s.c%zu", i);
    }
    return sql_end(&text);
}
