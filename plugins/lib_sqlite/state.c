/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include <sql/sqlite_migrations.h>
#include <stdlib.h>

struct state_config {
    struct lite_config lite;
};

static const char *const migrations[] = {STATE_MIGRATIONS};

enum { STATE_GET, STATE_COUNT, STATE_PUT, STATE_STATEMENTS };
static const char *const statements[] = {
    [STATE_GET] = "SELECT Version, Value FROM PipelineState WHERE Pipeline = ? AND Name = ?",
    [STATE_COUNT] = LITE_COUNT("state"),
    [STATE_PUT] = "INSERT OR REPLACE INTO PipelineState VALUES (?, ?, ?, ?, ?)",
};

const struct lite_part lite_state_part = {
    .name = "state",
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof *migrations,
    .statements = statements,
    .statement_count = STATE_STATEMENTS,
};

static void state_check(const void *config, struct sp_check *check)
{
    lite_check(&((const struct state_config *)config)->lite, check);
}

static int state_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return lite_simple_load(&lite_state_part, &((const struct state_config *)config)->lite, stage, loaded,
                            err);
}

/* The record's version and, where `arena` is there, its value; SQLite's code. */
static int find(struct lite *db, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                int64_t *version_out)
{
    sqlite3_stmt *get = db->statements[STATE_GET];
    lite_bind_text(get, 1, db->store->stage->pipeline);
    lite_bind_text(get, 2, name);
    int rc = sqlite3_step(get);
    if (rc == SQLITE_DONE) {
        *version_out = 0;
    } else if (rc == SQLITE_ROW) {
        *version_out = sqlite3_column_int64(get, 0);
        if (arena)
            *value_out = lite_column_slice(get, 1, arena);
    }
    lite_reset(get);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int state_get(void *handle, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                     int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct lite *db = handle;
    struct sp_slice value = {"", 0};
    int64_t version = 0;
    bool there;
    if (lite_look(db, deadline, &there, err) < 0)
        return -1;
    int rc = there ? find(db, name, arena, &value, &version) : SQLITE_OK;
    if (rc != SQLITE_OK)
        return lite_fail(db, rc, "reading a record", err);
    *value_out = value;
    *version_out = version;
    return 0;
}

static int replace(struct lite *db, const char *name, struct sp_slice value, int64_t *version_out)
{
    int rc = lite_count(db->statements[STATE_COUNT], version_out);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_stmt *put = db->statements[STATE_PUT];
    lite_bind_text(put, 1, db->store->stage->pipeline);
    lite_bind_text(put, 2, name);
    sqlite3_bind_int64(put, 3, *version_out);
    sqlite3_bind_blob64(put, 4, value.size ? value.data : "", value.size, SQLITE_STATIC);
    sqlite3_bind_int64(put, 5, sp_clock_wall_ms());
    return lite_run(put);
}

static int state_put(void *handle, const char *name, struct sp_slice value, int64_t expected,
                     bool *swapped_out, int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "writing a record";
    struct lite *db = handle;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    int64_t version;
    int rc = find(db, name, NULL, NULL, &version);
    if (rc == SQLITE_OK && version != expected) {
        lite_rollback(db);
        *swapped_out = false;
        *version_out = version;
        return 0;
    }
    if (rc == SQLITE_OK)
        rc = replace(db, name, value, &version);
    if (rc != SQLITE_OK)
        return lite_fail(db, rc, doing, err);
    if (lite_commit(db, doing, err) < 0)
        return -1;
    *swapped_out = true;
    *version_out = version;
    return 0;
}

static const struct sp_option options[] = {LITE_OPTIONS(struct state_config, "1MiB")};

static const struct sp_capabilities capabilities = {
    .size = sizeof capabilities,
    .flags = SP_DURABLE | SP_LOCAL | SP_EMBEDDED,
};

static const struct sp_state_ops ops = {.size = sizeof ops, .get = state_get, .put = state_put};

const struct sp_plugin lite_state_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_STATE,
    .name = "sqlite",
    .version = PACKAGE_VERSION,
    .summary = "Keeps records in a SQLite file",
    .capabilities = &capabilities,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct state_config),
    .check = state_check,
    .load = state_load,
    .unload = lite_simple_unload,
    .open = lite_simple_open,
    .close = lite_simple_close,
    .probe = lite_simple_probe,
    .interrupt = lite_simple_interrupt,
    .state = &ops,
    .migrate = lite_simple_migrate,
};
