/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/plan.h"

#include <stdlib.h>

static void add_type(struct buffer *text, const struct sp_column *column)
{
    buffer_printf(text, "\"type\":\"%s", sp_type_name(column->type));
    if (column->type == SP_TYPE_TEXT && column->length)
        buffer_printf(text, "(%u)", column->length);
    if (column->type == SP_TYPE_DECIMAL)
        buffer_printf(text, "(%u,%u)", column->precision, column->scale);
    buffer_add_char(text, '"');
}

static void add_group(struct buffer *text, const struct table_plan *plan, size_t at)
{
    const struct plan_group *group = &plan->groups[at];
    buffer_printf(text, "{\"keep\":\"%s\",\"when\":%s", sp_keep_name(group->keep), group->when.text);
    if (group->order_column >= 0)
        buffer_printf(text, ",\"order_column\":\"%s\"", plan->table.columns[group->order_column].name);
    buffer_add_char(text, '}');
}

static int compare_columns(const void *left, const void *right)
{
    const struct sp_column *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* The keys, or the others, sorted by name; hidden columns follow from the groups. */
static void add_columns(struct buffer *text, const struct table_plan *plan, bool keys, struct sp_arena *arena)
{
    const struct sp_table *table = &plan->table;
    const struct sp_column **columns = sp_arena_alloc(arena, table->column_count * sizeof *columns);
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++)
        if (!table->columns[i].hidden && (table->columns[i].role == SP_ROLE_KEY) == keys)
            columns[count++] = &table->columns[i];
    qsort(columns, count, sizeof *columns, compare_columns);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(text, "%s{\"name\":\"%s\",", i ? "," : "", columns[i]->name);
        add_type(text, columns[i]);
        if (keys) {
            buffer_add_text(text, ",\"from\":");
            buffer_add_json(text, sp_slice_of(plan->fields[columns[i] - table->columns].pointer));
        } else {
            buffer_add_text(text, ",\"group\":");
            add_group(text, plan, (size_t)columns[i]->group);
        }
        buffer_add_char(text, '}');
    }
}

const char *table_fingerprint(const struct table_plan *plan, struct sp_arena *arena)
{
    struct buffer text SP_AUTO(buffer_fini) = {0};
    buffer_printf(&text, "{\"name\":\"%s\",\"append\":%s,\"key\":[", plan->table.name,
                  plan->table.append ? "true" : "false");
    add_columns(&text, plan, true, arena);
    buffer_add_text(&text, "],\"order\":{\"from\":");
    buffer_add_json(&text, sp_slice_of(plan->order.pointer));
    buffer_printf(&text, ",\"type\":\"%s\"},\"columns\":[", sp_type_name(plan->order.rule.type));
    add_columns(&text, plan, false, arena);
    buffer_add_text(&text, "]}");
    return sp_arena_text(arena, text.data, text.size);
}

/* A fingerprint that was read. */
struct print {
    struct sp_slice name, append, key, order;
    struct print_column *columns;
    size_t count;
};

struct print_column {
    struct sp_slice name, type, group;
};

static int read_columns(struct sp_slice list, struct sp_arena *arena, struct print *out)
{
    static const char *const pointers[] = {"/name", "/type", "/group"};
    const struct sp_json_paths *paths;
    struct sp_json_value found[3];
    struct sp_json_fault fault;
    size_t bad, length, at = 1; /* behind the bracket */
    out->columns = sp_arena_alloc(arena, PLAN_MAX_COLUMNS * sizeof *out->columns);
    if (sp_json_paths_new(pointers, 3, arena, &paths, &bad) != 0)
        return -1;
    while (at < list.size && list.data[at] != ']') {
        struct sp_slice rest = {list.data + at, list.size - at};
        if (sp_json_scan(paths, rest, found, &length, &fault) != 0 || out->count == PLAN_MAX_COLUMNS)
            return -1;
        out->columns[out->count++] = (struct print_column){found[0].raw, found[1].raw, found[2].raw};
        at += length;
        at += at < list.size && list.data[at] == ',';
    }
    return 0;
}

