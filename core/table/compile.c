/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/group.h"

#include <assert.h>

/* The columns in the order in which sinks see them, being laid out. */
struct layout {
    const struct block *block;
    const struct block_groups *groups;
    struct sp_column *columns;
    struct plan_field *fields;
    struct sp_group *sink_groups;
    size_t count;
};

static void put_column(struct layout *layout, size_t at, enum sp_role role, int32_t group)
{
    const struct block_column *from = &layout->block->columns[at];
    struct sp_column *column = &layout->columns[layout->count];
    struct plan_field *field = &layout->fields[layout->count++];
    *column = (struct sp_column){
        .name = from->name,
        .type = from->rule.type,
        .length = from->rule.length,
        .precision = from->rule.precision,
        .scale = from->rule.scale,
        .role = role,
        .group = group,
        .nullable = role == SP_ROLE_VALUE && !from->rule.required && !from->rule.has_default,
    };
    *field = (struct plan_field){.pointer = from->pointer, .rule = from->rule};
}

static void put_hidden(struct layout *layout, const char *name, enum sp_role role, int32_t group)
{
    layout->columns[layout->count] = (struct sp_column){
        .name = name,
        .type = SP_TYPE_BIGINT,
        .role = role,
        .group = group,
        .hidden = true,
    };
    layout->fields[layout->count++] =
        (struct plan_field){.path = PLAN_THE_ORDER, .rule = {.type = SP_TYPE_BIGINT}};
}

/* The keys of the file, then an appended row's order. */
static size_t put_keys(struct layout *layout)
{
    const struct block *block = layout->block;
    const struct block_group *group = layout->groups->items;
    for (size_t i = 0; i < block->count; i++) {
        if (!block->columns[i].key)
            continue;
        if (block->append && group->order_column == i)
            layout->sink_groups[0].order_column = (int32_t)layout->count;
        put_column(layout, i, SP_ROLE_KEY, -1);
    }
    if (block->append && layout->sink_groups[0].order_column < 0) {
        layout->sink_groups[0].order_column = (int32_t)layout->count;
        if (group->order_column == GROUP_HIDDEN)
            put_hidden(layout, group->order_name, SP_ROLE_KEY, -1);
        else
            put_column(layout, group->order_column, SP_ROLE_KEY, -1);
    }
    return layout->count;
}

static void put_others(struct layout *layout)
{
    const struct block *block = layout->block;
    for (size_t i = 0; i < block->count; i++) {
        size_t group = layout->groups->of_column[i];
        bool is_order = group != GROUP_HIDDEN && layout->groups->items[group].order_column == i;
        if (group == GROUP_HIDDEN || (is_order && block->append))
            continue;
        if (is_order)
            layout->sink_groups[group].order_column = (int32_t)layout->count;
        put_column(layout, i, is_order ? SP_ROLE_ORDER : SP_ROLE_VALUE, (int32_t)group);
    }
    for (size_t i = 0; i < layout->groups->count && !block->append; i++) {
        const struct block_group *group = &layout->groups->items[i];
        if (!group->order_name || group->order_column != GROUP_HIDDEN)
            continue;
        layout->sink_groups[i].order_column = (int32_t)layout->count;
        put_hidden(layout, group->order_name, SP_ROLE_ORDER, (int32_t)i);
    }
}

static void plan_groups(struct table_plan *plan, const struct block_groups *groups, struct sp_arena *arena)
{
    struct plan_group *out = sp_arena_zalloc(arena, (groups->count + 1) * sizeof *out);
    plan->groups = out;
    for (size_t i = 0; i < groups->count; i++) {
        uint32_t *columns = sp_arena_alloc(arena, plan->table.column_count * sizeof *columns);
        out[i].keep = groups->items[i].keep;
        out[i].when = *groups->items[i].when;
        out[i].order_column = plan->table.groups[i].order_column;
        out[i].columns = columns;
        for (size_t column = 0; column < plan->table.column_count; column++)
            if (plan->table.columns[column].group == (int32_t)i)
                columns[out[i].column_count++] = (uint32_t)column;
    }
}

