/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include "../lib_sql/sql.h"

static void put_differs(FILE *out, const struct sp_table *table, size_t group);

/* Decimals are kept as text, whose order is another one. */
static const struct sql_style style = {
    .open = '"',
    .close = '"',
    .new_row = "excluded",
    .compare = "scanpipe_compare",
    .put_differs = put_differs,
};

static void put_differs(FILE *out, const struct sp_table *table, size_t group)
{
    const char *between = "(";
    for (const struct sp_column *at = NULL; (at = sql_next_value(table, group, at)); between = " OR ") {
        fputs(between, out);
        sql_put_new(&style, out, table, at);
        fputs(" IS NOT ", out);
        sql_put_old(&style, out, at);
    }
    fputs(")", out);
}

static const char *type_of(enum sp_type type)
{
    switch (type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
    case SP_TYPE_BOOLEAN:
        return "INTEGER";
    case SP_TYPE_DECIMAL:
    case SP_TYPE_TEXT:
    case SP_TYPE_TIMESTAMP:
    case SP_TYPE_JSON:
        break;
    }
    return "TEXT";
}

char *dialect_create(const struct sp_table *table)
{
    struct sql_text text;
    bool rowid = table->key_count == 1 && strcmp(type_of(table->columns[0].type), "INTEGER") == 0;
    sql_start_on(&style, &text, "CREATE TABLE ", table, " (");
    for (size_t i = 0; i < table->column_count; i++) {
        fputs(i ? ", " : "", text.stream);
        sql_put_name(&style, text.stream, table->columns[i].name);
        fprintf(text.stream, " %s", type_of(table->columns[i].type));
        if (i < table->key_count)
            fputs(rowid ? " PRIMARY KEY NOT NULL" : " NOT NULL", text.stream);
    }
    if (!rowid) {
        fputs(", PRIMARY KEY (", text.stream);
        sql_put_names(&style, text.stream, table, table->key_count);
        fputs(")", text.stream);
    }
    fputs(rowid ? ")" : ") WITHOUT ROWID", text.stream);
    return sql_end(&text);
}

char *dialect_add_column(const struct sp_table *table, size_t column)
{
    struct sql_text text;
    sql_start_on(&style, &text, "ALTER TABLE ", table, " ADD COLUMN ");
    sql_put_name(&style, text.stream, table->columns[column].name);
    fprintf(text.stream, " %s", type_of(table->columns[column].type));
    return sql_end(&text);
}

char *dialect_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there)
{
    struct sql_text text;
    sql_start(&text);
    sql_put_fill_order(&style, text.stream, table, column, bound, there);
    return sql_end(&text);
}

char *dialect_rename(const struct sp_table *table, const char *name)
{
    return sql_rename(&style, table, name);
}

char *dialect_make_key(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fprintf(text.stream, "CREATE UNIQUE INDEX \"%s_key\" ON ", table->name);
    sql_put_table(&style, text.stream, table);
    fputs(" (", text.stream);
    sql_put_names(&style, text.stream, table, table->key_count);
    fputs(")", text.stream);
    return sql_end(&text);
}

char *dialect_upsert(const struct sp_table *table)
{
    struct sql_text text;
    sql_start_on(&style, &text, "INSERT INTO ", table, " AS t (");
    sql_put_names(&style, text.stream, table, table->column_count);
    fputs(") VALUES (", text.stream);
    for (size_t i = 0; i < table->column_count; i++)
        fputs(i ? ", ?" : "?", text.stream);
    fputs(")", text.stream);
    sql_put_on_conflict(&style, text.stream, table);
    return sql_end(&text);
}

/* Each name with its table's: SQLite takes a quoted name that it does not know for a text. */
char *dialect_select(const struct sp_table *table)
{
    struct sql_text text;
    sql_start(&text);
    fputs("SELECT ", text.stream);
    for (size_t i = 0; i < table->column_count; i++) {
        fputs(i ? ", " : "", text.stream);
        sql_put_old(&style, text.stream, &table->columns[i]);
    }
    fputs(" FROM ", text.stream);
    sql_put_table(&style, text.stream, table);
    fputs(" AS t", text.stream);
    for (size_t i = 0; i < table->key_count; i++) {
        fputs(i ? " AND " : " WHERE ", text.stream);
        sql_put_old(&style, text.stream, &table->columns[i]);
        fputs(" = ?", text.stream);
    }
    return sql_end(&text);
}
