/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The log is copied back into the file when it has grown to this, and never waits for readers before it
 * has grown to four times this. */
#define LOG_BYTES (16 * 1024 * 1024)

const char *const lite_synchronous_names[] = {"full", "normal", NULL};

void lite_check(const struct lite_config *config, struct sp_check *check)
{
    const char *path = config->path;
    if (!path)
        return;
    if (!*path)
        sp_check_fail(check, "path", "is empty; name a file");
    else if (strcmp(path, ":memory:") == 0)
        sp_check_fail(check, "path", "must name a file: a database in memory is not shared by workers");
    else if (strncmp(path, "file:", 5) == 0)
        sp_check_fail(check, "path", "must be a path, not a URI");
}

void lite_store_init(struct lite_store *store, const struct lite_config *config, const struct sp_stage *stage,
                     const struct lite_part *part)
{
    /* Counting memory takes a lock at each allocation.  Does nothing where SQLite is in use already. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    *store = (struct lite_store){.config = config, .stage = stage, .part = part};
    pthread_mutex_init(&store->turn, NULL);
    pthread_cond_init(&store->given_up, NULL);
}

void lite_store_fini(struct lite_store *store)
{
    pthread_cond_destroy(&store->given_up);
    pthread_mutex_destroy(&store->turn);
}

void lite_init(struct lite *db, struct lite_store *store)
{
    *db = (struct lite){.store = store};
    pthread_mutex_init(&db->opening, NULL);
}

static void close_file(struct lite *db)
{
    pthread_mutex_lock(&db->opening);
    sqlite3 *file = db->file;
    db->file = NULL;
    pthread_mutex_unlock(&db->opening);
    if (!file)
        return;
    for (sqlite3_stmt *one; (one = sqlite3_next_stmt(file, NULL));)
        sqlite3_finalize(one);
    memset(db->statements, 0, sizeof db->statements);
    sqlite3_close(file);
}

void lite_fini(struct lite *db)
{
    close_file(db);
    pthread_mutex_destroy(&db->opening);
}

void lite_interrupt(struct lite *db)
{
    atomic_store(&db->interrupted, true);
    pthread_mutex_lock(&db->opening);
    if (db->file)
        sqlite3_interrupt(db->file);
    pthread_mutex_unlock(&db->opening);
}

void lite_pause(unsigned tries, int64_t until)
{
    int64_t wait = INT64_C(100000) << (tries < 6 ? tries : 6);
    wait = wait < 5 * SP_MILLISECOND ? wait : 5 * SP_MILLISECOND;
    wait = wait / 2 + (int64_t)(sp_random() % (uint64_t)(wait / 2));
    int64_t left = until - sp_clock_now();
    wait = wait < left ? wait : left;
    if (wait > 0)
        nanosleep(&(struct timespec){.tv_nsec = wait}, NULL);
}

/* SQLite asks whether to wait on for a lock that another connection holds. */
static int wait_for_lock(void *context, int tries)
{
    struct lite *db = context;
    if (atomic_load(&db->interrupted) || sp_clock_now() >= db->patience)
        return 0;
    lite_pause((unsigned)tries, db->patience);
    return 1;
}

static int note_log_size(void *context, sqlite3 *file, const char *name, int pages)
{
    (void)file;
    (void)name;
    ((struct lite *)context)->log_pages = pages;
    return SQLITE_OK;
}

static int open_log(struct lite *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->file, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(statement, 0);
        rc = mode && strcmp(mode, "wal") == 0 ? SQLITE_OK : SQLITE_CANTOPEN;
    }
    sqlite3_finalize(statement);
    return rc;
}

