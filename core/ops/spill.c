/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/spill.h"

#include "base/mem.h"

#ifdef WITH_SQLITE

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SHELVES_MOST = 8 };

/* One transaction from the first to the last: nothing is ever committed, rolled back or synced.  Pages that
 * the cache has no room for go to the file. */
static const char setup[] = "PRAGMA page_size = 8192; PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF;"
                            "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";

struct shelf {
    sqlite3_stmt *put, *get, *remove, *scan;
};

struct spill {
    sqlite3 *file;
    char path[PATH_MAX];
    unsigned count;
    struct shelf shelves[SHELVES_MOST];
};

static int fail(const struct spill *spill, int rc, struct sp_error *err)
{
    int system_error = spill->file ? sqlite3_system_errno(spill->file) : 0;
    sp_fail(err, SP_UNAVAILABLE, "the temporary file %s: %s%s%s", spill->path, sqlite3_errstr(rc),
            system_error ? ": " : "", system_error ? strerror(system_error) : "");
    return sp_fail_cure(err, "set TMPDIR to a folder with more room");
}

static int make_file(struct spill *spill, struct sp_error *err)
{
    const char *folder = getenv("TMPDIR");
    snprintf(spill->path, sizeof spill->path, "%s/scanpipe-XXXXXX", folder && *folder ? folder : "/tmp");
    int file = mkstemp(spill->path);
    if (file < 0) {
        sp_fail(err, SP_UNAVAILABLE, "cannot make the temporary file %s: %s", spill->path, strerror(errno));
        return sp_fail_cure(err, "set TMPDIR to a folder that this user may write");
    }
    close(file);
    return 0;
}

