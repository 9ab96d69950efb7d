/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_SQLITE_LITE_H
#define LIB_SQLITE_LITE_H

/*
 * What queue_sqlite and sink_sqlite share: files, connections, transactions, failures, and the two
 * small stores that both offer.
 *
 * A store is a stage's file; a connection is a handle's, used by one thread.  A call of the core goes
 *
 *     lite_enter     once, first: opens the file where it is not open
 *     lite_begin     takes the process's turn to write, then the file's
 *     lite_run ...   statements; any failure ends the call by `return lite_fail(...)`
 *     lite_commit
 *
 * lite_fail() leaves no transaction, no busy statement and no lock behind, so the handle is usable
 * again whatever happened.
 */

#include <scanpipe/plugin.h>

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum lite_synchronous { LITE_FULL, LITE_NORMAL };

/* The options that every store has; the first field of each configuration. */
struct lite_config {
    const char *path;
    int32_t synchronous; /* enum lite_synchronous */
    int64_t cache;
};

extern const char *const lite_synchronous_names[];

/* The three entries of an option table for a configuration whose field `lite` is a struct lite_config. */
#define LITE_OPTIONS(config_type, cache_text)                                                                \
    {.name = "path",                                                                                         \
     .type = SP_OPT_STRING,                                                                                  \
     .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,                                                                \
     .offset = offsetof(config_type, lite.path),                                                             \
     .doc = "The database file; made where it is not there"},                                                \
        {.name = "synchronous",                                                                              \
         .type = SP_OPT_ENUM,                                                                                \
         .offset = offsetof(config_type, lite.synchronous),                                                  \
         .default_text = "full",                                                                             \
         .choices = lite_synchronous_names,                                                                  \
         .doc = "What a commit survives: full, a power cut too; normal, a crash of the process"},            \
    {                                                                                                        \
        .name = "cache", .type = SP_OPT_SIZE, .offset = offsetof(config_type, lite.cache),                   \
        .default_text = cache_text, .min = 64 * 1024, .max = INT64_C(1) << 34,                               \
        .doc = "Memory for pages of each connection, one a worker"                                           \
    }

/* What is wrong with `path`; for the `check` hook. */
void lite_check(const struct lite_config *config, struct sp_check *check);

/* What a kind of store keeps in the file, and how it speaks to it. */
struct lite_part {
    const char *name;              /* "queue", "state", "letters" */
    const char *const *migrations; /* numbered from 1; each is run once a file, in a transaction */
    size_t migration_count;
    const char *const *statements; /* prepared when the file is opened */
    size_t statement_count;
    int (*opened)(sqlite3 *file); /* adds SQL functions to a new connection; SQLite's code; may be NULL */
};

/* Bytes a page in files that are made here: blobs like larger ones, small random updates smaller ones. */
#define LITE_PAGE_SIZE 8192

struct lite_store {
    const struct lite_config *config;
    const struct sp_stage *stage;
    const struct lite_part *part;
    pthread_mutex_t turn;    /* guards `taken`: one writer a process, since waiting here is cheaper than */
    pthread_cond_t given_up; /* SQLite's polling */
    bool taken;
};

void lite_store_init(struct lite_store *store, const struct lite_config *config, const struct sp_stage *stage,
                     const struct lite_part *part);
void lite_store_fini(struct lite_store *store);

#define LITE_STATEMENTS 16

struct lite {
    struct lite_store *store;
    sqlite3 *file; /* NULL: not open */
    sqlite3_stmt *statements[LITE_STATEMENTS];
    int64_t deadline;    /* of the call under way */
    int64_t patience;    /* until when a lock of another process is waited for */
    bool writing;        /* it is this connection's turn */
    bool relaxed;        /* commits do not wait for the disk now */
    int log_pages;       /* in the log after the last commit */
    int next_checkpoint; /* pages at which to try again */
    atomic_bool interrupted;
    pthread_mutex_t opening; /* guards `file` against lite_interrupt() */
};

void lite_init(struct lite *db, struct lite_store *store);
void lite_fini(struct lite *db); /* the core calls it between calls: never with a transaction */

/* From any thread. */
void lite_interrupt(struct lite *db);