static int set_up(struct lite *db)
{
    const struct lite_config *config = db->store->config;
    char text[256];
    snprintf(text, sizeof text,
             "PRAGMA page_size = %d; PRAGMA cache_size = -%lld; PRAGMA secure_delete = OFF;"
             "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = %d",
             LITE_PAGE_SIZE, (long long)(config->cache / 1024), 2 * LOG_BYTES);
    int rc = lite_execute(db, text);
    /* Two that make the same file at once meet here, where SQLite does not ask whether to wait. */
    for (unsigned tries = 0; rc == SQLITE_OK; tries++) {
        rc = open_log(db);
        if ((rc & 0xff) != SQLITE_BUSY)
            break;
        if (!wait_for_lock(db, (int)tries))
            break;
        rc = SQLITE_OK;
    }
    if (rc == SQLITE_OK)
        rc = lite_execute(db, config->synchronous == LITE_FULL ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = NORMAL");
    db->relaxed = config->synchronous != LITE_FULL;
    return rc;
}

static int prepare_all(struct lite *db)
{
    const struct lite_part *part = db->store->part;
    int rc = SQLITE_OK;
    for (size_t i = 0; i < part->statement_count && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(db->file, part->statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &db->statements[i], NULL);
    return rc;
}

/* A repair of the queue that was killed may have left what is newest in a file beside this one. */
static int refuse_half_repaired(const struct lite *db, struct sp_error *err)
{
    const char *path = db->store->config->path;
    char made[4200];
    if ((size_t)snprintf(made, sizeof made, "%s.repaired", path) >= sizeof made || access(made, F_OK) != 0)
        return 0;
    sp_fail(err, SP_REFUSED, "%s: a repair was interrupted before its end, and left %s", path, made);
    return sp_fail_cure(err, "end it: scanpipe queue repair --apply -c FILE");
}

static int open_file(struct lite *db, struct sp_error *err)
{
    sqlite3 *file = NULL;
    if (refuse_half_repaired(db, err) < 0)
        return -1;
    int rc = sqlite3_open_v2(db->store->config->path, &file,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    pthread_mutex_lock(&db->opening);
    db->file = file;
    pthread_mutex_unlock(&db->opening);
    /* SQLite opens for reading what it may not write, and then makes the files beside it as read-only as
     * that: who lets us write the file again would have to find those too. */
    if (rc == SQLITE_OK && sqlite3_db_readonly(file, "main") == 1)
        rc = SQLITE_READONLY;
    if (rc == SQLITE_OK) {
        sqlite3_busy_handler(file, wait_for_lock, db);
        sqlite3_wal_hook(file, note_log_size, db);
        db->next_checkpoint = LOG_BYTES / LITE_PAGE_SIZE;
        rc = set_up(db);
    }
    if (rc == SQLITE_OK && db->store->part->opened)
        rc = db->store->part->opened(file);
    if (rc == SQLITE_OK && lite_migrate(db, err) < 0) {
        close_file(db);
        return -1;
    }
    if (rc == SQLITE_OK)
        rc = prepare_all(db);
    if (rc == SQLITE_OK)
        return 0;
    lite_fail(db, rc, "opening the file", err);
    close_file(db);
    return -1;
}

int lite_enter(struct lite *db, int64_t deadline, struct sp_error *err)
{
    atomic_store(&db->interrupted, false);
    db->deadline = db->patience = deadline;
    return db->file ? 0 : open_file(db, err);
}

int lite_look(struct lite *db, int64_t deadline, bool *there_out, struct sp_error *err)
{
    *there_out = db->file || lite_is_made(db);
    return *there_out ? lite_enter(db, deadline, err) : 0;
}

int lite_go_on(struct lite *db, const char *doing, struct sp_error *err)
{
    if (atomic_load_explicit(&db->interrupted, memory_order_relaxed))
        return lite_fail(db, SQLITE_INTERRUPT, doing, err);
    if (sp_clock_now() < db->deadline)
        return 0;
    lite_rollback(db);
    return sp_fail(err, SP_UNAVAILABLE, "%s: %s took longer than it may", db->store->config->path, doing);
}

/* Waits for the turn in slices, so that an interrupt is seen; false: it did not come. */
static bool wait_for_turn(struct lite *db)
{
    struct lite_store *store = db->store;
    while (store->taken && !atomic_load(&db->interrupted) && sp_clock_now() < db->deadline) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += 20 * SP_MILLISECOND;
        until.tv_sec += until.tv_nsec / SP_SECOND;
        until.tv_nsec %= SP_SECOND;
        pthread_cond_clockwait(&store->given_up, &store->turn, CLOCK_MONOTONIC, &until);
    }
    return !store->taken;
}

static int take_turn(struct lite *db, struct sp_error *err)
{
    pthread_mutex_lock(&db->store->turn);
    db->writing = wait_for_turn(db);
    db->store->taken |= db->writing;
    pthread_mutex_unlock(&db->store->turn);
    return db->writing ? 0 : lite_fail(db, SQLITE_BUSY, "waiting for the turn to write", err);
}

static void give_up_turn(struct lite *db)
{
    if (!db->writing)
        return;
    db->writing = false;
    pthread_mutex_lock(&db->store->turn);
    db->store->taken = false;
    pthread_cond_signal(&db->store->given_up);
    pthread_mutex_unlock(&db->store->turn);
}

static int set_durability(struct lite *db, enum lite_durability durability)
{
    bool relaxed = durability == LITE_RELAXED || db->store->config->synchronous == LITE_NORMAL;
    if (relaxed == db->relaxed)
        return SQLITE_OK;
    db->relaxed = relaxed;
    return lite_execute(db, relaxed ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
}

int lite_begin(struct lite *db, enum lite_durability durability, struct sp_error *err)
{
    if (take_turn(db, err) < 0)
        return -1;
    /* What is written into a file that was deleted is gone when the last process closes it. */
    int moved = 0;
    sqlite3_file_control(db->file, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved) {
        give_up_turn(db);
        close_file(db);
        sp_fail(err, SP_UNAVAILABLE, "%s was moved or deleted while it was open", db->store->config->path);
        return sp_fail_cure(err, "put it back; else a new one is made");
    }
    int rc = set_durability(db, durability);
    if (rc == SQLITE_OK)
        rc = lite_execute(db, "BEGIN IMMEDIATE");
    return rc == SQLITE_OK ? 0 : lite_fail(db, rc, "beginning a transaction", err);
}

/*
 * SQLite reuses the log from its start once all of it was copied and nobody reads it.  Beyond four times
 * the bound this waits for readers, a little.  Who reads for hours makes the log grow meanwhile, and trying
 * again at each commit would cost more and more: so the next try is a bound further on.
 */
static void checkpoint(struct lite *db)
{
    int bound = LOG_BYTES / LITE_PAGE_SIZE, pages = db->log_pages;
    if (pages < bound)
        db->next_checkpoint = bound;
    if (pages < db->next_checkpoint)
        return;
    int logged = 0, copied = 0;
    db->patience = sp_clock_now() + 20 * SP_MILLISECOND;
    int mode = pages < 4 * bound ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    int rc = sqlite3_wal_checkpoint_v2(db->file, "main", mode, &logged, &copied);
    db->patience = db->deadline;
    if (rc != SQLITE_OK && rc != SQLITE_INTERRUPT && (rc & 0xff) != SQLITE_BUSY)
        sp_log(SP_WARN, "%s: copying the log into the file: %s", db->store->config->path,
               sqlite3_errmsg(db->file));
    db->next_checkpoint = rc == SQLITE_OK && logged == copied ? bound : pages + bound;
}

int lite_commit(struct lite *db, const char *doing, struct sp_error *err)
{
    int rc = lite_execute(db, "COMMIT");
    if (rc != SQLITE_OK) {
        bool uncertain = (rc & 0xff) == SQLITE_IOERR;
        lite_fail(db, rc, doing, err);
        if (uncertain)
            err->class = SP_UNCERTAIN;
        return -1;
    }
    checkpoint(db);
    give_up_turn(db);
    return 0;
}

void lite_rollback(struct lite *db)
{
    for (sqlite3_stmt *one = NULL; db->file && (one = sqlite3_next_stmt(db->file, one));)
        lite_reset(one);
    /* An interrupt may hit the rollback as any statement; closing rolls back where nothing else does. */
    for (int tries = 0; db->file && !sqlite3_get_autocommit(db->file); tries++) {
        if (tries == 10)
            close_file(db);
        else if (lite_execute(db, "ROLLBACK") != SQLITE_OK)
            continue;
    }
    give_up_turn(db);
}

/* Opened read-only, gone bad, or half broken: a new connection sees what is there by then. */
static bool must_reopen(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_NOMEM:
        return true;
    default:
        return false;
    }
}

int lite_fail(struct lite *db, int rc, const char *doing, struct sp_error *err)
{
    if (atomic_load(&db->interrupted) && (rc & 0xff) == SQLITE_BUSY)
        rc = SQLITE_INTERRUPT;
    lite_explain(db, rc, doing, err);
    lite_rollback(db);
    if (must_reopen(rc))
        close_file(db);
    return -1;
}
