/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_DELIVER_H
#define ENGINE_DELIVER_H

/*
 * From the queue into the sink: workers with handles of their own receive, unpack, fold, write and
 * settle.  A message is settled when each of its events is written or is a dead letter; the dead
 * letter is stored first.
 */

#include "engine/framing.h"
#include "engine/work.h"
#include "table/fold.h"

/* The messages that a worker holds, as the keeper sees them. */
struct held {
    pthread_mutex_t lock;
    struct held_run { /* what one receive brought; lives in the worker's arena */
        const struct sp_received *messages;
        size_t count;
    } * runs;
    size_t run_count, run_capacity;
    size_t count;      /* of messages, all told */
    int64_t lease_end; /* the earliest; meaningless while count is 0 */
};

struct deliver {
    struct work *work;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool polling; /* one worker waits at the empty queue; the others park */
    bool idle;    /* the last receive found nothing */
    struct worker *workers;
    size_t worker_count;

    pthread_mutex_t preparing;
    _Atomic bool prepared;
    struct seat state; /* used by the worker that prepares */
};

/* One event of a batch: where it is, and which message brought it. */
struct delivered {
    struct sp_slice bytes;
    const struct sp_received *message;
};

struct worker {
    struct deliver *deliver;
    struct seat queue, sink, letters;
    struct sp_arena *arena; /* of the batch */
    struct held held;
    struct fold *fold; /* NULL without a table */
    struct delivered *events;
    size_t event_count, event_capacity;
    size_t bytes;
    struct sp_letter *buried; /* what the sink rejected of this batch; stored when all is judged */
    size_t buried_count, buried_capacity;
    size_t events_each; /* events a message had in the last batch: how much to ask for */
};

void deliver_init(struct deliver *deliver, struct work *work);
void deliver_fini(struct deliver *deliver);

void worker_init(struct worker *worker, struct deliver *deliver);
void worker_fini(struct worker *worker);
void *worker_run(void *worker);

/* prepare.c: makes the table, probes the sink and compares the table's rules, once; the other workers
 * wait for it.  False: the stop came first. */
bool deliver_prepare(struct worker *worker);

/* write.c: writes the worker's batch, whatever it takes; what can never be written is stored among
 * the dead letters.  False: the stop came first. */
bool write_batch(struct worker *worker);

/* keeper.c: extends leases that end soon. */
struct keeper {
    struct deliver *deliver; /* its workers hold the messages */
    struct seat queue;
    _Atomic uint64_t visible, leased; /* the queue's depth, as last seen */
    _Atomic bool known;
    _Atomic bool eager;           /* somebody waits for the queue to be empty */
    _Atomic uint64_t empty_looks; /* how often in a row it was seen with nothing visible and nothing leased */
};
void *keeper_run(void *keeper);

#endif
