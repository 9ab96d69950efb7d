/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/utf8.h"
#include "table/block.h"

static const char *const column_keys[] = {"from", "type",    "key",      "keep", "when", "order_column",
                                          "case", "default", "required", "min",  "max"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The scalar as JSON would say it: a plain one may be a number or a boolean, a quoted one is text. */
static struct sp_json_value json_of_scalar(const struct yaml_node *node, struct sp_arena *arena)
{
    static const char *const whole[] = {""};
    struct sp_slice text = sp_slice_of(node->text);
    struct sp_json_value value = {text, SP_JSON_STRING}, found;
    struct sp_json_fault fault;
    const struct sp_json_paths *paths;
    size_t bad;
    if (node->plain && sp_json_paths_new(whole, 1, arena, &paths, &bad) == 0 &&
        sp_json_scan_whole(paths, text, &found, &fault) == 0 && found.kind != SP_JSON_STRING)
        value = found;
    return value;
}

/* A value of the file, as the column would take it from an event; NULL, or what is wrong. */
static const char *value_of_scalar(const struct value_rule *rule, const struct yaml_node *node,
                                   struct sp_arena *arena, struct sp_value *out)
{
    struct value_rule bare = *rule;
    bare.required = bare.has_default = bare.has_min = bare.has_max = false;
    struct sp_slice text = sp_slice_of(node->text);
    struct sp_json_value as_text = {text, SP_JSON_STRING};
    struct sp_json_fault fault;
    if (rule->type == SP_TYPE_JSON) {
        if (sp_json_scan_whole(NULL, text, NULL, &fault) != 0)
            return sp_arena_printf(arena, "is not JSON: %s", fault.reason);
        *out = (struct sp_value){.text = text.data, .length = (uint32_t)text.size, .present = true};
        return NULL;
    }
    if (!utf8_valid(text))
        return "is not UTF-8";
    if (rule->type == SP_TYPE_TEXT || rule->type == SP_TYPE_TIMESTAMP)
        return value_read(&bare, &as_text, arena, out);
    struct sp_json_value value = json_of_scalar(node, arena);
    return value_read(&bare, &value, arena, out);
}

static bool read_value(const struct yaml_node *node, const char *what, const struct value_rule *rule,
                       struct diag *diag, struct sp_arena *arena, struct sp_value *out)
{
    if (node->kind != YAML_SCALAR || node->is_null) {
        const char *hint = rule->type == SP_TYPE_TEXT   ? "write \"\" for the empty text"
                           : rule->type == SP_TYPE_JSON ? "write the JSON in quotes: \"{}\""
                                                        : NULL;
        diag_error(diag, node->mark, hint, "'%s' needs a value, but has %s", what, yaml_what(node));
        return false;
    }
    const char *wrong = value_of_scalar(rule, node, arena, out);
    if (wrong)
        diag_error(diag, node->mark, NULL, "'%s' %s", what, wrong);
    return !wrong;
}

static bool has_bounds(enum sp_type type)
{
    return type == SP_TYPE_INT || type == SP_TYPE_BIGINT || type == SP_TYPE_DECIMAL ||
           type == SP_TYPE_TIMESTAMP;
}

static bool read_bound(const struct yaml_node *mapping, const char *what, struct block_column *column,
                       struct diag *diag, struct sp_arena *arena, struct sp_value *out)
{
    const struct yaml_node *node = yaml_get(mapping, what);
    if (!node || !column->typed)
        return false;
    if (!has_bounds(column->rule.type)) {
        diag_error(diag, node->mark, NULL, "'%s' is for numbers and timestamps, not for %s", what,
                   sp_type_name(column->rule.type));
        return false;
    }
    return read_value(node, what, &column->rule, diag, arena, out);
}

static void read_bounds(const struct yaml_node *mapping, struct block_column *column, struct diag *diag,
                        struct sp_arena *arena)
{
    struct value_rule *rule = &column->rule;
    bool has_min = read_bound(mapping, "min", column, diag, arena, &rule->min);
    bool has_max = read_bound(mapping, "max", column, diag, arena, &rule->max);
    if (has_min && has_max && value_compare(rule->type, &rule->min, &rule->max) > 0)
        diag_error(diag, yaml_get(mapping, "max")->mark, "swap the two, or correct one of them",
                   "'max' is less than 'min'");
    rule->has_min = has_min;
    rule->has_max = has_max;
}

static void read_case(const struct yaml_node *mapping, struct block_column *column, struct diag *diag,
                      struct sp_arena *arena)
{
    static const char *const cases[] = {"upper", "lower"};
    const struct yaml_node *node = yaml_get(mapping, "case");
    size_t choice;
    if (!block_read_choice(node, cases, COUNT(cases), diag, arena, &choice))
        return;
    column->rule.letters = choice == 0 ? CASE_UPPER : CASE_LOWER;
    if (column->typed && column->rule.type != SP_TYPE_TEXT)
        diag_error(diag, node->mark, NULL, "'case' is for text, not for %s", sp_type_name(column->rule.type));
}

static void read_default(const struct yaml_node *mapping, struct block_column *column, struct diag *diag,
                         struct sp_arena *arena)
{
    const struct yaml_node *node = yaml_get(mapping, "default");
    if (node && column->typed)
        column->rule.has_default =
            read_value(node, "default", &column->rule, diag, arena, &column->rule.otherwise);
    const struct yaml_node *required = yaml_get(mapping, "required");
    if (block_read_boolean(required, diag, &column->rule.required) && column->rule.required && node)
        diag_error(diag, node->mark, "leave one of the two out",
                   "what is 'required' never takes its 'default'");
}

static void refuse(const struct yaml_node *mapping, const char *key, const char *why, struct diag *diag)
{
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->pairs[i].key->text, key) == 0)
            diag_error(diag, mapping->pairs[i].key->mark, NULL, why, key);
}

