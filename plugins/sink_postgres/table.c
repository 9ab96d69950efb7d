/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_postgres.h"

#include "../lib_sql/sql.h"

static void put_differs(FILE *out, const struct sp_table *table, size_t group);

/* In quotes names keep their case. */
static const struct sql_style style = {
    .open = '"',
    .close = '"',
    .schemas = true,
    .new_row = "excluded",
    .put_differs = put_differs,
};

/* Json knows no equality but that of its text. */
static void put_differs(FILE *out, const struct sp_table *table, size_t group)
{
    const char *between = "(";
    for (const struct sp_column *at = NULL; (at = sql_next_value(table, group, at));) {
        const char *as = at->type == SP_TYPE_JSON ? "::text" : "";
        fputs(between, out);
        sql_put_new(&style, out, table, at);
        fprintf(out, "%s IS DISTINCT FROM ", as);
        sql_put_old(&style, out, at);
        fputs(as, out);
        between = " OR ";
    }
    fputs(")", out);
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

char *postgres_quote(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    sql_put_table(&style, text.stream, table);
    return sql_end(&text);
}

char *postgres_create(const struct sp_table *table)
{
    struct sql_text text;
    sql_start_on(&style, &text, "CREATE TABLE ", table, " (");
    for (size_t i = 0; i < table->column_count; i++) {
        put_column(text.stream, table, i);
        fputs(", ", text.stream);
    }
    fputs("PRIMARY KEY (", text.stream);
    sql_put_names(&style, text.stream, table, table->key_count);
    fputs("))", text.stream);
    return sql_end(&text);
}

char *postgres_add_column(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ADD COLUMN ");
    put_column(text.stream, table, column);
    return sql_end(&text);
}

char *postgres_rename(const struct sp_table *table, const char *name)
{
    return sql_rename(&style, table, name);
}

char *postgres_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there)
{
    struct sql_text text;
    sql_start(&text);
    sql_put_fill_order(&style, text.stream, table, column, bound, there);
    return sql_end(&text);
}

char *postgres_alter_type(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ALTER COLUMN ");
    sql_put_name(&style, text.stream, table->columns[column].name);
    fputs(" TYPE ", text.stream);
    put_type(text.stream, &table->columns[column]);
    return sql_end(&text);
}

char *postgres_make_key(const struct sp_table *table)
{
    struct sql_text text;
    sql_start_on(&style, &text, "CREATE UNIQUE INDEX ON ", table, " (");
    sql_put_names(&style, text.stream, table, table->key_count);
    fputs(")", text.stream);
    return sql_end(&text);
}

/* The column is none of ours: its name may have anything in it. */
char *postgres_let_be_null(const struct sp_table *table, const char *column, const char *type)
{
    struct sql_text text;
    (void)type;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ALTER COLUMN ");
    sql_put_name(&style, text.stream, column);
    fputs(" DROP NOT NULL", text.stream);
    return sql_end(&text);
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
    sql_start_on(&style, &text, "INSERT INTO ", table, " AS t (");
    sql_put_names(&style, text.stream, table, table->column_count);
    fputs(") SELECT ", text.stream);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(text.stream, "%ss.c%zu%s", i ? ", " : "", i,
                table->columns[i].type == SP_TYPE_JSON ? "::json" : "");
    fputs(" FROM ROWS FROM (", text.stream);
    put_recordset(text.stream, table, "", table->column_count);
    fputs(") WITH ORDINALITY AS s (", text.stream);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(text.stream, "c%zu, ", i);
    fputs("n) ORDER BY s.n", text.stream);
    sql_put_on_conflict(&style, text.stream, table);
    return sql_end(&text);
}

/* As text that no driver and no setting of the session changes. */
static void put_shown(FILE *out, const struct sp_column *column)
{
    if (column->type == SP_TYPE_TIMESTAMP) {
        fputs("to_char(", out);
        sql_put_old(&style, out, column);
        fputs(" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", out);
    } else {
        sql_put_old(&style, out, column);
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
    sql_put_table(&style, text.stream, table);
    fputs(" AS t ON ", text.stream);
    for (size_t i = 0; i < table->key_count; i++) {
        fputs(i ? " AND " : "", text.stream);
        sql_put_old(&style, text.stream, &table->columns[i]);
        fprintf(text.stream, " = s.c%zu", i);
    }
    return sql_end(&text);
}
