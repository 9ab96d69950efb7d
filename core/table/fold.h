/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_FOLD_H
#define TABLE_FOLD_H

/*
 * Folding events into rows, one a key.
 *
 * Every group of columns is a join-semilattice (commutative, associative, idempotent), so events may
 * come in any order, any number of times, and in any division into batches.
 *
 * Pure: no I/O, no time, no thread.  A fold belongs to one thread and is used for one batch after
 * another; it keeps the memory of its largest batch.
 */

#include "table/table.h"
#include <scanpipe/sink.h>

struct fold;

struct fold *fold_new(const struct table_plan *plan);
void fold_free(struct fold *fold);

enum fold_verdict {
    FOLD_TAKEN,
    FOLD_UNWANTED, /* the table's `where` says no */
    FOLD_REJECTED,
};

/* Why an event was rejected; texts live until the next fold_start(). */
struct fold_reject {
    const char *reason_class; /* "malformed": no JSON object; "value": a column's value does not fit */
    const char *reason;       /* one sentence that names no column ("is not an integer, but text") */
    const char *column;       /* or NULL */
    const char *pointer;      /* or NULL */
};

/* What of an event can be told people even where it was rejected; NULL where it could not be read. */
struct fold_identity {
    const char *order, *key; /* text */
};

void fold_start(struct fold *fold);

/*
 * Takes one event (one JSON value, the whole of the slice).  The slice must live until the rows are
 * done with: values point into it.  `event` is the caller's number for it, for fold_events().
 */
enum fold_verdict fold_add(struct fold *fold, struct sp_slice bytes, uint32_t event, struct fold_reject *why);

/* Reads order and key alone, as far as they can be read; texts live in the arena. */
void fold_identify(const struct table_plan *plan, struct sp_slice bytes, struct sp_arena *arena,
                   struct fold_identity *out);

/* The rows, sorted by key; they live until the next fold_start(). */
void fold_finish(struct fold *fold, struct sp_batch *batch_out);

/* An event that was taken, and its row in the finished batch. */
struct fold_event {
    uint32_t event, row;
};

/* All of them, in the order they were taken; lives until the next fold_start(). */
const struct fold_event *fold_events(struct fold *fold, size_t *count_out);

/* The least and the greatest order of the events that were taken since fold_start(); false: there was none.
 */
bool fold_orders(const struct fold *fold, int64_t *least_out, int64_t *most_out);

/* Joins row `from` into row `into` of the same key, as a sink does with a stored row: for tests,
 * `verify` and the memory of what SQL must do.  True where something changed. */
bool fold_join(const struct sp_table *table, struct sp_value *into, const struct sp_value *from);

/* Compares two values of a column's type, both present: <0, 0, >0. */
int fold_compare(const struct sp_column *column, const struct sp_value *a, const struct sp_value *b);

/* Bytes that the fold holds now. */
size_t fold_footprint(const struct fold *fold);

#endif
