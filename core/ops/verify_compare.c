/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/verify_compare.h"

#include "table/join.h"

static bool group_equal(const struct sp_table *table, size_t group, const struct sp_value *a,
                        const struct sp_value *b)
{
    for (size_t i = table->key_count; i < table->column_count; i++)
        if (table->columns[i].group == (int32_t)group && !value_equal(table->columns[i].type, &a[i], &b[i]))
            return false;
    return true;
}

/* The column that a group is decided by: its order, or its one value. */
static size_t decider(const struct sp_table *table, size_t group)
{
    if (table->groups[group].order_column >= 0)
        return (size_t)table->groups[group].order_column;
    size_t column = table->key_count;
    while (table->columns[column].group != (int32_t)group)
        column++;
    return column;
}

/* The table holds a minimum or maximum that is another one than the feed's. */
static enum verify_verdict judge_extreme(enum sp_keep keep, enum sp_type type, const struct sp_value *stored,
                                         const struct sp_value *feed, const struct sp_value *buried,
                                         const struct verify_span *span)
{
    if (join_value_wins(keep, type, stored, feed))
        return buried->present && value_equal(type, feed, buried) ? VERIFY_BURIED : VERIFY_LOST;
    if (buried->present && !join_value_wins(keep, type, buried, stored))
        return VERIFY_BURIED;
    return span->whole && span->strict ? VERIFY_WRONG : VERIFY_UNEXPLAINED;
}

/* The table holds another event than the feed's, and not an older one. */
static enum verify_verdict judge_further(enum sp_keep keep, const struct sp_value *stored,
                                         const struct sp_value *buried, const struct verify_span *span)
{
    if (!span->any || stored->number > span->most)
        return VERIFY_AHEAD;
    if (stored->number < span->least)
        return VERIFY_BEFORE;
    if (buried->present && join_order_wins(keep, stored, buried))
        return VERIFY_BURIED;
    if (!span->whole)
        return keep == SP_KEEP_FIRST ? VERIFY_BEFORE : VERIFY_AHEAD;
    return VERIFY_WRONG;
}

static bool same_order(const struct sp_value *a, const struct sp_value *b)
{
    return a->present && b->present && a->number == b->number;
}

enum verify_verdict verify_group(const struct sp_table *table, size_t group, const struct sp_value *stored,
                                 const struct sp_value *feed, const struct sp_value *buried,
                                 const struct verify_span *span)
{
    static const struct sp_value nothing = {.present = false};
    size_t by = decider(table, group);
    enum sp_keep keep = table->groups[group].keep;
    const struct sp_value *dead = buried ? &buried[by] : &nothing;
    bool equal = group_equal(table, group, stored, feed);
    if (equal)
        return VERIFY_SAME;
    if (table->groups[group].order_column < 0)
        return judge_extreme(keep, table->columns[by].type, &stored[by], &feed[by], dead, span);
    /* The same event with other values, or values of no event at all. */
    if (same_order(&stored[by], &feed[by]) || (!stored[by].present && !feed[by].present))
        return VERIFY_WRONG;
    if (join_order_wins(keep, &stored[by], &feed[by]))
        return same_order(&feed[by], dead) ? VERIFY_BURIED : VERIFY_LOST;
    if (same_order(&stored[by], dead))
        return group_equal(table, group, stored, buried) ? VERIFY_BURIED : VERIFY_WRONG;
    return judge_further(keep, &stored[by], dead, span);
}

enum verify_verdict verify_missing(const struct sp_table *table, const struct sp_value *feed,
                                   const struct sp_value *buried)
{
    bool all_buried = false;
    for (size_t i = 0; buried && i < table->group_count; i++) {
        size_t by = decider(table, i);
        if (!feed[by].present)
            continue;
        all_buried = value_equal(table->columns[by].type, &feed[by], &buried[by]);
        if (!all_buried)
            break;
    }
    return all_buried ? VERIFY_BURIED : VERIFY_LOST;
}