static int prepare(struct spill *spill, const char *format, unsigned shelf, sqlite3_stmt **out)
{
    char sql[160];
    snprintf(sql, sizeof sql, format, shelf);
    return sqlite3_prepare_v3(spill->file, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

static int make_shelf(struct spill *spill, unsigned number)
{
    struct shelf *shelf = &spill->shelves[number];
    char sql[160];
    snprintf(sql, sizeof sql, "CREATE TABLE Shelf%u (Key BLOB PRIMARY KEY, Value BLOB) WITHOUT ROWID",
             number);
    int rc = sqlite3_exec(spill->file, sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = prepare(spill, "INSERT OR REPLACE INTO Shelf%u VALUES (?, ?)", number, &shelf->put);
    if (rc == SQLITE_OK)
        rc = prepare(spill, "SELECT Value FROM Shelf%u WHERE Key = ?", number, &shelf->get);
    if (rc == SQLITE_OK)
        rc = prepare(spill, "DELETE FROM Shelf%u WHERE Key = ?", number, &shelf->remove);
    if (rc == SQLITE_OK)
        rc = prepare(spill, "SELECT Key, Value FROM Shelf%u WHERE Key > ? ORDER BY Key LIMIT ?", number,
                     &shelf->scan);
    return rc;
}

static int set_up(struct spill *spill, unsigned shelves)
{
    int rc = sqlite3_open_v2(spill->path, &spill->file,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(spill->file, setup, NULL, NULL, NULL);
    for (unsigned i = 0; i < shelves && rc == SQLITE_OK; i++)
        rc = make_shelf(spill, i);
    return rc;
}

bool spill_is_built(void)
{
    return true;
}

int spill_open(unsigned shelves, struct spill **out, struct sp_error *err)
{
    struct spill *spill = mem_zalloc(sizeof *spill);
    spill->count = shelves < SHELVES_MOST ? shelves : SHELVES_MOST;
    if (make_file(spill, err) != 0) {
        free(spill);
        return -1;
    }
    int rc = set_up(spill, spill->count);
    unlink(spill->path);
    if (rc != SQLITE_OK) {
        fail(spill, rc, err);
        spill_close(spill);
        return -1;
    }
    *out = spill;
    return 0;
}

void spill_close(struct spill *spill)
{
    if (!spill)
        return;
    /* Without memory there may be no file, and next_stmt() takes none. */
    for (sqlite3_stmt *one; spill->file && (one = sqlite3_next_stmt(spill->file, NULL));)
        sqlite3_finalize(one);
    sqlite3_close(spill->file);
    free(spill);
}

/* No bytes are not NULL. */
static void bind(sqlite3_stmt *statement, int index, struct sp_slice bytes)
{
    sqlite3_bind_blob64(statement, index, bytes.size ? bytes.data : "", bytes.size, SQLITE_STATIC);
}

static struct sp_slice column(sqlite3_stmt *statement, int index, struct sp_arena *arena)
{
    const char *data = sqlite3_column_blob(statement, index);
    return sp_arena_copy(arena, (struct sp_slice){data, (size_t)sqlite3_column_bytes(statement, index)});
}

static int run(struct spill *spill, sqlite3_stmt *statement, struct sp_error *err)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? 0 : fail(spill, rc, err);
}

int spill_put(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_slice value,
              struct sp_error *err)
{
    sqlite3_stmt *put = spill->shelves[shelf].put;
    bind(put, 1, key);
    bind(put, 2, value);
    return run(spill, put, err);
}

int spill_remove(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_error *err)
{
    bind(spill->shelves[shelf].remove, 1, key);
    return run(spill, spill->shelves[shelf].remove, err);
}

int spill_get(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_arena *arena,
              bool *found_out, struct sp_slice *value_out, struct sp_error *err)
{
    sqlite3_stmt *get = spill->shelves[shelf].get;
    bind(get, 1, key);
    int rc = sqlite3_step(get);
    if (rc == SQLITE_ROW && value_out)
        *value_out = column(get, 0, arena);
    sqlite3_reset(get);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return fail(spill, rc, err);
    *found_out = rc == SQLITE_ROW;
    return 0;
}

int spill_scan(struct spill *spill, unsigned shelf, struct sp_slice after, size_t max, struct sp_arena *arena,
               const struct spill_entry **entries_out, size_t *count_out, struct sp_error *err)
{
    sqlite3_stmt *scan = spill->shelves[shelf].scan;
    struct spill_entry *entries = sp_arena_alloc(arena, max * sizeof *entries);
    size_t count = 0;
    int rc = SQLITE_DONE;
    bind(scan, 1, after);
    sqlite3_bind_int64(scan, 2, (int64_t)max);
    while (count < max && (rc = sqlite3_step(scan)) == SQLITE_ROW)
        entries[count++] = (struct spill_entry){column(scan, 0, arena), column(scan, 1, arena)};
    sqlite3_reset(scan);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return fail(spill, rc, err);
    *entries_out = entries;
    *count_out = count;
    return 0;
}

#else

bool spill_is_built(void)
{
    return false;
}

int spill_open(unsigned shelves, struct spill **out, struct sp_error *err)
{
    (void)shelves;
    (void)out;
    return sp_fail(err, SP_UNAVAILABLE, "this scanpipe was built without SQLite");
}

void spill_close(struct spill *spill)
{
    (void)spill;
}

/* Nobody has a spill to call these with. */
int spill_put(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_slice value,
              struct sp_error *err)
{
    (void)shelf;
    (void)key;
    (void)value;
    return spill_open(0, &spill, err);
}

int spill_remove(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_error *err)
{
    return spill_put(spill, shelf, key, key, err);
}

int spill_get(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_arena *arena,
              bool *found_out, struct sp_slice *value_out, struct sp_error *err)
{
    (void)arena;
    (void)found_out;
    (void)value_out;
    return spill_put(spill, shelf, key, key, err);
}

int spill_scan(struct spill *spill, unsigned shelf, struct sp_slice after, size_t max, struct sp_arena *arena,
               const struct spill_entry **entries_out, size_t *count_out, struct sp_error *err)
{
    (void)max;
    (void)arena;
    (void)entries_out;
    (void)count_out;
    return spill_put(spill, shelf, after, after, err);
}

#endif