static void read_key(const struct yaml_node *mapping, struct block_column *column, struct diag *diag)
{
    if (!block_read_boolean(yaml_get(mapping, "key"), diag, &column->key) || !column->key)
        return;
    static const char *const never[] = {"keep", "when", "order_column"};
    for (size_t i = 0; i < COUNT(never); i++)
        refuse(mapping, never[i], "a key has no '%s': it is the same in every event of its row", diag);
    refuse(mapping, "default", "a key has no '%s': it is always required", diag);
    const struct yaml_node *required = yaml_get(mapping, "required");
    if (required && required->kind == YAML_SCALAR && !column->rule.required)
        diag_error(diag, required->mark, NULL, "a key is always required");
    if (column->typed && column->rule.type == SP_TYPE_JSON)
        diag_error(diag, yaml_get(mapping, "type")->mark,
                   "keys are int, bigint, decimal, boolean, text or timestamp", "json cannot be a key");
    column->rule.required = true;
}

static void read_keep(const struct yaml_node *mapping, const struct block *block, struct block_column *column,
                      struct diag *diag, struct sp_arena *arena)
{
    static const char *const keeps[] = {"last", "first", "min", "max"};
    const struct yaml_node *node = yaml_get(mapping, "keep");
    size_t choice = SP_KEEP_LAST;
    block_read_choice(node, keeps, COUNT(keeps), diag, arena, &choice);
    column->keep = (enum sp_keep)choice;
    bool extreme = column->keep == SP_KEEP_MIN || column->keep == SP_KEEP_MAX;
    if (extreme && column->typed && !has_bounds(column->rule.type))
        diag_error(diag, node->mark, NULL, "'keep: %s' is for numbers and timestamps, not for %s",
                   sp_keep_name(column->keep), sp_type_name(column->rule.type));
    if (extreme)
        refuse(mapping, "order_column", "there is no '%s' with min and max: they need no order", diag);
    if (block->append) {
        refuse(mapping, "keep", "there is no '%s' with 'append': each event has a row of its own", diag);
        refuse(mapping, "when", "there is no '%s' with 'append': each event has a row of its own", diag);
    }
}

static void read_order_column(const struct yaml_node *mapping, struct block_column *column, struct diag *diag)
{
    const struct yaml_node *node = yaml_get(mapping, "order_column");
    if (!node)
        return;
    if (node->kind != YAML_SCALAR || node->is_null) {
        diag_error(diag, node->mark, NULL, "expected the name of a column, but found %s", yaml_what(node));
    } else if (block_check_name(node->text, node->mark, "column", false, diag)) {
        column->order_column = node->text;
        column->order_mark = node->mark;
    }
}

static void read_from_and_type(const struct yaml_node *mapping, struct block *block,
                               struct block_column *column, struct diag *diag, struct sp_arena *arena)
{
    const struct yaml_node *from = yaml_get(mapping, "from"), *type = yaml_get(mapping, "type");
    if (!from)
        diag_error(diag, column->mark, sp_arena_printf(arena, "add 'from: /%s'", column->name),
                   "column '%s' has no 'from'", column->name);
    else if (pointer_check(from, diag, arena))
        column->pointer = from->text;
    if (!type)
        diag_error(diag, column->mark,
                   "add a type: int, bigint, decimal(p,s), boolean, text, text(n), timestamp, json",
                   "column '%s' has no 'type'", column->name);
    else
        column->typed = block_read_type(type, block->time_digits, diag, arena, &column->rule);
}

void block_read_column(const struct yaml_pair *pair, struct block *block, struct diag *diag,
                       struct sp_arena *arena, struct block_column *out)
{
    const struct yaml_node *mapping = pair->value;
    out->name = pair->key->text;
    out->mark = pair->key->mark;
    block_check_name(out->name, out->mark, "column", false, diag);
    if (mapping->kind != YAML_MAPPING) {
        diag_error(diag, mapping->mark,
                   sp_arena_printf(arena, "write '%s: {from: /%s, type: text}'", out->name, out->name),
                   "expected a mapping, but found %s", yaml_what(mapping));
        conditions_compile(NULL, "when", &block->pointers, diag, arena, &out->when);
        return;
    }
    block_check_keys(mapping, column_keys, COUNT(column_keys), diag, arena);
    read_from_and_type(mapping, block, out, diag, arena);
    read_bounds(mapping, out, diag, arena);
    read_case(mapping, out, diag, arena);
    read_default(mapping, out, diag, arena);
    read_key(mapping, out, diag);
    read_keep(mapping, block, out, diag, arena);
    read_order_column(mapping, out, diag);
    conditions_compile(yaml_get(mapping, "when"), "when", &block->pointers, diag, arena, &out->when);
}
