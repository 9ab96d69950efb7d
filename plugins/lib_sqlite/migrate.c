/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include "../lib_sql/migration.h"

#include <errno.h>
#include <sql/sqlite_migrations.h>
#include <unistd.h>

/* The tables that all parts share; no version counts these, so each leaves alone what is there. */
static const char *const shared_migrations[] = {SHARED_MIGRATIONS};

static const char doing[] = "making the tables";

static const char version_query[] = "SELECT Version FROM ScanpipeSchema WHERE Part = ?";
static const char version_update[] = "INSERT OR REPLACE INTO ScanpipeSchema VALUES (?, ?)";
static const char checksum_query[] = "SELECT Number, Checksum FROM ScanpipeMigrations WHERE Part = ?";

/* 0 where the file has nothing of the part yet. */
static int read_version(const struct lite_part *part, sqlite3 *file, int64_t *version_out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(file, version_query, -1, &statement, NULL);
    if (rc == SQLITE_ERROR) { /* no such table: a new file */
        *version_out = 0;
        return SQLITE_OK;
    }
    if (rc == SQLITE_OK) {
        lite_bind_text(statement, 1, part->name);
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
            *version_out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
            rc = SQLITE_OK;
        }
    }
    sqlite3_finalize(statement);
    return rc;
}

static int write_version(const struct lite_part *part, sqlite3 *file, int64_t version)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(file, version_update, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        lite_bind_text(statement, 1, part->name);
        sqlite3_bind_int64(statement, 2, version);
        rc = lite_run(statement);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* The statement that notes that a step has run, for sqlite3_free(); NULL: no memory. */
static char *note_of(const struct lite_part *part, int64_t number)
{
    char checksum[SQL_CHECKSUM_SIZE];
    sql_checksum(part->migrations[number - 1], checksum);
    return sqlite3_mprintf("INSERT OR REPLACE INTO ScanpipeMigrations VALUES (%Q, %lld, %Q,"
                           " CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))",
                           part->name, (long long)number, checksum);
}

static int execute(sqlite3 *file, const char *sql)
{
    return sqlite3_exec(file, sql, NULL, NULL, NULL);
}

static int run_step(const struct lite_part *part, sqlite3 *file, int64_t number)
{
    char *note = note_of(part, number);
    int rc = note ? execute(file, part->migrations[number - 1]) : SQLITE_NOMEM;
    if (rc == SQLITE_OK)
        rc = execute(file, note);
    sqlite3_free(note);
    return rc;
}

int lite_make_shared(sqlite3 *file)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof shared_migrations / sizeof *shared_migrations; i++)
        rc = execute(file, shared_migrations[i]);
    return rc;
}

int lite_make_part(const struct lite_part *part, sqlite3 *file, int64_t wanted)
{
    int64_t version = 0;
    int rc = read_version(part, file, &version); /* somebody else may have been faster */
    for (; rc == SQLITE_OK && version < wanted; version++)
        rc = run_step(part, file, version + 1);
    return rc == SQLITE_OK ? write_version(part, file, version) : rc;
}

/* Whether what ran in this file under the number is the text that we have. */
static bool is_known(const struct lite_part *part, int64_t number, const char *checksum)
{
    char known[SQL_CHECKSUM_SIZE];
    if (number < 1 || number > (int64_t)part->migration_count)
        return true;
    sql_checksum(part->migrations[number - 1], known);
    return checksum && strcmp(known, checksum) == 0;
}

/* The first step that ran here with another text; 0: there is none, or the file has no checksums. */
static int64_t find_changed(const struct lite *db, sqlite3 *file)
{
    sqlite3_stmt *statement = NULL;
    int64_t changed = 0;
    if (sqlite3_prepare_v2(file, checksum_query, -1, &statement, NULL) == SQLITE_OK)
        lite_bind_text(statement, 1, db->store->part->name);
    while (statement && changed == 0 && sqlite3_step(statement) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(statement, 0);
        if (!is_known(db->store->part, number, (const char *)sqlite3_column_text(statement, 1)))
            changed = number;
    }
    sqlite3_finalize(statement);
    return changed;
}

/* Opened for reading only, so that nothing is made, not even the kind of log changed.  But what may not be
 * written is left for the call to tell: SQLite makes a -shm that is as read-only as the file, and leaves it.
 */