static const struct sp_json_paths *compile_paths(const char *const *pointers, size_t count,
                                                 struct sp_arena *arena)
{
    const struct sp_json_paths *paths = NULL;
    size_t bad;
    int failed = sp_json_paths_new(pointers, count, arena, &paths, &bad);
    assert(failed == 0); /* each was checked where it was read */
    return paths;
}

static void plan_paths(struct table_plan *plan, struct block *block, struct plan_field *fields,
                       struct sp_arena *arena)
{
    const char **identity = sp_arena_alloc(arena, (block->count + 1) * sizeof *identity);
    size_t count = 0;
    identity[count++] = block->order.pointer;
    for (size_t i = 0; i < block->count; i++) {
        if (block->columns[i].key)
            identity[count++] = block->columns[i].pointer;
        if (!plan->order_name && strcmp(block->columns[i].pointer, block->order.pointer) == 0)
            plan->order_name = block->columns[i].name;
    }
    plan->identity = compile_paths(identity, count, arena);
    for (size_t i = 0; i < plan->table.column_count; i++)
        if (fields[i].path != PLAN_THE_ORDER)
            fields[i].path = pointer_list_add(&block->pointers, fields[i].pointer, arena);
    plan->paths = compile_paths(block->pointers.items, block->pointers.count, arena);
}

/* A last group without conditions takes every event. */
static size_t newest_column(const struct block_groups *groups, const struct sp_group *sink_groups,
                            const struct block *block)
{
    for (size_t i = 0; i < groups->count && !block->append; i++)
        if (groups->items[i].keep == SP_KEEP_LAST && strcmp(groups->items[i].when->text, "{}") == 0)
            return (size_t)sink_groups[i].order_column;
    return 0;
}

static struct table_plan *plan_new(struct block *block, const struct block_groups *groups,
                                   struct sp_arena *arena)
{
    size_t most = block->count + groups->count;
    struct layout layout = {
        .block = block,
        .groups = groups,
        .columns = sp_arena_zalloc(arena, (most + 1) * sizeof *layout.columns),
        .fields = sp_arena_zalloc(arena, (most + 1) * sizeof *layout.fields),
        .sink_groups = sp_arena_zalloc(arena, (groups->count + 1) * sizeof *layout.sink_groups),
    };
    for (size_t i = 0; i < groups->count; i++)
        layout.sink_groups[i] = (struct sp_group){.keep = groups->items[i].keep, .order_column = -1};
    struct table_plan *plan = sp_arena_zalloc(arena, sizeof *plan);
    size_t key_count = put_keys(&layout);
    put_others(&layout);
    plan->table = (struct sp_table){
        .size = sizeof plan->table,
        .name = block->name,
        .columns = layout.columns,
        .column_count = layout.count,
        .key_count = key_count,
        .groups = layout.sink_groups,
        .group_count = groups->count,
        .append = block->append,
        .newest_column = newest_column(groups, layout.sink_groups, block),
    };
    plan->fields = layout.fields;
    plan->where = block->where;
    plan->order = block->order;
    plan_paths(plan, block, layout.fields, arena);
    plan_groups(plan, groups, arena);
    return plan;
}

/* An error that was told before, by an earlier call, is not told and counted again. */
static bool is_complete(const struct block *block)
{
    bool any_key = false, complete = block->name && block->order.pointer;
    for (size_t i = 0; i < block->count; i++) {
        complete &= block->columns[i].typed && block->columns[i].pointer;
        any_key |= block->columns[i].key;
    }
    return complete && any_key;
}

const struct table_plan *table_compile(const struct yaml_node *node, unsigned time_digits, struct diag *diag,
                                       struct sp_arena *arena)
{
    size_t errors = diag_errors(diag);
    struct block block;
    struct block_groups groups;
    block_read(node, time_digits, diag, arena, &block);
    groups_form(&block, diag, arena, &groups);
    if (block.count + groups.count > PLAN_MAX_COLUMNS)
        diag_error(diag, block.mark, NULL, "a table has at most %u columns, those that hold orders included",
                   (unsigned)PLAN_MAX_COLUMNS);
    return diag_errors(diag) == errors && is_complete(&block) ? plan_new(&block, &groups, arena) : NULL;
}

const struct sp_table *table_of(const struct table_plan *plan)
{
    return &plan->table;
}

enum sp_type table_order_type(const struct table_plan *plan)
{
    return plan->order.rule.type;
}
