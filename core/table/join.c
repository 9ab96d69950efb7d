/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/fold.h"
#include "table/join.h"
#include "table/plan.h"

#include <assert.h>

static bool group_wins(const struct sp_table *table, size_t column, const struct sp_value *into,
                       const struct sp_value *from)
{
    const struct sp_group *group = &table->groups[table->columns[column].group];
    if (group->order_column < 0)
        return join_value_wins(group->keep, table->columns[column].type, &into[column], &from[column]);
    return join_order_wins(group->keep, &into[group->order_column], &from[group->order_column]);
}

bool fold_join(const struct sp_table *table, struct sp_value *into, const struct sp_value *from)
{
    bool wins[PLAN_MAX_COLUMNS];
    bool changed = false;
    assert(table->column_count <= PLAN_MAX_COLUMNS);
    if (table->append)
        return false;
    /* All decide before any is changed: a group's order is one of its columns. */
    for (size_t i = table->key_count; i < table->column_count; i++)
        wins[i] = group_wins(table, i, into, from);
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (!wins[i])
            continue;
        changed |= !value_equal(table->columns[i].type, &into[i], &from[i]);
        into[i] = from[i];
    }
    return changed;
}

int fold_compare(const struct sp_column *column, const struct sp_value *a, const struct sp_value *b)
{
    return value_compare(column->type, a, b);
}
