/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_VERIFY_H
#define OPS_VERIFY_H

/*
 * Does the table hold what the source says?
 *
 * Reads the source again, up to where the pipeline's cursor stood at the start, folds it into a temporary
 * file, and compares row by row with the table.  What differs is compared again once the queue has drained.
 * Events that the table rejects, and what is no event at all, are looked for among the dead letters.
 *
 * Only reads: a pipeline may run beside it.  One thread, memory bounded.
 */

#include "engine/pipeline.h"

struct verify_options {
    const char *from, *to; /* places as a person names them; both belong to the range.  NULL: the start,
                            * and the pipeline's cursor */
    int64_t wait_ns;       /* how long to wait for the queue */
    bool strict;           /* what cannot be explained is a difference */
};

enum verify_phase { VERIFY_READING, VERIFY_COMPARING, VERIFY_WAITING, VERIFY_DONE };

struct verify_report {
    enum verify_phase phase;
    char from[128], to[128]; /* the range that was read; empty: from the start, nothing was read yet */
    uint64_t events;         /* that the source gave, without what is none */
    uint64_t unwanted;       /* of them, dropped by the table's `where` */
    uint64_t buried;         /* of them and of what is no event, found among the dead letters */
    uint64_t unaccounted;    /* rejected, and not there */
    uint64_t perhaps_after;  /* no events, not there either, on the page of the cursor: perhaps after it */
    uint64_t rows;           /* that the source's events make */
    uint64_t compared;
    uint64_t ahead, before; /* rows that hold events from outside of the range */
    uint64_t excused;       /* rows that lack what is a dead letter */
    uint64_t unexplained;   /* rows with a minimum or maximum of unknown origin */
    uint64_t late;          /* rows that differed at first, and no more after waiting */
    uint64_t different;
    bool waited, drained; /* the queue was waited for; it was seen empty */
    uint64_t queue_left;  /* messages in it, as last seen */
};

/* One column of a row that differs. */
struct verify_column {
    const struct sp_column *column;
    const struct sp_value *table, *feed;
    const char *event; /* the order of the event that should hold it; NULL: no event should, or not known */
};

enum verify_kind {
    VERIFY_ROW_MISSING,
    VERIFY_ROW_DIFFERS,
    VERIFY_ROW_UNREADABLE, /* the sink cannot read it: see `why` */
};

/* Lives as long as the call that tells it. */
struct verify_difference {
    enum verify_kind kind;
    const struct sp_table *table;
    const struct sp_value *row; /* the source's; its keys are those of the table */
    const struct verify_column *columns;
    size_t column_count;
    const char *event; /* the last of those that the row is of; NULL: not known */
    const char *why;
};

/* An event that the table rejects, or what is none, without a dead letter.  Texts may be NULL. */
struct verify_reject {
    const char *class, *column, *pointer, *reason, *event_id, *event_key;
    bool perhaps_after;
};

struct verify_listener {
    void *context;
    void (*progress)(void *context, const struct verify_report *so_far); /* called often */
    void (*note)(void *context, const char *text); /* what a person should know of the result */
    /* False: it could not be told; verify_run() ends with SP_STOPPED. */
    bool (*difference)(void *context, const struct verify_difference *difference);
    bool (*reject)(void *context, const struct verify_reject *reject);
};

/* Whether the pipeline is one that can be verified; -1: what of the file is in the way. */
int verify_check(const struct pipeline *pipeline, struct sp_error *err) SP_MUST_CHECK;

/* -1: it could not be finished; SP_REJECTED: `from` or `to` is no place to read from or to. */
int verify_run(const struct pipeline *pipeline, const struct verify_options *options,
               const struct verify_listener *listener, struct verify_report *report,
               struct sp_error *err) SP_MUST_CHECK;

/* Whether all is accounted for. */
bool verify_is_good(const struct verify_report *report, bool strict);

#endif
