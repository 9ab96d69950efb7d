/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "missing.h"

#include <stdlib.h>

/* Which column bounds an order that is missing; 0: nothing is known of it. */
static size_t bound_of(const struct sql_needed *needed, const struct sql_there *there, size_t column)
{
    if (!there->table || there->columns[column] || !needed->fill_order)
        return 0;
    return sp_table_order_bound(needed->table, column, there->columns);
}

int sql_check_there(const struct sql_needed *needed, const struct sql_there *there, struct sp_error *err)
{
    const struct sp_table *table = needed->table;
    size_t missing = 0;
    while (missing < table->column_count && there->columns[missing])
        missing++;
    if (missing == table->column_count)
        return 0;
    if (!there->table)
        sp_fail(err, SP_REFUSED, "%s: there is no table %s", needed->place, table->name);
    else
        sp_fail(err, SP_REFUSED, "%s: table %s has no column %s", needed->place, table->name,
                table->columns[missing].name);
    if (bound_of(needed, there, missing) > 0)
        return sp_fail_cure(err, "say scanpipe migrate, or set `migrate: %s`: it is also filled",
                            needed->migrate);
    return sp_fail_cure(err, "say scanpipe migrate, or set `migrate: %s`; scanpipe %s prints the statement",
                        needed->migrate, there->table ? "check --online" : "table");
}

int sql_check_keys(const struct sql_needed *needed, const struct sql_there *there, struct sp_error *err)
{
    const struct sp_table *table = needed->table;
    for (size_t i = 0; there->table && i < table->key_count; i++) {
        if (there->columns[i])
            continue;
        sp_fail(err, SP_REFUSED, "%s: table %s has no column %s, which is its key", needed->place,
                table->name, table->columns[i].name);
        return sp_fail_cure(err, "let the pipeline's table have another name, or move this one away");
    }
    return 0;
}

/* When all columns are there, the orders that were added are filled. */
static char *next_fill(const struct sql_needed *needed, const struct sql_there *there, size_t *at)
{
    size_t count = needed->table->column_count, bound = 0;
    while (*at < 2 * count && (bound = bound_of(needed, there, *at - count)) == 0)
        (*at)++;
    return *at < 2 * count ? needed->fill_order(needed->table, (*at)++ - count, bound, there->columns) : NULL;
}

char *sql_next_step(const struct sql_needed *needed, const struct sql_there *there, size_t *at)
{
    const struct sp_table *table = needed->table;
    if (!there->table)
        return (*at)++ == 0 ? needed->create(table) : NULL;
    while (*at < table->column_count && there->columns[*at])
        (*at)++;
    return *at < table->column_count ? needed->add_column(table, (*at)++) : next_fill(needed, there, at);
}

const char *sql_plan(const struct sql_needed *needed, const struct sql_there *there, struct sp_arena *arena)
{
    const char *plan = "";
    size_t at = 0;
    for (char *sql; (sql = sql_next_step(needed, there, &at)); free(sql))
        plan = sp_arena_printf(arena, "%s%s%s", plan, sql, needed->end);
    return plan;
}