/* Starts a call. */
int lite_enter(struct lite *db, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/*
 * Starts a call that only looks, and makes no file and no tables: *there_out false says that the part has
 * nothing there yet, and the call is over.
 */
int lite_look(struct lite *db, int64_t deadline, bool *there_out, struct sp_error *err) SP_MUST_CHECK;

/* Has interrupt() come, or the deadline passed?  Then fails the call.  For loops of short statements. */
int lite_go_on(struct lite *db, const char *doing, struct sp_error *err) SP_MUST_CHECK;

enum lite_durability {
    LITE_DURABLE, /* as the option `synchronous` says */
    LITE_RELAXED, /* survives a crash of the process; a power cut may undo it */
};
int lite_begin(struct lite *db, enum lite_durability durability, struct sp_error *err) SP_MUST_CHECK;
int lite_commit(struct lite *db, const char *doing, struct sp_error *err) SP_MUST_CHECK;
void lite_rollback(struct lite *db);

/*
 * Ends the call after SQLite's code `rc`: rolls back, resets every statement, gives up the turn, closes
 * the file where only opening it again can help, and says what happened while `doing`
 * ("storing messages").  Returns -1.
 */
int lite_fail(struct lite *db, int rc, const char *doing, struct sp_error *err);

/* Why a file cannot be opened to be written: an errno, else `told`.  SQLite tries to open what it may
 * not write once more for reading, and then tells that failure. */
int lite_why_not_opened(const char *path, int told);

/* Fills err from a code, no more. */
void lite_explain(const struct lite *db, int rc, const char *doing, struct sp_error *err);

/* The class of a code, for callers that answer entry by entry. */
enum sp_class lite_class(int rc);

/* Steps a statement that returns no rows (or whose rows do not matter) to its end; ready for the next use. */
int lite_run(sqlite3_stmt *statement) SP_MUST_CHECK;
/* Makes it ready for the next use. */
void lite_reset(sqlite3_stmt *statement);

/* Executes text; SQLite's code. */
int lite_execute(struct lite *db, const char *sql) SP_MUST_CHECK;

/* Whether the file has, or may have, the tables of store->part; true where that cannot be told. */
bool lite_is_made(struct lite *db);

/* Brings the tables of store->part up to date. */
int lite_migrate(struct lite *db, struct sp_error *err) SP_MUST_CHECK;
/* For a description's migrate(). */
int lite_migrate_store(struct lite *db, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                       int64_t deadline, struct sp_error *err) SP_MUST_CHECK;
/* In a transaction: make the tables that all parts share, and then a part's, up to its migration number
 * `wanted`.  What is there stays.  SQLite's code. */
int lite_make_shared(sqlite3 *file) SP_MUST_CHECK;
int lite_make_part(const struct lite_part *part, sqlite3 *file, int64_t wanted) SP_MUST_CHECK;

/* The next value of a counter that never goes back; inside a transaction.  SQLite's code. */
int lite_count(sqlite3_stmt *counter, int64_t *value_out) SP_MUST_CHECK;
#define LITE_COUNT(name)                                                                                     \
    "UPDATE ScanpipeCounters SET Value = Value + 1 WHERE Name = '" name "' RETURNING Value"

/* Texts that may be NULL. */
void lite_bind_text(sqlite3_stmt *statement, int index, const char *text);
const char *lite_column_text(sqlite3_stmt *statement, int index, struct sp_arena *arena);
struct sp_slice lite_column_slice(sqlite3_stmt *statement, int index, struct sp_arena *arena);

/* The wait of a poll number `tries`: 0.1 ms growing to 5 ms, jittered, not past `until`. */
void lite_pause(unsigned tries, int64_t until);

/* The lifecycle of stages whose `loaded` is a struct lite_store and whose handle is a struct lite. */
int lite_simple_load(const struct lite_part *part, const struct lite_config *config,
                     const struct sp_stage *stage, void **loaded, struct sp_error *err);
void lite_simple_unload(void *loaded);
int lite_simple_open(void *loaded, void **handle, struct sp_error *err);
void lite_simple_close(void *handle);
int lite_simple_probe(void *handle, int64_t deadline, struct sp_error *err);
void lite_simple_interrupt(void *handle);
int lite_simple_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                        int64_t deadline, struct sp_error *err);

/* Finds out whether the file may be written, or made where it is not there; makes nothing itself.  Only what
 * is there is opened: db->file may be NULL afterwards. */
int lite_probe(struct lite *db, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* Descriptions that both shared objects offer, and what they keep. */
extern const struct sp_plugin lite_state_plugin, lite_letters_plugin;
extern const struct lite_part lite_state_part, lite_letters_part;

#endif
