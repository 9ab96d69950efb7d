/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/block.h"

#include <strings.h>

static const char *const block_keys[] = {"name", "order", "columns", "where", "append"};
static const char *const order_keys[] = {"from", "type"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* scanpipe's own tables, which may stand in the same database. */
static bool is_own_table(const char *name)
{
    static const char *const own[] = {"FailedEvents",   "PipelineState",    "ProcessingState",
                                      "ScanpipeSchema", "ScanpipeCounters", "ScanpipeMigrations",
                                      "QueueMessages",  "QueueLeases",      "QueueHolders",
                                      "QueueTotals"};
    const char *dot = strchr(name, '.');
    name = dot ? dot + 1 : name;
    for (size_t i = 0; i < COUNT(own); i++)
        if (strcasecmp(name, own[i]) == 0)
            return true;
    return strncasecmp(name, "sqlite_", 7) == 0;
}

static void read_name(const struct yaml_node *node, struct diag *diag, struct block *block)
{
    const struct yaml_node *name = yaml_get(node, "name");
    if (!name)
        diag_error(diag, node->mark, "add 'name: ParcelSummary'", "the table has no 'name'");
    else if (name->kind != YAML_SCALAR || name->is_null)
        diag_error(diag, name->mark, NULL, "expected the name of a table, but found %s", yaml_what(name));
    else if (is_own_table(name->text))
        diag_error(diag, name->mark, "give it a name that says what its rows are, such as ParcelSummary",
                   "'%s' is, or may be, a table of scanpipe's own", name->text);
    else if (block_check_name(name->text, name->mark, "table", true, diag))
        block->name = name->text;
}

static void check_twins(const struct block *block, size_t at, struct diag *diag)
{
    const struct block_column *column = &block->columns[at];
    for (size_t i = 0; i < at; i++) {
        if (strcasecmp(block->columns[i].name, column->name) != 0)
            continue;
        diag_error(diag, column->mark, "databases do not tell upper from lower case in names",
                   "column '%s' is there already, as '%s' in line %u", column->name, block->columns[i].name,
                   block->columns[i].mark.line);
        return;
    }
}

static struct mark key_mark(const struct yaml_node *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->pairs[i].key->text, key) == 0)
            return mapping->pairs[i].key->mark;
    return mapping->mark;
}

static void read_columns(const struct yaml_node *node, struct diag *diag, struct sp_arena *arena,
                         struct block *block)
{
    const struct yaml_node *columns = yaml_get(node, "columns");
    if (!columns || columns->kind != YAML_MAPPING || columns->count == 0) {
        diag_error(diag, key_mark(node, "columns"),
                   "add 'columns: {ParcelId: {from: /ParcelId, type: int, key: true}}'",
                   "the table has no 'columns'");
        return;
    }
    if (columns->count > PLAN_MAX_COLUMNS) {
        diag_error(diag, columns->mark, NULL, "a table has at most %u columns, not %zu",
                   (unsigned)PLAN_MAX_COLUMNS, columns->count);
        return;
    }
    bool any_key = false;
    block->columns = sp_arena_zalloc(arena, columns->count * sizeof *block->columns);
    for (; block->count < columns->count; block->count++) {
        struct block_column *column = &block->columns[block->count];
        block_read_column(&columns->pairs[block->count], block, diag, arena, column);
        check_twins(block, block->count, diag);
        any_key |= column->key;
    }
    if (!any_key)
        diag_error(diag, key_mark(node, "columns"), "add 'key: true' to the column that names a row",
                   "no column of the table is a key");
}

static void read_order_type(const struct yaml_node *type, struct diag *diag, struct sp_arena *arena,
                            struct block *block)
{
    static const char *const types[] = {"bigint", "timestamp"};
    size_t choice;
    if (type) {
        if (block_read_choice(type, types, COUNT(types), diag, arena, &choice) && choice == 1)
            block->order.rule.type = SP_TYPE_TIMESTAMP;
        return;
    }
    for (size_t i = 0; i < block->count; i++) {
        const struct block_column *column = &block->columns[i];
        if (column->typed && column->pointer && block->order.pointer &&
            strcmp(column->pointer, block->order.pointer) == 0 && column->rule.type == SP_TYPE_TIMESTAMP)
            block->order.rule.type = SP_TYPE_TIMESTAMP;
    }
}

static void read_order(const struct yaml_node *node, struct diag *diag, struct sp_arena *arena,
                       struct block *block)
{
    const struct yaml_node *order = yaml_get(node, "order"), *from = order, *type = NULL;
    block->order.rule = (struct value_rule){.type = SP_TYPE_BIGINT, .tick_step = 1, .required = true};
    if (order && order->kind == YAML_MAPPING) {
        block_check_keys(order, order_keys, COUNT(order_keys), diag, arena);
        from = yaml_get(order, "from");
        type = yaml_get(order, "type");
    }
    if (!from) {
        diag_error(diag, key_mark(node, "order"),
                   "add 'order: /EventId', what tells which of two events is the later one",
                   "the table has no 'order'");
        return;
    }
    if (pointer_check(from, diag, arena)) {
        block->order.pointer = from->text;
        block->order.path = pointer_list_add(&block->pointers, from->text, arena);
    }
    read_order_type(type, diag, arena, block);
}

void block_read(const struct yaml_node *node, unsigned time_digits, struct diag *diag, struct sp_arena *arena,
                struct block *out)
{
    *out = (struct block){.mark = node->mark, .time_digits = time_digits < 7 ? time_digits : 7};
    if (node->kind != YAML_MAPPING) {
        diag_error(diag, node->mark, NULL, "expected a mapping, but found %s", yaml_what(node));
        return;
    }
    block_check_keys(node, block_keys, COUNT(block_keys), diag, arena);
    read_name(node, diag, out);
    block_read_boolean(yaml_get(node, "append"), diag, &out->append);
    conditions_compile(yaml_get(node, "where"), "where", &out->pointers, diag, arena, &out->where);
    read_columns(node, diag, arena, out);
    read_order(node, diag, arena, out);
}
