/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FOLD_WORLD_H
#define TESTS_FOLD_WORLD_H

/*
 * Random worlds for law 2: any order of arrival, any repetition and any division into batches ends as if
 * the events had been applied once each, by their order.
 *
 * A world is some events for tables of every type, keep and when.  The model of what a table must hold
 * knows nothing of groups, rows in memory, joins or SQL: it looks at all events of a row, one by one, for
 * each column.
 */

#include "table/fold.h"
#include "table_fixture.h"

#define WORLD_MAX_EVENTS 60
#define WORLD_SHAPES     9

/* What a table is like. */
struct world_shape {
    const char *name;
    bool timed; /* the order is a timestamp, else an integer */
    bool append;
    bool int_key, text_key;
};

extern const struct world_shape world_shapes[WORLD_SHAPES];

/* The table of that shape, for a sink that keeps so many digits of a time. */
struct table_fixture world_table(const struct world_shape *shape, unsigned time_digits);

struct world_event {
    int rank;                                 /* the events' order: 1, 2, ... */
    int64_t id, at, n, big, decimal, time;    /* the last four may be absent */
    int key1, key2, kind, flag, text, object; /* the last four: -1 where absent */
    bool broken;
    const char *json;
};

struct world {
    uint64_t seed;
    struct sp_arena *arena; /* of the events' bytes */
    const struct world_shape *shape;
    unsigned time_digits;
    struct world_event events[WORLD_MAX_EVENTS];
    size_t count;
};

/* SCANPIPE_SEED or the time of day; prints it, so that a run can be had again. */
uint64_t world_first_seed(void);
int64_t world_below(struct world *world, int64_t bound);

/* New events; the arena of the old ones is emptied. */
void world_make(struct world *world, const struct world_shape *shape, unsigned time_digits);

/* Hands the events over in a random order, some of them several times, in random batches. */
typedef void world_write(void *to, const struct sp_batch *batch);
void world_deliver(struct world *world, struct fold *fold, world_write *write, void *to);

/* Rows that a table may have after that: those that the model knows, and some that must not be there. */
struct world_row {
    int key1, key2, rank;
};
size_t world_rows(const struct world *world, struct world_row out[WORLD_MAX_EVENTS]);
bool world_has_row(const struct world *world, const struct world_row *row);
/* Sets the key columns, no others. */
void world_key(const struct world *world, const struct sp_table *table, const struct world_row *row,
               struct sp_value *values);

/* How much of a row is not what the model says; tells it.  `values` is NULL where there is no such row. */
size_t world_compare(const struct world *world, const struct sp_table *table, const struct world_row *row,
                     const struct sp_value *values);

void world_copy_values(const struct sp_table *table, const struct sp_value *from, size_t row_count,
                       struct sp_value *to, struct sp_arena *arena);

#endif
