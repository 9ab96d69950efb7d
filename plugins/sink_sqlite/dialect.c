/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include <stdio.h>
#include <stdlib.h>

/* A text under construction; memory that runs out ends the process, as it does for an arena. */
struct text {
    FILE *stream;
    char *data;
    size_t size;
};

static void text_start(struct text *text)
{
    text->stream = open_memstream(&text->data, &text->size);
    if (!text->stream)
        abort();
}

static char *text_end(struct text *text)
{
    if (fclose(text->stream) != 0)
        abort();
    return text->data;
}

static void put_name(FILE *out, const char *name)
{
    fputc('"', out);
    for (; *name; name++) {
        if (*name == '"')
            fputc('"', out);
        fputc(*name, out);
    }
    fputc('"', out);
}

/* excluded."name" or t."name" */
static void put_in(FILE *out, const char *row, const struct sp_column *column)
{
    fprintf(out, "%s.", row);
    put_name(out, column->name);
}

static void put_comma(FILE *out, bool *first)
{
    if (!*first)
        fputs(", ", out);
    *first = false;
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

static void put_keys(FILE *out, const struct sp_table *table)
{
    bool first = true;
    for (size_t i = 0; i < table->key_count; i++) {
        put_comma(out, &first);
        put_name(out, table->columns[i].name);
    }
}

char *dialect_create(const struct sp_table *table)
{
    struct text text;
    bool first = true,
         rowid = table->key_count == 1 && strcmp(type_of(table->columns[0].type), "INTEGER") == 0;
    text_start(&text);
    fputs("CREATE TABLE ", text.stream);
    put_name(text.stream, table->name);
    fputs(" (", text.stream);
    for (size_t i = 0; i < table->column_count; i++) {
        put_comma(text.stream, &first);
        put_name(text.stream, table->columns[i].name);
        fprintf(text.stream, " %s", type_of(table->columns[i].type));
        if (i < table->key_count)
            fputs(rowid ? " PRIMARY KEY NOT NULL" : " NOT NULL", text.stream);
    }
    if (!rowid) {
        fputs(", PRIMARY KEY (", text.stream);
        put_keys(text.stream, table);
        fputs(")", text.stream);
    }
    fputs(rowid ? ")" : ") WITHOUT ROWID", text.stream);
    return text_end(&text);
}

char *dialect_add_column(const struct sp_table *table, size_t column)
{
    struct text text;
    text_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_name(text.stream, table->name);
    fputs(" ADD COLUMN ", text.stream);
    put_name(text.stream, table->columns[column].name);
    fprintf(text.stream, " %s", type_of(table->columns[column].type));
    return text_end(&text);
}

char *dialect_fill_order(const struct sp_table *table, size_t column, size_t bound, const bool *there)
{
    struct text text;
    const char *between = " WHERE ";
    text_start(&text);
    fputs("UPDATE ", text.stream);
    put_name(text.stream, table->name);
    fputs(" SET ", text.stream);
    put_name(text.stream, table->columns[column].name);
    fputs(" = ", text.stream);
    put_name(text.stream, table->columns[bound].name);
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (i == column || table->columns[i].group != table->columns[column].group || !there[i])
            continue;
        fputs(between, text.stream);
        put_name(text.stream, table->columns[i].name);
        fputs(" IS NOT NULL", text.stream);
        between = " OR ";
    }
    return text_end(&text);
}

char *dialect_rename(const struct sp_table *table, const char *name)
{
    struct text text;
    text_start(&text);
    fputs("ALTER TABLE ", text.stream);
    put_name(text.stream, table->name);
    fputs(" RENAME TO ", text.stream);
    put_name(text.stream, name);
    return text_end(&text);
}

char *dialect_make_key(const struct sp_table *table)
{
    struct text text;
    text_start(&text);
    fprintf(text.stream, "CREATE UNIQUE INDEX \"%s_key\" ON ", table->name);
    put_name(text.stream, table->name);
    fputs(" (", text.stream);
    put_keys(text.stream, table);
    fputs(")", text.stream);
    return text_end(&text);
}

