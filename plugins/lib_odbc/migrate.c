/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include "../lib_sql/migration.h"

static const char doing[] = "making scanpipe's own tables";

static int check_one(struct odbc *db, int64_t number, const char *checksum, struct sp_error *err)
{
    const struct odbc_part *part = db->store->part;
    char known[SQL_CHECKSUM_SIZE];
    if (number < 1 || number > (int64_t)part->migration_count) {
        sp_fail(err, SP_REFUSED,
                "%s: its tables of %s were made by a newer scanpipe (step %lld, known are %zu)",
                db->store->place, part->name, (long long)number, part->migration_count);
        return sp_fail_cure(err, "run the newer scanpipe, or name another database");
    }
    sql_checksum(part->migrations[number - 1], known);
    if (strcmp(known, checksum) == 0)
        return 0;
    sp_fail(err, SP_REFUSED,
            "%s: step %lld of its tables of %s was made by another text than this program has",
            db->store->place, (long long)number, part->name);
    return sp_fail_cure(err, "run the scanpipe that made them, or one that was released after it");
}

/* Up to which number the migrations have run; 0 where the table of them is not there yet. */
static int read_version(struct odbc *db, int64_t *version_out, struct sp_error *err)
{
    char checksum[SQL_CHECKSUM_SIZE] = "";
    int64_t number = 0, version = 0;
    int more;
    json_clear(&db->json);
    json_text_member(&db->json, "{\"part\":", db->store->part->name);
    json_raw(&db->json, "}");
    if (odbc_run(db, db->store->dialect->schema_read, ODBC_READS, doing, err) < 0) {
        if (!odbc_is_missing(db) || db->in_transaction)
            return -1;
        *version_out = 0;
        return 0;
    }
    while ((more = odbc_fetch(db, doing, err)) > 0) {
        SQLLEN got = 0;
        if (odbc_number(db, 1, &number, doing, err) < 0)
            return -1;
        if (!SQL_SUCCEEDED(SQLGetData(db->running, 2, SQL_C_CHAR, checksum, sizeof checksum, &got)))
            return odbc_fail(db, SQL_HANDLE_STMT, db->running, ODBC_READS, doing, err);
        if (check_one(db, number, checksum, err) < 0)
            return -1;
        version = number > version ? number : version;
    }
    if (more < 0)
        return -1;
    *version_out = version;
    return 0;
}

/* The parameter that notes a step. */
static void put_done(struct odbc_json *json, const struct odbc_part *part, int64_t number)
{
    char checksum[SQL_CHECKSUM_SIZE];
    sql_checksum(part->migrations[number - 1], checksum);
    json_clear(json);
    json_text_member(json, "{\"part\":", part->name);
    json_number_member(json, ",\"number\":", number);
    json_text_member(json, ",\"checksum\":", checksum);
    json_raw(json, "}");
}

static int note_done(struct odbc *db, int64_t number, struct sp_error *err)
{
    put_done(&db->json, db->store->part, number);
    return odbc_do(db, db->store->dialect->schema_written, ODBC_READS, NULL, doing, err);
}

static int execute(struct odbc *db, const char *sql, struct sp_error *err)
{
    return odbc_do(db, sql, ODBC_READS, NULL, doing, err);
}

static int take_over(struct odbc *db, bool asked, struct sp_error *err)
{
    bool due;
    if (takeover_is_due(db, &due, err) < 0)
        return -1;
    if (!due)
        return 0;
    return asked ? takeover_apply(db, err) : takeover_refuse(db, err);
}

/* In a transaction, and alone in it: somebody else may have been faster.  `asked`: by a person. */
static int apply(struct odbc *db, bool asked, struct sp_error *err)
{
    const struct odbc_part *part = db->store->part, *shared = db->store->dialect->shared;
    int64_t version = 0;
    if (execute(db, db->store->dialect->lock, err) < 0)
        return -1;
    for (size_t i = 0; i < shared->migration_count; i++) {
        if (execute(db, shared->migrations[i], err) < 0)
            return -1;
    }
    if (read_version(db, &version, err) < 0 || (version == 0 && take_over(db, asked, err) < 0))
        return -1;
    while (version < (int64_t)part->migration_count) {
        if (execute(db, part->migrations[version], err) < 0 || note_done(db, ++version, err) < 0)
            return -1;
    }
    return 0;
}

static int bring_up(struct odbc *db, int64_t version, bool asked, struct sp_error *err)
{
    if (version == (int64_t)db->store->part->migration_count)
        return 0;
    if (odbc_begin(db, doing, err) < 0 || apply(db, asked, err) < 0)
        return -1;
    return odbc_commit(db, doing, err);
}

int odbc_migrate(struct odbc *db, struct sp_error *err)
{
    int64_t version = 0;
    return read_version(db, &version, err) < 0 ? -1 : bring_up(db, version, false, err);
}

/* A statement as people read it, its parameter written out: that is JSON of ours, without a quote in it. */
static const char *add_statement(struct sp_arena *arena, const char *plan, const char *sql, const char *json,
                                 const char *end)
{
    const char *text = sql_break_lines(arena, sql), *mark = strchr(text, '?');
    if (!mark)
        return sp_arena_printf(arena, "%s%s%s", plan, text, end);
    return sp_arena_printf(arena, "%s%.*s'%s'%s%s", plan, (int)(mark - text), text, json, mark + 1, end);
}

/* All that is done from `version` on, so that whoever runs it by hand has done the same. */
static const char *plan_text(struct odbc *db, int64_t version, bool takes_over, struct sp_arena *arena)
{
    const struct odbc_part *part = db->store->part, *shared = db->store->dialect->shared;
    const struct odbc_part *takeover = db->store->dialect->takeover;
    const char *plan = "", *end = db->store->dialect->step_end;
    if (version == (int64_t)part->migration_count)
        return plan;
    for (size_t i = 0; i < shared->migration_count; i++)
        plan = add_statement(arena, plan, shared->migrations[i], NULL, end);
    for (size_t i = 0; takes_over && i < takeover->migration_count; i++)
        plan = add_statement(arena, plan, takeover->migrations[i], takeover_parameter(db), end);
    for (; version < (int64_t)part->migration_count; version++) {
        plan = add_statement(arena, plan, part->migrations[version], NULL, end);
        put_done(&db->json, part, version + 1);
        plan = add_statement(arena, plan, db->store->dialect->schema_written, db->json.data, end);
    }
    return plan;
}

int odbc_store_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                       int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    int64_t version = 0;
    bool takes_over = false;
    int rc = odbc_enter(db, deadline, err);
    if (rc == 0)
        rc = read_version(db, &version, err);
    if (rc == 0 && version == 0)
        rc = takeover_is_due(db, &takes_over, err);
    if (rc == 0 && mode == SP_MIGRATE_APPLY)
        rc = bring_up(db, version, true, err);
    if (rc == 0 && plan)
        *plan = plan_text(db, version, takes_over, arena);
    return odbc_leave(db, rc);
}
