/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sql.h"

#include <stdlib.h>

void sql_start(struct sql_text *text)
{
    text->stream = open_memstream(&text->data, &text->size);
    if (!text->stream)
        abort();
}

void sql_start_on(const struct sql_style *style, struct sql_text *text, const char *before,
                  const struct sp_table *table, const char *behind)
{
    sql_start(text);
    fputs(before, text->stream);
    sql_put_table(style, text->stream, table);
    fputs(behind, text->stream);
}

char *sql_end(struct sql_text *text)
{
    if (fclose(text->stream) != 0)
        abort();
    return text->data;
}

static bool has_order(const struct sp_table *table, size_t group)
{
    return table->groups[group].order_column >= 0;
}

/* Does the larger one win? */
static bool goes_up(const struct sp_table *table, size_t group)
{
    return table->groups[group].keep == SP_KEEP_LAST || table->groups[group].keep == SP_KEEP_MAX;
}

static const struct sp_column *next_of_group(const struct sp_table *table, size_t group, size_t from)
{
    for (size_t i = from; i < table->column_count; i++) {
        if (table->columns[i].group == (int32_t)group)
            return &table->columns[i];
    }
    return NULL;
}

const struct sp_column *sql_decider(const struct sp_table *table, size_t group)
{
    if (has_order(table, group))
        return &table->columns[table->groups[group].order_column];
    return next_of_group(table, group, table->key_count);
}

const struct sp_column *sql_next_value(const struct sp_table *table, size_t group,
                                       const struct sp_column *behind)
{
    const struct sp_column *next = behind;
    do
        next = next_of_group(table, group, next ? (size_t)(next - table->columns) + 1 : table->key_count);
    while (next && next == sql_decider(table, group));
    return next;
}

void sql_put_name(const struct sql_style *style, FILE *out, const char *name)
{
    fputc(style->open, out);
    for (; *name; name++) {
        if (*name == style->close)
            fputc(style->close, out);
        fputc(*name, out);
    }
    fputc(style->close, out);
}

void sql_put_table(const struct sql_style *style, FILE *out, const struct sp_table *table)
{
    const char *dot = style->schemas ? strchr(table->name, '.') : NULL;
    if (dot)
        fprintf(out, "%c%.*s%c.", style->open, (int)(dot - table->name), table->name, style->close);
    sql_put_name(style, out, dot ? dot + 1 : table->name);
}

void sql_put_names(const struct sql_style *style, FILE *out, const struct sp_table *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out);
        sql_put_name(style, out, table->columns[i].name);
    }
}

void sql_put_old(const struct sql_style *style, FILE *out, const struct sp_column *column)
{
    fputs("t.", out);
    sql_put_name(style, out, column->name);
}

void sql_put_new(const struct sql_style *style, FILE *out, const struct sp_table *table,
                 const struct sp_column *column)
{
    if (style->new_row) {
        fprintf(out, "%s.", style->new_row);
        sql_put_name(style, out, column->name);
    } else {
        fprintf(out, "s.c%zu", (size_t)(column - table->columns));
    }
}

static void put_compared(const struct sql_style *style, FILE *out, const struct sp_table *table,
                         const struct sp_column *by, const char *sign)
{
    bool called = style->compare && by->type == SP_TYPE_DECIMAL;
    if (called)
        fprintf(out, "%s(", style->compare);
    sql_put_new(style, out, table, by);
    fputs(called ? ", " : sign, out);
    sql_put_old(style, out, by);
    if (called)
        fprintf(out, ")%s0", sign);
}

/* The new value is beyond the stored one, or is the first.  A new NULL never is. */
static void put_beyond(const struct sql_style *style, FILE *out, const struct sp_table *table,
                       const struct sp_column *by, const char *sign)
{
    put_compared(style, out, table, by, sign);
    fputs(" OR (", out);
    sql_put_old(style, out, by);
    fputs(" IS NULL AND ", out);
    sql_put_new(style, out, table, by);
    fputs(" IS NOT NULL)", out);
}

/* Is the group replaced?  An equal order replaces, an equal minimum need not. */
static void put_replaced(const struct sql_style *style, FILE *out, const struct sp_table *table, size_t group)
{
    const char *sign = goes_up(table, group) ? " > " : " < ";
    if (has_order(table, group))
        sign = goes_up(table, group) ? " >= " : " <= ";
    put_beyond(style, out, table, sql_decider(table, group), sign);
}

/* Does the group change?  Another order is a change; with an equal one the values are compared. */
static void put_changes(const struct sql_style *style, FILE *out, const struct sp_table *table, size_t group)
{
    const struct sp_column *by = sql_decider(table, group);
    put_beyond(style, out, table, by, goes_up(table, group) ? " > " : " < ");
    if (!has_order(table, group) || !sql_next_value(table, group, NULL))
        return;
    fputs(" OR (", out);
    sql_put_new(style, out, table, by);
    fputs(" = ", out);
    sql_put_old(style, out, by);
    fputs(" AND ", out);
    style->put_differs(out, table, group);
    fputs(")", out);
}

void sql_put_set(const struct sql_style *style, FILE *out, const struct sp_table *table)
{
    for (size_t i = table->key_count; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        fputs(i > table->key_count ? ", " : "", out);
        sql_put_name(style, out, column->name);
        fputs(" = CASE WHEN ", out);
        put_replaced(style, out, table, (size_t)column->group);
        fputs(" THEN ", out);
        sql_put_new(style, out, table, column);
        if (style->chosen_text && sql_is_text(column))
            fputs(style->chosen_text, out);
        fputs(" ELSE ", out);
        sql_put_old(style, out, column);
        fputs(" END", out);
    }
}

void sql_put_where_changed(const struct sql_style *style, FILE *out, const struct sp_table *table)
{
    for (size_t i = 0; i < table->group_count; i++) {
        fputs(i ? " OR " : " WHERE ", out);
        put_changes(style, out, table, i);
    }
}

void sql_put_on_conflict(const struct sql_style *style, FILE *out, const struct sp_table *table)
{
    fputs(" ON CONFLICT (", out);
    sql_put_names(style, out, table, table->key_count);
    fputs(") DO ", out);
    if (table->append || table->column_count == table->key_count) {
        fputs("NOTHING", out);
        return;
    }
    fputs("UPDATE SET ", out);
    sql_put_set(style, out, table);
    sql_put_where_changed(style, out, table);
}

void sql_put_fill_order(const struct sql_style *style, FILE *out, const struct sp_table *table, size_t column,
                        size_t bound, const bool *there)
{
    const char *between = " WHERE ";
    fputs("UPDATE ", out);
    sql_put_table(style, out, table);
    fputs(" SET ", out);
    sql_put_name(style, out, table->columns[column].name);
    fputs(" = ", out);
    sql_put_name(style, out, table->columns[bound].name);
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (i == column || table->columns[i].group != table->columns[column].group || !there[i])
            continue;
        fputs(between, out);
        sql_put_name(style, out, table->columns[i].name);
        fputs(" IS NOT NULL", out);
        between = " OR ";
    }
}

char *sql_rename(const struct sql_style *style, const struct sp_table *table, const char *name)
{
    struct sql_text text;
    sql_start_on(style, &text, "ALTER TABLE ", table, " RENAME TO ");
    sql_put_name(style, text.stream, name);
    return sql_end(&text);
}