/* What a group is decided by: its order, or its one value. */
static const struct sp_column *decider(const struct sp_table *table, size_t group)
{
    if (table->groups[group].order_column >= 0)
        return &table->columns[table->groups[group].order_column];
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (table->columns[i].group == (int32_t)group)
            return &table->columns[i];
    }
    return NULL;
}

static bool has_order(const struct sp_table *table, size_t group)
{
    return table->groups[group].order_column >= 0;
}

static bool goes_up(const struct sp_table *table, size_t group)
{
    return table->groups[group].keep == SP_KEEP_LAST || table->groups[group].keep == SP_KEEP_MAX;
}

/* The new value is beyond the stored one, or is the first.  A new NULL never is.  Decimals are kept as text,
 * whose order is another one. */
static void put_beyond(FILE *out, const struct sp_column *by, const char *sign)
{
    bool decimal = by->type == SP_TYPE_DECIMAL;
    fputs(decimal ? "scanpipe_compare(" : "", out);
    put_in(out, "excluded", by);
    fputs(decimal ? ", " : sign, out);
    put_in(out, "t", by);
    if (decimal)
        fprintf(out, ")%s0", sign);
    fputs(" OR (", out);
    put_in(out, "t", by);
    fputs(" IS NULL AND ", out);
    put_in(out, "excluded", by);
    fputs(" IS NOT NULL)", out);
}

/* Is the group replaced?  An equal order replaces, an equal minimum need not. */
static void put_replaced(FILE *out, const struct sp_table *table, size_t group)
{
    const char *sign = goes_up(table, group) ? " > " : " < ";
    if (has_order(table, group))
        sign = goes_up(table, group) ? " >= " : " <= ";
    put_beyond(out, decider(table, group), sign);
}

/* Does the group change?  Another order is a change; with an equal one the columns are compared. */
static void put_changes(FILE *out, const struct sp_table *table, size_t group)
{
    const struct sp_column *by = decider(table, group);
    bool any = false;
    put_beyond(out, by, goes_up(table, group) ? " > " : " < ");
    for (size_t i = table->key_count; has_order(table, group) && i < table->column_count; i++) {
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
        put_in(out, "excluded", column);
        fputs(" IS NOT ", out);
        put_in(out, "t", column);
        any = true;
    }
    fputs(any ? "))" : "", out);
}

static void put_set(FILE *out, const struct sp_table *table)
{
    bool first = true;
    for (size_t i = table->key_count; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        put_comma(out, &first);
        put_name(out, column->name);
        fputs(" = CASE WHEN ", out);
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

static void put_columns(FILE *out, const struct sp_table *table)
{
    bool first = true;
    for (size_t i = 0; i < table->column_count; i++) {
        put_comma(out, &first);
        put_name(out, table->columns[i].name);
    }
}

char *dialect_upsert(const struct sp_table *table)
{
    struct text text;
    text_start(&text);
    fputs("INSERT INTO ", text.stream);
    put_name(text.stream, table->name);
    fputs(" AS t (", text.stream);
    put_columns(text.stream, table);
    fputs(") VALUES (", text.stream);
    for (size_t i = 0; i < table->column_count; i++)
        fputs(i ? ", ?" : "?", text.stream);
    fputs(") ON CONFLICT (", text.stream);
    put_keys(text.stream, table);
    fputs(") DO ", text.stream);
    put_conflict(text.stream, table);
    return text_end(&text);
}

/* Each name with its table's: SQLite takes a quoted name that it does not know for a text. */
char *dialect_select(const struct sp_table *table)
{
    struct text text;
    bool first = true;
    text_start(&text);
    fputs("SELECT ", text.stream);
    for (size_t i = 0; i < table->column_count; i++) {
        put_comma(text.stream, &first);
        put_in(text.stream, "t", &table->columns[i]);
    }
    fputs(" FROM ", text.stream);
    put_name(text.stream, table->name);
    fputs(" AS t", text.stream);
    for (size_t i = 0; i < table->key_count; i++) {
        fputs(i ? " AND " : " WHERE ", text.stream);
        put_in(text.stream, "t", &table->columns[i]);
        fputs(" = ?", text.stream);
    }
    return text_end(&text);
}
