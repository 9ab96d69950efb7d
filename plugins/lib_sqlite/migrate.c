/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include <errno.h>
#include <sql/sqlite_migrations.h>
#include <unistd.h>

/* The tables that all parts share; no version counts these, so each leaves alone what is there. */
static const char *const shared_migrations[] = {SHARED_MIGRATIONS};

static const char version_query[] = "SELECT Version FROM ScanpipeSchema WHERE Part = ?";
static const char version_update[] = "INSERT OR REPLACE INTO ScanpipeSchema VALUES (?, ?)";

/* 0 where the file has nothing of the part yet. */
static int read_version(const struct lite *db, sqlite3 *file, int64_t *version_out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(file, version_query, -1, &statement, NULL);
    if (rc == SQLITE_ERROR) { /* no such table: a new file */
        *version_out = 0;
        return SQLITE_OK;
    }
    if (rc == SQLITE_OK) {
        lite_bind_text(statement, 1, db->store->part->name);
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
            *version_out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
            rc = SQLITE_OK;
        }
    }
    sqlite3_finalize(statement);
    return rc;
}

static int write_version(struct lite *db, int64_t version)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->file, version_update, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        lite_bind_text(statement, 1, db->store->part->name);
        sqlite3_bind_int64(statement, 2, version);
        rc = lite_run(statement);
    }
    sqlite3_finalize(statement);
    return rc;
}

static int apply_shared(struct lite *db)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof shared_migrations / sizeof *shared_migrations; i++)
        rc = lite_execute(db, shared_migrations[i]);
    return rc;
}

/* Inside a transaction: somebody else may have been faster. */
static int apply(struct lite *db)
{
    const struct lite_part *part = db->store->part;
    int64_t version = 0;
    int rc = apply_shared(db);
    if (rc == SQLITE_OK)
        rc = read_version(db, db->file, &version);
    for (; rc == SQLITE_OK && version < (int64_t)part->migration_count; version++)
        rc = lite_execute(db, part->migrations[version]);
    return rc == SQLITE_OK ? write_version(db, version) : rc;
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
        read_version(db, file, &version) != SQLITE_OK)
        version = 1;
    sqlite3_close(file);
    return version > 0;
}

int lite_migrate(struct lite *db, struct sp_error *err)
{
    static const char doing[] = "making the tables";
    const struct lite_part *part = db->store->part;
    int64_t version = 0;
    if (part->migration_count == 0)
        return 0;
    int rc = read_version(db, db->file, &version);
    if (rc != SQLITE_OK)
        return lite_fail(db, rc, doing, err);
    if (version > (int64_t)part->migration_count) {
        sp_fail(err, SP_REFUSED, "%s: its %s was made by a newer scanpipe (version %lld, known is %zu)",
                db->store->config->path, part->name, (long long)version, part->migration_count);
        return sp_fail_cure(err, "run the newer scanpipe, or let `path` name another file");
    }
    if (version == (int64_t)part->migration_count)
        return 0;
    if (lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    rc = apply(db);
    return rc == SQLITE_OK ? lite_commit(db, doing, err) : lite_fail(db, rc, doing, err);
}
