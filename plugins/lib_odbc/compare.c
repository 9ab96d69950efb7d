/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char doing[] = "comparing the table";

/* A column as the database has it; texts in the arena. */
struct there {
    const char *name, *type, *shown;
    int64_t characters, digits, behind; /* below 0: no bound */
    bool required;
};

struct comparing {
    struct odbc_sink_handle *handle;
    const struct sp_table *table;
    const struct odbc_dialect *dialect;
    struct sp_arena *arena;
    struct there *there; /* in the arena */
    size_t there_count;
    struct sp_misfit *misfits; /* in the arena */
    size_t count;
    bool *has; /* which columns of ours are there; in the arena */
    struct sp_error *err;
};

static void ask_for_table(struct comparing *comparing)
{
    struct odbc_json *json = &comparing->handle->db.json;
    json_clear(json);
    json_text_member(json, "{\"table\":", comparing->handle->sink->quoted);
    json_raw(json, "}");
}

/* The cure is a statement of the dialect, to be freed. */
static void add(struct comparing *comparing, bool migrates, const char *text, char *cure)
{
    size_t size = comparing->count * sizeof *comparing->misfits;
    comparing->misfits =
        sp_arena_resize(comparing->arena, comparing->misfits, size, size + sizeof *comparing->misfits);
    comparing->misfits[comparing->count++] =
        (struct sp_misfit){migrates, text, cure ? sp_arena_text(comparing->arena, cure, strlen(cure)) : NULL};
    free(cure);
}

/* ---- columns */

static int take_text(struct comparing *comparing, SQLUSMALLINT index, const char **out)
{
    struct sp_slice text;
    if (odbc_text(&comparing->handle->db, index, comparing->arena, &text, doing, comparing->err) < 0)
        return -1;
    *out = text.data ? text.data : "";
    return 0;
}

static int take_column(struct comparing *comparing)
{
    struct odbc *db = &comparing->handle->db;
    struct there there = {0};
    int64_t required;
    if (take_text(comparing, 1, &there.name) < 0 || take_text(comparing, 2, &there.type) < 0 ||
        take_text(comparing, 3, &there.shown) < 0 ||
        odbc_number(db, 4, &there.characters, doing, comparing->err) < 0 ||
        odbc_number(db, 5, &there.digits, doing, comparing->err) < 0 ||
        odbc_number(db, 6, &there.behind, doing, comparing->err) < 0 ||
        odbc_number(db, 7, &required, doing, comparing->err) < 0)
        return -1;
    there.required = required != 0;
    size_t size = comparing->there_count * sizeof there;
    comparing->there = sp_arena_resize(comparing->arena, comparing->there, size, size + sizeof there);
    comparing->there[comparing->there_count++] = there;
    return 0;
}

static int take_columns(struct comparing *comparing)
{
    struct odbc *db = &comparing->handle->db;
    int more;
    ask_for_table(comparing);
    if (odbc_run(db, comparing->dialect->layout, ODBC_READS, doing, comparing->err) < 0)
        return -1;
    while ((more = odbc_fetch(db, doing, comparing->err)) > 0) {
        if (take_column(comparing) < 0)
            return -1;
    }
    return more;
}

