/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/group.h"

#include <scanpipe/host.h>
#include <strings.h>

bool group_reads_order(const struct block *block, const struct block_column *column)
{
    if (!column->typed || !column->pointer || !block->order.pointer ||
        strcmp(column->pointer, block->order.pointer) != 0)
        return false;
    /* A time that the sink cuts no longer tells two events apart. */
    if (block->order.rule.type == SP_TYPE_TIMESTAMP)
        return column->rule.type == SP_TYPE_TIMESTAMP && column->rule.tick_step == 1;
    return column->rule.type == SP_TYPE_INT || column->rule.type == SP_TYPE_BIGINT;
}

static bool is_extreme(enum sp_keep keep)
{
    return keep == SP_KEEP_MIN || keep == SP_KEEP_MAX;
}

static const char *hidden_name(const struct block_group *group, struct sp_arena *arena)
{
    const char *text =
        sp_arena_printf(arena, "{\"keep\":\"%s\",\"when\":%s}", sp_keep_name(group->keep), group->when->text);
    unsigned char digest[SP_SHA256_SIZE];
    sp_sha256(text, strlen(text), digest);
    return sp_arena_printf(arena, "Order_%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
}

/* Columns of equal keep and when are one group, but min and max decide for each column alone. */
static size_t group_of(struct block_groups *groups, enum sp_keep keep, const struct conditions *when,
                       struct mark mark)
{
    for (size_t i = 0; i < groups->count && !is_extreme(keep); i++)
        if (groups->items[i].keep == keep && strcmp(groups->items[i].when->text, when->text) == 0)
            return i;
    groups->items[groups->count] =
        (struct block_group){.keep = keep, .when = when, .order_column = GROUP_HIDDEN, .mark = mark};
    return groups->count++;
}

static void form(const struct block *block, struct sp_arena *arena, struct block_groups *groups)
{
    static const struct conditions always = {.text = "{}"};
    groups->items = sp_arena_zalloc(arena, (block->count + 1) * sizeof *groups->items);
    groups->of_column = sp_arena_zalloc(arena, (block->count + 1) * sizeof *groups->of_column);
    if (block->append)
        group_of(groups, SP_KEEP_LAST, &always, block->mark);
    for (size_t i = 0; i < block->count; i++) {
        const struct block_column *column = &block->columns[i];
        if (column->key)
            groups->of_column[i] = GROUP_HIDDEN;
        else if (block->append)
            groups->of_column[i] = 0;
        else
            groups->of_column[i] = group_of(groups, column->keep, &column->when, column->mark);
    }
}

/* An appended row's key holds the order: there, a key column may be the one that does. */
static bool belongs(const struct block *block, const struct block_groups *groups, size_t group, size_t column)
{
    return block->append || groups->of_column[column] == group;
}

static const struct block_column *named_by_file(const struct block *block, const struct block_groups *groups,
                                                size_t group, struct diag *diag)
{
    const struct block_column *first = NULL;
    for (size_t i = 0; i < block->count; i++) {
        const struct block_column *column = &block->columns[i];
        if (!column->order_column || groups->of_column[i] != group)
            continue;
        if (!first)
            first = column;
        else if (strcmp(first->order_column, column->order_column) != 0)
            diag_error(diag, column->order_mark, "columns of equal keep and when share one order",
                       "'%s' is not the order column of the group: column '%s' has '%s'",
                       column->order_column, first->name, first->order_column);
    }
    return first;
}

static void use_named(const struct block *block, const struct block_groups *groups, size_t group,
                      const struct block_column *naming, struct diag *diag)
{
    struct block_group *it = &groups->items[group];
    it->order_name = naming->order_column;
    it->mark = naming->order_mark;
    for (size_t i = 0; i < block->count; i++) {
        if (strcasecmp(block->columns[i].name, naming->order_column) != 0)
            continue;
        if (belongs(block, groups, group, i) && group_reads_order(block, &block->columns[i]))
            it->order_column = i;
        else
            diag_error(
                diag, it->mark,
                "name a column that is not there, or one that reads the order with equal keep and when",
                "column '%s' does not hold the order of this group", block->columns[i].name);
        return;
    }
}

static void find_order(const struct block *block, const struct block_groups *groups, size_t group,
                       struct diag *diag, struct sp_arena *arena)
{
    struct block_group *it = &groups->items[group];
    const struct block_column *naming = named_by_file(block, groups, group, diag);
    if (is_extreme(it->keep))
        return;
    if (naming) {
        use_named(block, groups, group, naming, diag);
        return;
    }
    it->order_name = hidden_name(it, arena);
    for (size_t i = 0; i < block->count; i++) {
        if (belongs(block, groups, group, i) && group_reads_order(block, &block->columns[i])) {
            it->order_name = block->columns[i].name;
            it->order_column = i;
            return;
        }
    }
}

static void check_hidden(const struct block *block, const struct block_groups *groups, size_t group,
                         struct diag *diag)
{
    const struct block_group *it = &groups->items[group];
    if (!it->order_name || it->order_column != GROUP_HIDDEN)
        return;
    for (size_t i = 0; i < group; i++)
        if (groups->items[i].order_name && strcasecmp(groups->items[i].order_name, it->order_name) == 0)
            diag_error(diag, it->mark, "each group needs an order column of its own",
                       "'%s' is the order column of another group", it->order_name);
    bool named = false;
    for (size_t i = 0; i < block->count; i++)
        named |= block->columns[i].order_column == it->order_name;
    for (size_t i = 0; i < block->count && !named; i++)
        if (strcasecmp(block->columns[i].name, it->order_name) == 0)
            diag_error(diag, block->columns[i].mark, "choose another name, or set 'order_column'",
                       "'%s' is the name of the hidden column that holds a group's order", it->order_name);
}

void groups_form(const struct block *block, struct diag *diag, struct sp_arena *arena,
                 struct block_groups *out)
{
    *out = (struct block_groups){0};
    form(block, arena, out);
    for (size_t i = 0; i < out->count; i++)
        find_order(block, out, i, diag, arena);
    for (size_t i = 0; i < out->count; i++)
        check_hidden(block, out, i, diag);
}

size_t sp_table_order_bound(const struct sp_table *table, size_t column, const bool *there)
{
    const struct sp_column *order = &table->columns[column];
    size_t newest = table->newest_column;
    if (order->role != SP_ROLE_ORDER || table->groups[order->group].keep != SP_KEEP_FIRST || newest == 0 ||
        !there[newest])
        return 0;
    /* An order that is a time is hidden as a number. */
    if ((order->type == SP_TYPE_TIMESTAMP) != (table->columns[newest].type == SP_TYPE_TIMESTAMP))
        return 0;
    for (size_t i = table->key_count; i < table->column_count; i++)
        if (i != column && table->columns[i].group == order->group && there[i])
            return newest;
    return 0;
}
