/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include <stdlib.h>

static const char layout[] = "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND NOT pk"
                             " FROM pragma_table_xinfo(?) WHERE hidden = 0";
/* Is there a key of just these columns?  A single INTEGER PRIMARY KEY has no index. */
static const char keys[] =
    "SELECT group_concat(name, '/') FROM (SELECT name FROM pragma_table_info(?1) WHERE pk ORDER BY name)"
    " UNION ALL SELECT (SELECT group_concat(name, '/') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY name))"
    " FROM pragma_index_list(?1) AS i WHERE i.\"unique\" AND NOT i.partial";

struct comparing {
    const struct sp_table *table;
    sqlite3 *file;
    struct sp_arena *arena;
    bool there, *found;
    struct sp_misfit *misfits; /* in the arena */
    size_t count;
};

static void add(struct comparing *comparing, bool migrates, const char *text, const char *cure)
{
    size_t size = comparing->count * sizeof *comparing->misfits;
    comparing->misfits =
        sp_arena_resize(comparing->arena, comparing->misfits, size, size + sizeof *comparing->misfits);
    comparing->misfits[comparing->count++] = (struct sp_misfit){migrates, text, cure};
}

static const char *kept(struct comparing *comparing, char *sql)
{
    const char *text = sp_arena_text(comparing->arena, sql, strlen(sql));
    free(sql);
    return text;
}

static bool has_word(const char *type, const char *word)
{
    for (size_t size = strlen(word); *type; type++)
        if (sqlite3_strnicmp(type, word, (int)size) == 0)
            return true;
    return false;
}

/* What SQLite makes of a value by the declared type ("Determination of Column Affinity" in its manual). */
enum affinity { AS_INTEGER, AS_TEXT, AS_IT_IS, AS_REAL, AS_NUMBER };

static enum affinity affinity_of(const char *type)
{
    if (has_word(type, "INT"))
        return AS_INTEGER;
    if (has_word(type, "CHAR") || has_word(type, "CLOB") || has_word(type, "TEXT"))
        return AS_TEXT;
    if (!*type || has_word(type, "BLOB"))
        return AS_IT_IS;
    return has_word(type, "REAL") || has_word(type, "FLOA") || has_word(type, "DOUB") ? AS_REAL : AS_NUMBER;
}

static bool leaves_whole(const struct sp_column *column, enum affinity affinity)
{
    bool number =
        column->type == SP_TYPE_INT || column->type == SP_TYPE_BIGINT || column->type == SP_TYPE_BOOLEAN;
    if (affinity == AS_IT_IS)
        return true;
    return number ? affinity == AS_INTEGER || affinity == AS_NUMBER : affinity == AS_TEXT;
}

static void compare_column(struct comparing *comparing, size_t index, const char *type, bool required)
{
    const struct sp_column *column = &comparing->table->columns[index];
    if (!leaves_whole(column, affinity_of(type)))
        add(comparing, false,
            sp_arena_printf(comparing->arena, "column %s is to hold %s, and is %s, which changes it",
                            column->name, sp_type_name(column->type), type),
            "a column's type cannot be changed: rename the table away, and let it be made afresh");
    if (required && index >= comparing->table->key_count && column->nullable)
        add(comparing, false,
            sp_arena_printf(comparing->arena, "column %s is NOT NULL, and a row may have nothing for it",
                            column->name),
            "NOT NULL cannot be taken away: rename the table away, and let it be made afresh");
}

static void take_column(struct comparing *comparing, const char *name, const char *type, bool required)
{
    const struct sp_table *table = comparing->table;
    bool ours = false;
    for (size_t i = 0; i < table->column_count; i++) {
        if (sqlite3_stricmp(name, table->columns[i].name) != 0)
            continue;
        ours = comparing->found[i] = true;
        compare_column(comparing, i, type, required);
    }
    if (!ours && required)
        add(comparing, false,
            sp_arena_printf(comparing->arena,
                            "column %s is NOT NULL without a default, and the table block does not fill it",
                            name),
            "name it in the table block; or rename the table away, and let it be made afresh");
}