static bool same_name(const struct comparing *comparing, const char *a, const char *b)
{
    return (comparing->dialect->any_case ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

static const struct there *find_there(const struct comparing *comparing, const char *name)
{
    for (size_t i = 0; i < comparing->there_count; i++)
        if (same_name(comparing, comparing->there[i].name, name))
            return &comparing->there[i];
    return NULL;
}

/* "text(50)", as the block has it. */
static const char *wanted_text(struct sp_arena *arena, const struct sp_column *column)
{
    const char *name = sp_type_name(column->type);
    if (column->type == SP_TYPE_TEXT && column->length)
        return sp_arena_printf(arena, "%s(%" PRIu32 ")", name, column->length);
    if (column->type == SP_TYPE_DECIMAL)
        return sp_arena_printf(arena, "%s(%" PRIu32 ",%" PRIu32 ")", name, column->precision, column->scale);
    return name;
}

static bool has_room_for(const struct there *there, uint32_t whole, uint32_t scale)
{
    if (there->digits < 0)
        return true;
    int64_t behind = there->behind > 0 ? there->behind : 0;
    return there->digits - behind >= whole && behind >= scale;
}

/* Does a column of a type that fits also hold all of the value? */
static bool is_large_enough(const struct comparing *comparing, const struct there *there,
                            const struct sp_column *column)
{
    switch (column->type) {
    case SP_TYPE_INT:
        return has_room_for(there, 10, 0);
    case SP_TYPE_BIGINT:
        return has_room_for(there, 19, 0);
    case SP_TYPE_DECIMAL:
        return has_room_for(there, column->precision - column->scale, column->scale);
    case SP_TYPE_TEXT:
        return there->characters < 0 || (column->length && column->length <= there->characters);
    case SP_TYPE_TIMESTAMP:
        return there->digits < 0 || there->digits >= comparing->dialect->time_digits;
    case SP_TYPE_JSON:
        return there->characters < 0;
    case SP_TYPE_BOOLEAN:
        break;
    }
    return true;
}

static void compare_type(struct comparing *comparing, size_t index, const struct there *there)
{
    const struct sp_column *column = &comparing->table->columns[index];
    const char *word = sp_arena_printf(comparing->arena, " %s ", there->type), *what = NULL;
    if (!strstr(comparing->dialect->types[column->type], word))
        what = "which is another type";
    else if (!is_large_enough(comparing, there, column))
        what = "which holds less";
    if (!what)
        return;
    add(comparing, false,
        sp_arena_printf(comparing->arena, "column %s is to hold %s, and is %s, %s", column->name,
                        wanted_text(comparing->arena, column), there->shown, what),
        comparing->dialect->alter_type(comparing->table, index));
}

/* The order of rows that are there is filled as well. */
static char *add_column(const struct comparing *comparing, size_t index)
{
    const struct odbc_dialect *dialect = comparing->dialect;
    size_t bound = sp_table_order_bound(comparing->table, index, comparing->has);
    char *added = dialect->add_column(comparing->table, index), *filled, *both;
    if (bound == 0 || !dialect->fill_order)
        return added;
    filled = dialect->fill_order(comparing->table, index, bound, comparing->has);
    if (asprintf(&both, "%s; %s", added, filled) < 0)
        abort();
    free(added);
    free(filled);
    return both;
}

static void compare_column(struct comparing *comparing, size_t index)
{
    const struct sp_table *table = comparing->table;
    const struct sp_column *column = &table->columns[index];
    const struct there *there = find_there(comparing, column->name);
    if (!there) {
        add(comparing, index >= table->key_count,
            sp_arena_printf(comparing->arena, "table %s has no column %s", table->name, column->name),
            add_column(comparing, index));
        return;
    }
    compare_type(comparing, index, there);
    if (there->required && index >= table->key_count && column->nullable)
        add(comparing, false,
            sp_arena_printf(comparing->arena, "column %s is NOT NULL, and a row may have nothing for it",
                            column->name),
            comparing->dialect->let_be_null(table, there->name, there->shown));
}

/* What no row of ours would say. */
static void compare_others(struct comparing *comparing)
{
    const struct sp_table *table = comparing->table;
    for (size_t i = 0; i < comparing->there_count; i++) {
        const struct there *there = &comparing->there[i];
        bool ours = false;
        for (size_t column = 0; column < table->column_count; column++)
            ours |= same_name(comparing, table->columns[column].name, there->name);
        if (!ours && there->required)
            add(comparing, false,
                sp_arena_printf(
                    comparing->arena,
                    "column %s is NOT NULL without a default, and the table block does not fill it",
                    there->name),
                comparing->dialect->let_be_null(table, there->name, there->shown));
    }
}

/* ---- the key */

/* How many of the key's columns the key under way has, and how many it has in all. */
struct key {
    const char *number;
    size_t ours, all;
};

static bool is_whole(const struct comparing *comparing, const struct key *key)
{
    return key->ours == comparing->table->key_count && key->all == key->ours;
}

static int find_key(struct comparing *comparing, bool *found_out)
{
    struct odbc *db = &comparing->handle->db;
    struct key key = {.number = ""};
    const char *number, *name;
    int more;
    ask_for_table(comparing);
    if (odbc_run(db, comparing->dialect->unique, ODBC_READS, doing, comparing->err) < 0)
        return -1;
    while ((more = odbc_fetch(db, doing, comparing->err)) > 0) {
        if (take_text(comparing, 1, &number) < 0 || take_text(comparing, 2, &name) < 0)
            return -1;
        if (strcmp(number, key.number) != 0) {
            *found_out |= is_whole(comparing, &key);
            key = (struct key){.number = number};
        }
        key.all++;
        for (size_t i = 0; i < comparing->table->key_count; i++)
            key.ours += same_name(comparing, comparing->table->columns[i].name, name);
    }
    *found_out |= is_whole(comparing, &key);
    return more;
}

static int compare_key(struct comparing *comparing)
{
    const struct sp_table *table = comparing->table;
    const char *names = "";
    bool found = false;
    if (find_key(comparing, &found) < 0)
        return -1;
    for (size_t i = 0; i < table->key_count; i++)
        names = sp_arena_printf(comparing->arena, "%s%s%s", names, i ? ", " : "", table->columns[i].name);
    if (!found)
        add(comparing, false,
            sp_arena_printf(comparing->arena, "table %s has no primary key or unique index of just %s",
                            table->name, names),
            comparing->dialect->make_key(table));
    return 0;
}

/* ---- what the user may do */

static int compare_rights(struct comparing *comparing)
{
    const struct sp_table *table = comparing->table;
    bool updates = !table->append && table->column_count > table->key_count;
    struct odbc_need need = {.thing = comparing->handle->sink->quoted,
                             .rights = updates ? "SELECT,INSERT,UPDATE" : "SELECT,INSERT"};
    const char *lacking, *grant;
    if (odbc_find_lacking(&comparing->handle->db, &need, comparing->arena, &lacking, &grant, comparing->err) <
        0)
        return -1;
    if (lacking)
        add(comparing, false, lacking, strdup(grant));
    return 0;
}

static int compare(struct comparing *comparing)
{
    const struct sp_table *table = comparing->table;
    if (take_columns(comparing) < 0)
        return -1;
    if (comparing->there_count == 0) {
        add(comparing, true, sp_arena_printf(comparing->arena, "there is no table %s", table->name),
            comparing->dialect->create(table));
        return 0;
    }
    comparing->has = sp_arena_zalloc(comparing->arena, table->column_count * sizeof *comparing->has);
    for (size_t i = 0; i < table->column_count; i++)
        comparing->has[i] = find_there(comparing, table->columns[i].name) != NULL;
    for (size_t i = 0; i < table->column_count; i++)
        compare_column(comparing, i);
    compare_others(comparing);
    return compare_key(comparing) < 0 ? -1 : compare_rights(comparing);
}

int schema_compare(void *opaque, struct sp_arena *arena, const struct sp_misfit **misfits, size_t *count,
                   int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    const struct odbc_sink *sink = handle->sink;
    struct comparing comparing = {
        .handle = handle, .table = sink->table, .dialect = sink->store.dialect, .arena = arena, .err = err};
    if (!comparing.dialect->layout)
        return sp_fail(err, SP_REFUSED, "%s: its tables cannot be compared", sink->store.place);
    int rc = odbc_enter(&handle->db, deadline, err);
    if (rc == 0)
        rc = compare(&comparing);
    if (rc == 0) {
        *misfits = comparing.misfits;
        *count = comparing.count;
    }
    return odbc_leave(&handle->db, rc);
}
