/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include "../lib_sql/missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct sql_needed needed_by(const struct sink *sink)
{
    return (struct sql_needed){
        .table = sink->table,
        .place = sink->store.config->path,
        .migrate = "auto",
        .end = ";\n",
        .create = dialect_create,
        .add_column = dialect_add_column,
        .fill_order = dialect_fill_order,
    };
}

static void look_fini(struct sql_there *look)
{
    free(look->columns);
}

/* `file` NULL: nothing is there.  SQLite's code. */
static int look_at(sqlite3 *file, const struct sp_table *table, struct sql_there *look)
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

int schema_verify(struct sink_handle *handle, struct sp_error *err)
{
    static const char doing[] = "looking at the table";
    SP_AUTO(look_fini) struct sql_there look = {0};
    int rc = look_at(handle->lite.file, handle->sink->table, &look);
    if (rc != SQLITE_OK)
        return lite_fail(&handle->lite, rc, doing, err);
    const struct sql_needed needed = needed_by(handle->sink);
    if (sql_check_there(&needed, &look, err) < 0)
        return -1;
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

static int look_from_outside(struct sink_handle *handle, struct sql_there *look, struct sp_error *err)
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

static int dry_run(struct sink_handle *handle, struct sql_there *look, struct sp_error *err)
{
    const struct sql_needed needed = needed_by(handle->sink);
    return look_from_outside(handle, look, err) < 0 ? -1 : sql_check_keys(&needed, look, err);
}

static int apply(struct sink_handle *handle, struct sql_there *look, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "making the table";
    const struct sql_needed needed = needed_by(handle->sink);
    struct lite *db = &handle->lite;
    size_t at = 0;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    int rc = look_at(db->file, handle->sink->table, look);
    if (rc == SQLITE_OK && sql_check_keys(&needed, look, err) < 0) {
        lite_rollback(db);
        return -1;
    }
    for (char *sql; rc == SQLITE_OK && (sql = sql_next_step(&needed, look, &at)); free(sql))
        rc = lite_execute(db, sql);
    return rc == SQLITE_OK ? lite_commit(db, doing, err) : lite_fail(db, rc, doing, err);
}

int sink_migrate(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                 int64_t deadline, struct sp_error *err)
{
    struct sink_handle *handle = opaque;
    const struct sql_needed needed = needed_by(handle->sink);
    SP_AUTO(look_fini) struct sql_there look = {0};
    int result =
        mode == SP_MIGRATE_DRY_RUN ? dry_run(handle, &look, err) : apply(handle, &look, deadline, err);
    if (result == 0 && plan)
        *plan = sql_plan(&needed, &look, arena);
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
static void find_steps(const struct sp_table *table, const struct sql_there *look, struct afresh *steps)
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

static int make_afresh(struct sink_handle *handle, struct sql_there *look, struct afresh *steps,
                       int64_t deadline, struct sp_error *err)
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
    SP_AUTO(look_fini) struct sql_there look = {0};
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
