/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_SINK_H
#define SCANPIPE_SINK_H

/* A sink writes batches: folded rows where the pipeline has a table, else the events as they came. */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/table.h>

struct sp_batch {
    size_t size;
    const struct sp_table *table;  /* NULL: `events` are to be written */
    const struct sp_value *values; /* row_count rows of table->column_count values */
    size_t row_count;
    const struct sp_slice *events; /* JSON objects without a line end in them */
    size_t event_count;
};

struct sp_written {
    size_t size;
    uint64_t rows_touched; /* rows that this write made or changed */
};

enum sp_migrate_mode {
    SP_MIGRATE_APPLY,   /* make what is missing; change nothing that holds data */
    SP_MIGRATE_DRY_RUN, /* change nothing; put the statements into `plan` */
};

/* Where the table that is there is not the one that the pipeline needs.  Frozen within an ABI major. */
struct sp_misfit {
    bool migrates;    /* migrate() makes it right */
    const char *text; /* one sentence, without a full stop */
    const char *cure; /* the statement that makes it right, or a sentence */
};

struct sp_sink_ops {
    size_t size;

    /*
     * All of the batch, durably, or nothing: one transaction.  -1 with SP_REJECTED: the plugin may
     * set results[i].class (one a row, or an event without a table; all SP_OK before) to
     * SP_REJECTED for the culprits it can name; it is believed.  Each group of columns decides for
     * itself (see sp_group).
     */
    int (*write)(void *handle, const struct sp_batch *batch, struct sp_result *results,
                 struct sp_written *written, int64_t deadline, struct sp_error *err);

    /*
     * Reads rows by key: `keys` holds row_count rows of which only the key columns count.
     * values_out has room for as many rows; found[i] says whether row i is there.  Changes nothing, and
     * makes nothing.  -1 with SP_REJECTED: one of the rows holds what is no value of its column; the
     * others can be read without it.  May be NULL.
     */
    int (*read)(void *handle, const struct sp_batch *keys, struct sp_arena *arena,
                struct sp_value *values_out, bool *found, int64_t deadline, struct sp_error *err);

    /* Makes the table.  `plan` may be NULL, else gets text in the arena.  NULL: has no tables. */
    int (*migrate)(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err);

    /* The statement that makes the table, with a line end, for people to run themselves.  From the table
     * alone: asks nobody.  NULL: has no tables. */
    int (*describe)(void *handle, struct sp_arena *arena, const char **sql_out, struct sp_error *err);

    /* Compares the table that is there with the pipeline's: all misfits, in the arena.  Connects, changes
     * nothing. NULL: has no tables. */
    int (*compare)(void *handle, struct sp_arena *arena, const struct sp_misfit **misfits, size_t *count,
                   int64_t deadline, struct sp_error *err);

    /* Puts the table aside with all its rows, as NAME_before_TIME, and makes it afresh: both or nothing.  A
     * table that is not there is made.  `mode` and `plan` as for migrate().  NULL: cannot. */
    int (*rebuild)(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err);
};

#endif