bool lite_is_made(struct lite *db)
{
    const char *path = db->store->config->path;
    int64_t version = 1;
    sqlite3 *file = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT && lite_why_not_opened(path, 0) == 0)
        return false;
    if (db->store->part->migration_count == 0)
        return true;
    if (access(path, W_OK) != 0)
        return true;
    if (sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        read_version(db->store->part, file, &version) != SQLITE_OK)
        version = 1;
    sqlite3_close(file);
    return version > 0;
}

/* Can this program go on from there? */
static int check_version(const struct lite *db, sqlite3 *file, int64_t version, struct sp_error *err)
{
    const struct lite_part *part = db->store->part;
    int64_t changed = find_changed(db, file);
    if (version > (int64_t)part->migration_count) {
        sp_fail(err, SP_REFUSED, "%s: its %s was made by a newer scanpipe (version %lld, known is %zu)",
                db->store->config->path, part->name, (long long)version, part->migration_count);
        return sp_fail_cure(err, "run the newer scanpipe, or let `path` name another file");
    }
    if (changed == 0)
        return 0;
    sp_fail(err, SP_REFUSED,
            "%s: step %lld of its tables of %s was made by another text than this program has",
            db->store->config->path, (long long)changed, part->name);
    return sp_fail_cure(err, "run the scanpipe that made them, or one that was released after it");
}

int lite_migrate(struct lite *db, struct sp_error *err)
{
    const struct lite_part *part = db->store->part;
    int64_t version = 0;
    if (part->migration_count == 0)
        return 0;
    int rc = read_version(db->store->part, db->file, &version);
    if (rc != SQLITE_OK)
        return lite_fail(db, rc, doing, err);
    if (check_version(db, db->file, version, err) < 0)
        return -1;
    if (version == (int64_t)part->migration_count)
        return 0;
    if (lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    rc = lite_make_shared(db->file);
    if (rc == SQLITE_OK)
        rc = lite_make_part(part, db->file, (int64_t)part->migration_count);
    return rc == SQLITE_OK ? lite_commit(db, doing, err) : lite_fail(db, rc, doing, err);
}

/* All that is done from `version` on. */
static const char *plan_text(const struct lite_part *part, int64_t version, struct sp_arena *arena)
{
    const char *plan = "";
    if (version == (int64_t)part->migration_count)
        return plan;
    for (size_t i = 0; i < sizeof shared_migrations / sizeof *shared_migrations; i++)
        plan = sp_arena_printf(arena, "%s%s\n", plan, sql_break_lines(arena, shared_migrations[i]));
    for (; version < (int64_t)part->migration_count; version++) {
        char *note = note_of(part, version + 1);
        plan = sp_arena_printf(arena, "%s%s\n%s;\n", plan, sql_break_lines(arena, part->migrations[version]),
                               note ? note : "");
        sqlite3_free(note);
    }
    return sp_arena_printf(arena, "%sINSERT OR REPLACE INTO ScanpipeSchema VALUES ('%s', %lld);\n", plan,
                           part->name, (long long)version);
}

/* Opens nothing that is not there, and leaves what is there as it is. */
static int look(struct lite *db, int64_t *version_out, struct sp_error *err)
{
    const char *path = db->store->config->path;
    sqlite3 *file = NULL;
    int rc = SQLITE_OK, checked = 0;
    *version_out = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (access(path, W_OK) != 0)
        rc = SQLITE_READONLY; /* see lite_is_made() */
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             NULL);
    if (rc == SQLITE_OK)
        rc = read_version(db->store->part, file, version_out);
    if (rc == SQLITE_OK)
        checked = check_version(db, file, *version_out, err);
    else
        checked = lite_fail(db, rc, "looking at the tables", err);
    sqlite3_close(file);
    return checked;
}

int lite_migrate_store(struct lite *db, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                       int64_t deadline, struct sp_error *err)
{
    int64_t version;
    if (look(db, &version, err) < 0 || (mode == SP_MIGRATE_APPLY && lite_enter(db, deadline, err) < 0))
        return -1;
    if (plan)
        *plan = plan_text(db->store->part, version, arena);
    return 0;
}