static int print_read(const char *text, struct sp_arena *arena, struct print *out)
{
    static const char *const pointers[] = {"/name", "/append", "/key", "/order", "/columns"};
    const struct sp_json_paths *paths;
    struct sp_json_value found[5];
    struct sp_json_fault fault;
    size_t bad;
    *out = (struct print){0};
    if (sp_json_paths_new(pointers, 5, arena, &paths, &bad) != 0 ||
        sp_json_scan_whole(paths, sp_slice_of(text), found, &fault) != 0)
        return -1;
    for (size_t i = 0; i < 5; i++)
        if (found[i].kind == SP_JSON_ABSENT || found[i].kind == SP_JSON_NULL)
            return -1;
    out->name = found[0].raw;
    out->append = found[1].raw;
    out->key = found[2].raw;
    out->order = found[3].raw;
    return found[4].kind == SP_JSON_ARRAY ? read_columns(found[4].raw, arena, out) : -1;
}

static const struct print_column *print_column(const struct print *print, struct sp_slice name)
{
    for (size_t i = 0; i < print->count; i++)
        if (sp_slice_equal(print->columns[i].name, name))
            return &print->columns[i];
    return NULL;
}

/* Goes on to the next sentence. */
static struct buffer *next(struct buffer *what)
{
    buffer_add_text(what, what->size ? "; " : "");
    return what;
}

#define SLICE(slice) (int)(slice).size, (slice).data

/* What cannot go on with the rows that are there. */
static void say_refused(const struct print *old, const struct print *new, struct buffer *what)
{
    if (!sp_slice_equal(old->append, new->append))
        buffer_printf(next(what), "'append' was %.*s and is %.*s", SLICE(old->append), SLICE(new->append));
    if (!sp_slice_equal(old->key, new->key))
        buffer_printf(next(what), "the key was %.*s and is %.*s", SLICE(old->key), SLICE(new->key));
    if (!sp_slice_equal(old->order, new->order))
        buffer_printf(next(what), "the order was %.*s and is %.*s", SLICE(old->order), SLICE(new->order));
    for (size_t i = 0; i < new->count; i++) {
        const struct print_column *now = &new->columns[i], *was = print_column(old, now->name);
        if (was && !sp_slice_equal(was->type, now->type))
            buffer_printf(next(what), "column '%.*s' was of the type %.*s and is of the type %.*s",
                          SLICE(now->name), SLICE(was->type), SLICE(now->type));
        if (was && !sp_slice_equal(was->group, now->group))
            buffer_printf(next(what), "column '%.*s' was kept by %.*s and is kept by %.*s", SLICE(now->name),
                          SLICE(was->group), SLICE(now->group));
    }
}

/* What goes on, with something that people should know. */
static void say_changed(const struct print *old, const struct print *new, struct buffer *what)
{
    if (!sp_slice_equal(old->name, new->name))
        buffer_printf(next(what), "the table was '%.*s' and is '%.*s'", SLICE(old->name), SLICE(new->name));
    for (size_t i = 0; i < new->count; i++)
        if (!print_column(old, new->columns[i].name))
            buffer_printf(next(what), "column '%.*s' is new", SLICE(new->columns[i].name));
    for (size_t i = 0; i < old->count; i++)
        if (!print_column(new, old->columns[i].name))
            buffer_printf(next(what), "column '%.*s' is no longer written", SLICE(old->columns[i].name));
}

enum table_change table_compare(const struct table_plan *plan, const char *stored, struct sp_arena *arena,
                                const char **what_out)
{
    struct buffer what SP_AUTO(buffer_fini) = {0};
    const char *current = table_fingerprint(plan, arena);
    struct print old, new;
    enum table_change change = TABLE_SAME;
    if (strcmp(current, stored) == 0) {
        *what_out = "";
        return TABLE_SAME;
    }
    if (print_read(stored, arena, &old) != 0 || print_read(current, arena, &new) != 0) {
        *what_out = "what is stored of the table's block cannot be read";
        return TABLE_REFUSED;
    }
    say_refused(&old, &new, &what);
    if (what.size)
        change = TABLE_REFUSED;
    say_changed(&old, &new, &what);
    if (what.size && change == TABLE_SAME)
        change = TABLE_NEW_COLUMNS;
    *what_out = sp_arena_text(arena, buffer_text(&what), what.size);
    return change;
}