static int take_columns(struct comparing *comparing)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(comparing->file, layout, -1, &row, NULL);
    if (rc == SQLITE_OK)
        lite_bind_text(row, 1, comparing->table->name);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        const char *name = lite_column_text(row, 0, comparing->arena);
        const char *type = lite_column_text(row, 1, comparing->arena);
        comparing->there = true;
        take_column(comparing, name ? name : "", type ? type : "", sqlite3_column_int(row, 2) != 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The key's columns, sorted, between strokes: names have letters, digits and '_' alone. */
static const char *key_text(const struct comparing *comparing, const char *between)
{
    const struct sp_table *table = comparing->table;
    const char **names = sp_arena_alloc(comparing->arena, table->key_count * sizeof *names), *text = "";
    for (size_t i = 0; i < table->key_count; i++)
        names[i] = table->columns[i].name;
    qsort(names, table->key_count, sizeof *names, by_name);
    for (size_t i = 0; i < table->key_count; i++)
        text = sp_arena_printf(comparing->arena, "%s%s%s", text, i ? between : "", names[i]);
    return text;
}

static int compare_key(struct comparing *comparing)
{
    const char *wanted = key_text(comparing, "/");
    bool found = false;
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(comparing->file, keys, -1, &row, NULL);
    if (rc == SQLITE_OK)
        lite_bind_text(row, 1, comparing->table->name);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(row, 0);
        found |= key && sqlite3_stricmp(key, wanted) == 0;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(row);
    if (rc == SQLITE_DONE && !found)
        add(comparing, false,
            sp_arena_printf(comparing->arena, "table %s has no primary key or unique index of just %s",
                            comparing->table->name, key_text(comparing, ", ")),
            kept(comparing, dialect_make_key(comparing->table)));
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The order of rows that are there is filled as well. */
static const char *column_added(struct comparing *comparing, size_t index)
{
    size_t bound = sp_table_order_bound(comparing->table, index, comparing->found);
    const char *added = kept(comparing, dialect_add_column(comparing->table, index));
    if (bound == 0)
        return added;
    return sp_arena_printf(comparing->arena, "%s; %s", added,
                           kept(comparing,
                                dialect_fill_order(comparing->table, index, bound, comparing->found)));
}

static int compare(struct comparing *comparing)
{
    const struct sp_table *table = comparing->table;
    int rc = comparing->file ? take_columns(comparing) : SQLITE_OK;
    if (rc == SQLITE_OK && !comparing->there)
        add(comparing, true, sp_arena_printf(comparing->arena, "there is no table %s", table->name),
            kept(comparing, dialect_create(table)));
    for (size_t i = 0; rc == SQLITE_OK && comparing->there && i < table->column_count; i++)
        if (!comparing->found[i])
            add(comparing, i >= table->key_count,
                sp_arena_printf(comparing->arena, "table %s has no column %s", table->name,
                                table->columns[i].name),
                column_added(comparing, i));
    return rc == SQLITE_OK && comparing->there ? compare_key(comparing) : rc;
}

int sink_compare(void *opaque, struct sp_arena *arena, const struct sp_misfit **misfits, size_t *count,
                 int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    const struct sp_table *table = handle->sink->table;
    struct comparing comparing = {.table = table, .arena = arena};
    (void)deadline;
    comparing.found = sp_arena_zalloc(arena, table->column_count * sizeof *comparing.found);
    int rc = schema_open_to_look(handle, &comparing.file);
    if (rc == SQLITE_OK)
        rc = compare(&comparing);
    if (rc != SQLITE_OK)
        lite_fail(&handle->lite, rc, "comparing the table", err);
    sqlite3_close(comparing.file);
    *misfits = comparing.misfits;
    *count = comparing.count;
    return rc == SQLITE_OK ? 0 : -1;
}
