/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQLITE_CARE_H
#define QUEUE_SQLITE_CARE_H

/*
 * What people do with the queue's file: check, salvage, repair.  The file is read either through SQLite or
 * as it lies on the disk (rescue.h), never both at once: closing a descriptor of a file gives up the locks
 * that SQLite has on it in the same process.
 */

#include "queue_sqlite.h"
#include "rescue.h"

/* ---- look.c: through SQLite, without writing */

/* A connection that only reads; *out is to be closed with sqlite3_close() also where it fails. */
int look_open(struct queue_handle *handle, const char *path, sqlite3 **out) SP_MUST_CHECK;
/* Fills err, as lite_explain() does. */
int look_fail(const struct queue_handle *handle, sqlite3 *file, int rc, const char *doing,
              struct sp_error *err);
/* The first value that a query answers; `otherwise` where it answers nothing or fails, *rc_out says which. */
int64_t look_number(sqlite3 *file, const char *sql, int64_t otherwise, int *rc_out);
/* Whether the code says that the file is damaged; any other failure may pass. */
bool look_is_damage(int rc);

/* ---- check.c */

struct findings {
    struct sp_arena *arena;
    struct sp_finding *items;
    size_t count, capacity;
    bool damaged;
};

void findings_add(struct findings *findings, enum sp_level level, const char *format, ...) SP_PRINTF(3, 4);

/* What a queue holds that can be read. */
struct content {
    uint64_t messages, events, doubtful;
    bool absent; /* there is no file */
};

/* What SQLite and our own rules find wrong with a database, and what it holds. */
int check_database(struct queue_handle *handle, const char *path, bool full, struct findings *findings,
                   struct content *content, struct sp_error *err) SP_MUST_CHECK;

/* Everything that is wrong with the queue's file, and what it holds. */
int check_file(struct queue_handle *handle, bool full, struct findings *findings, struct content *content,
               struct sp_error *err) SP_MUST_CHECK;

/* A call begins. */
void care_begin(struct queue_handle *handle, int64_t deadline);
/* Has interrupt() come, or the deadline passed?  Then fails the call. */
int care_go_on(const struct queue_handle *handle, struct sp_error *err) SP_MUST_CHECK;

/* ---- salvage.c */

/* Where salvage() stands; kept by the handle between its calls. */
struct salvage;
void salvage_free(struct salvage *salvage);

/* Whether a row of QueueMessages is a message as it was sent; *why_out says what is wrong, else NULL. */
enum sp_salvage salvage_judge(const struct rescue_row *row, const char **why_out);
bool salvage_attributes_are_good(const struct rescue_row *row);

/* How many messages of a database are not as they were sent; *stuck_out: of how many the attributes cannot be
 * read, which stops who receives them.  SQLite's code. */
int salvage_count_doubtful(sqlite3 *file, uint64_t *count_out, uint64_t *stuck_out) SP_MUST_CHECK;

/* Messages that were met. */
struct seen {
    uint64_t *slots; /* heap; 0: free */
    size_t count, capacity;
};
/* False where it was there already. */
bool seen_add(struct seen *seen, int64_t id, struct sp_slice body);
void seen_fini(struct seen *seen);

/* ---- rebuild.c */

struct rebuilt {
    uint64_t messages, doubtful, lost; /* lost: rows of messages, beside pages that cannot be read */
    uint64_t letters;
    uint64_t rows, rows_lost; /* of all other tables, and of the letters */
    uint32_t unplaced_pages;  /* of which it is not known what they hold */
    bool pages_lost;          /* of messages */
    bool state_lost;          /* a record of a pipeline may be missing, and its cursor with it */
};

/* Adds all that the queue's file still holds to the database at `path`, and makes that where it is not there;
 * NULL: only counts.  All or nothing. */
int rebuild(struct queue_handle *handle, const char *path, struct rebuilt *out,
            struct sp_error *err) SP_MUST_CHECK;

/* Operations of struct sp_queue_ops. */
int queue_look(void *handle, bool full, struct sp_arena *arena, struct sp_queue_health *health,
               int64_t deadline, struct sp_error *err);
int queue_salvage(void *handle, struct sp_slice after, size_t max, struct sp_arena *arena,
                  const struct sp_salvaged **messages, size_t *count, struct sp_slice *next_out,
                  int64_t deadline, struct sp_error *err);
int queue_repair(void *handle, bool apply, struct sp_arena *arena, struct sp_queue_repair *repair,
                 int64_t deadline, struct sp_error *err);

#endif
