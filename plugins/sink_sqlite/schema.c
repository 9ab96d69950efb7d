/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Which columns of the table the file has; all false where there is no such table. */
struct look {
    bool table;
    bool *columns;
};

static void look_fini(struct look *look)
{
    free(look->columns);
}

/* `file` NULL: nothing is there.  SQLite's code. */
static int look_at(sqlite3 *file, const struct sp_table *table, struct look *look)
{
    sqlite3_stmt *statement = NULL;
    look->table = false;
    look->columns = calloc(table->column_count, sizeof *look->columns);
    if (!look->columns)
        return SQLITE_NOMEM;
    if (!file)
        return SQLITE_OK;
    int rc = sqlite3_prepare_v2(file, "SELECT name FROM pragma_table_xinfo(?)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        lite_bind_text(statement, 1, table->name);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        look->table = true;
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        for (size_t i = 0; name && i < table->column_count; i++)
            look->columns[i] |= sqlite3_stricmp(name, table->columns[i].name) == 0;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The first column that is missing, or column_count. */
static size_t first_missing(const struct sp_table *table, const struct look *look)
{
    size_t i = 0;
    while (i < table->column_count && look->columns[i])
        i++;
    return i;
}

/* Which column bounds an order that is missing; 0: nothing is known of it. */
static size_t bound_of(const struct sp_table *table, const struct look *look, size_t column)
{
    return look->table && !look->columns[column] ? sp_table_order_bound(table, column, look->columns) : 0;
}

static int fail_missing(const struct sink *sink, const struct look *look, struct sp_error *err)
{
    const struct sp_table *table = sink->table;
    const char *path = sink->store.config->path;
    size_t missing = first_missing(table, look);
    if (!look->table)
        sp_fail(err, SP_REFUSED, "%s: there is no table %s", path, table->name);
    else
        sp_fail(err, SP_REFUSED, "%s: table %s has no column %s", path, table->name,
                table->columns[missing].name);
    if (look->table && bound_of(table, look, missing) > 0)
        sp_fail_cure(err, "say scanpipe migrate, or set `migrate: auto`: it is also filled");
    else
        sp_fail_cure(err, "say scanpipe migrate, or set `migrate: auto`; scanpipe %s prints the statement",
                     look->table ? "check --online" : "table");
    return -1;
}

int schema_verify(struct sink_handle *handle, struct sp_error *err)
{
    static const char doing[] = "looking at the table";
    SP_AUTO(look_fini) struct look look = {0};
    int rc = look_at(handle->lite.file, handle->sink->table, &look);
    if (rc != SQLITE_OK)
        return lite_fail(&handle->lite, rc, doing, err);
    if (first_missing(handle->sink->table, &look) < handle->sink->table->column_count)
        return fail_missing(handle->sink, &look, err);
    sqlite3_stmt *statement;
    rc = statement_write(handle, &statement);
    if (rc == SQLITE_OK)
        return 0;
    lite_fail(&handle->lite, rc, doing, err);
    if (rc != SQLITE_ERROR)
        return -1;
    err->class = SP_REFUSED;
    return sp_fail_cure(err,
                        "the table needs a primary key, or a unique index, of exactly the pipeline's keys");
}

int sink_describe(void *opaque, struct sp_arena *arena, const char **sql_out, struct sp_error *err)
{
    char *sql = dialect_create(((struct sink_handle *)opaque)->sink->table);
    (void)err;
    *sql_out = sp_arena_printf(arena, "%s;\n", sql);
    free(sql);
    return 0;
}

/* When all columns are there, the orders that were added are filled. */
static char *next_fill(const struct sp_table *table, const struct look *look, size_t *at)
{
    size_t count = table->column_count, bound = 0;
    while (*at < 2 * count && (bound = bound_of(table, look, *at - count)) == 0)
        (*at)++;
    return *at < 2 * count ? dialect_fill_order(table, (*at)++ - count, bound, look->columns) : NULL;
}

/* The statement number `*at` of what is to be done; NULL at the end. */
static char *next_step(const struct sp_table *table, const struct look *look, size_t *at)
{
    if (!look->table)
        return (*at)++ == 0 ? dialect_create(table) : NULL;
    while (*at < table->column_count && look->columns[*at])
        (*at)++;
    return *at < table->column_count ? dialect_add_column(table, (*at)++) : next_fill(table, look, at);
}

static const char *plan_text(const struct sp_table *table, const struct look *look, struct sp_arena *arena)
{
    const char *plan = "";
    size_t at = 0;
    for (char *sql; (sql = next_step(table, look, &at)); free(sql))
        plan = sp_arena_printf(arena, "%s%s;\n", plan, sql);
    return plan;
}

static int fail_key(const struct sink *sink, size_t column, struct sp_error *err)
{
    sp_fail(err, SP_REFUSED, "%s: table %s has no column %s, which is its key", sink->store.config->path,
            sink->table->name, sink->table->columns[column].name);
    return sp_fail_cure(err, "let the pipeline's table have another name, or move this one away");
}

/* A key cannot be added to rows that are there. */
static int check_keys(const struct sink *sink, const struct look *look, struct sp_error *err)
{
    for (size_t i = 0; look->table && i < sink->table->key_count; i++) {
        if (!look->columns[i])
            return fail_key(sink, i, err);
    }
    return 0;
}

int schema_open_to_look(struct sink_handle *handle, sqlite3 **out)
{
    const char *path = handle->sink->store.config->path;
    *out = NULL;
    if (access(path, F_OK) != 0)
        return SQLITE_OK;
    if (access(path, W_OK) != 0)
        return SQLITE_READONLY; /* see lite_is_made() */
    return sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                           NULL);
}

static int look_from_outside(struct sink_handle *handle, struct look *look, struct sp_error *err)
{
    sqlite3 *file;
    int rc = schema_open_to_look(handle, &file);
    if (rc == SQLITE_OK)
        rc = look_at(file, handle->sink->table, look);
    if (rc != SQLITE_OK)
        lite_fail(&handle->lite, rc, "looking at the table", err);
    sqlite3_close(file);
    return rc == SQLITE_OK ? 0 : -1;
}

static int dry_run(struct sink_handle *handle, struct look *look, struct sp_error *err)
{
    return look_from_outside(handle, look, err) < 0 ? -1 : check_keys(handle->sink, look, err);
}

static int apply(struct sink_handle *handle, struct look *look, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "making the table";
    struct lite *db = &handle->lite;
    size_t at = 0;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    int rc = look_at(db->file, handle->sink->table, look);
    if (rc == SQLITE_OK && check_keys(handle->sink, look, err) < 0) {
        lite_rollback(db);
        return -1;
    }
    for (char *sql; rc == SQLITE_OK && (sql = next_step(handle->sink->table, look, &at)); free(sql))
        rc = lite_execute(db, sql);
    return rc == SQLITE_OK ? lite_commit(db, doing, err) : lite_fail(db, rc, doing, err);
}

int sink_migrate(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                 int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    SP_AUTO(look_fini) struct look look = {0};
    int result =
        mode == SP_MIGRATE_DRY_RUN ? dry_run(handle, &look, err) : apply(handle, &look, deadline, err);
    if (result == 0 && plan)
        *plan = plan_text(handle->sink->table, &look, arena);
    return result;
}

struct afresh {
    char *rename, *create; /* rename NULL: there is nothing to put aside */
};

static void afresh_fini(struct afresh *afresh)
{
    free(afresh->rename);
    free(afresh->create);
}

/* ParcelSummary_before_20260102T030405Z */
static void find_steps(const struct sp_table *table, const struct look *look, struct afresh *steps)
{
    char suffix[32], *aside = NULL;
    time_t now = (time_t)(sp_clock_wall_ms() / 1000);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(suffix, sizeof suffix, "_before_%Y%m%dT%H%M%SZ", &utc);
    if (asprintf(&aside, "%s%s", table->name, suffix) < 0)
        abort();
    if (look->table)
        steps->rename = dialect_rename(table, aside);
    free(aside);
    steps->create = dialect_create(table);
}

static int make_afresh(struct sink_handle *handle, struct look *look, struct afresh *steps, int64_t deadline,
                       struct sp_error *err)
{
    static const char doing[] = "making the table afresh";
    struct lite *db = &handle->lite;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    int rc = look_at(db->file, handle->sink->table, look);
    if (rc == SQLITE_OK)
        find_steps(handle->sink->table, look, steps);
    if (rc == SQLITE_OK && steps->rename)
        rc = lite_execute(db, steps->rename);
    if (rc == SQLITE_OK)
        rc = lite_execute(db, steps->create);
    return rc == SQLITE_OK ? lite_commit(db, doing, err) : lite_fail(db, rc, doing, err);
}

int sink_rebuild(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                 int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    SP_AUTO(look_fini) struct look look = {0};
    SP_AUTO(afresh_fini) struct afresh steps = {0};
    bool dry = mode == SP_MIGRATE_DRY_RUN;
    int rc = dry ? look_from_outside(handle, &look, err) : make_afresh(handle, &look, &steps, deadline, err);
    if (rc == 0 && dry)
        find_steps(handle->sink->table, &look, &steps);
    if (rc == 0 && plan)
        *plan = sp_arena_printf(arena, "%s%s%s;\n", steps.rename ? steps.rename : "",
                                steps.rename ? ";\n" : "", steps.create);
    return rc;
}
