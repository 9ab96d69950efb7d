/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQLITE_H
#define QUEUE_SQLITE_H

/* The parts of queue_sqlite: its tables, who holds leases, attributes, and the calls. */

#include "../lib_sqlite/lite.h"

struct queue_config {
    struct lite_config lite;
    int64_t max_size;
};

/* Who holds a lease.  `started` tells a process from its successor under the same number. */
struct holder {
    char boot[64], pid_namespace[64];
    int64_t pid, started;
};

struct queue {
    struct lite_store store;
    const struct queue_config *config;
    struct holder self;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    uint64_t changes; /* of this process: what was sent, released, or gave room */
};

struct queue_handle {
    struct lite lite;
    struct queue *queue;
    struct salvage *salvage; /* of queue_salvage(); NULL: none is under way */
};

enum queue_statement {
    QUEUE_TOTALS,
    QUEUE_SEND,
    QUEUE_PEEK,
    QUEUE_VERSION,
    QUEUE_FREE,
    QUEUE_NEW,
    QUEUE_MESSAGE,
    QUEUE_LEASE,
    QUEUE_TAKEN,
    QUEUE_DONE,
    QUEUE_RELEASE,
    QUEUE_EXTEND,
    QUEUE_FORGET,
    QUEUE_HOLDERS,
    QUEUE_LEASED,
    QUEUE_STATEMENTS,
};
_Static_assert(QUEUE_STATEMENTS <= LITE_STATEMENTS, "make room in struct lite");
extern const struct lite_part queue_part;

/* holder.c */
void holder_of_this_process(struct holder *self);
/* True only where it is certain: another boot, or a number of this boot and namespace that nobody has. */
bool holder_is_gone(const struct holder *self, const struct holder *other);
bool holder_equal(const struct holder *a, const struct holder *b);
/* Reads a row of QUEUE_HOLDERS. */
void holder_read(sqlite3_stmt *row, struct holder *out);
/* Is one of those known gone?  SQLite's code. */
int holder_any_gone(struct queue_handle *handle, bool *gone_out) SP_MUST_CHECK;
/* Inside a transaction: frees what the gone hold, and finds this process's number.  SQLite's code. */
int holder_register(struct queue_handle *handle, int64_t *number_out) SP_MUST_CHECK;

/* attributes.c: as a blob; the usual one is NULL.  *blob_out is malloc'ed, or NULL. */
#define ATTRIBUTES_FAILED ((size_t)-1)
size_t attributes_encode(const struct sp_message *message, char **blob_out);
/* Takes the next one off a blob; false where the rest is none. */
bool attributes_next(struct sp_slice *rest, struct sp_attribute *out);
bool attributes_decode(struct sp_slice blob, struct sp_arena *arena, struct sp_received *received);

/* wait.c */

/* What is taken down before one looks at the queue, for queue_wait(). */
uint64_t queue_changes(struct queue *queue);
/* A number that changes when another connection has written; -1 where it cannot be read. */
int64_t queue_version(struct queue_handle *handle);
/* Returns when it is worth looking again; not later than `until`. */
void queue_wait(struct queue_handle *handle, uint64_t changes, int64_t version, int64_t until);
void queue_tell_change(struct queue *queue);

/* send.c, receive.c, settle.c: operations of struct sp_queue_ops */
int queue_send(void *handle, const struct sp_message *messages, size_t count, struct sp_result *results,
               int64_t deadline, struct sp_error *err);
int queue_settle(void *handle, const struct sp_settle *entries, size_t count, struct sp_result *results,
                 int64_t deadline, struct sp_error *err);
int queue_extend(void *handle, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                 struct sp_result *results, int64_t deadline, struct sp_error *err);
int queue_receive(void *handle, const struct sp_receive *want, struct sp_arena *arena,
                  const struct sp_received **messages, size_t *count, int64_t deadline, struct sp_error *err);

/* What a receipt holds. */
struct receipt {
    int64_t message;
    int64_t token;
};

#endif
