/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

/*
 * The poller's record: who moves the cursor, and where it stands.  As JSON in the state, so that a
 * person can read it.  Pure.
 */

#include "engine/holder.h"
#include <scanpipe/arena.h>
#include <scanpipe/error.h>

/* Their names in the state: this record, the table's rules (see table_compare()), and that the cursor of
 * another program was taken over, with its place. */
#define POLLER_RECORD   "poller"
#define TABLE_RECORD    "table"
#define TAKEOVER_RECORD "takeover"

struct record {
    bool held;
    struct holder holder; /* where held */
    int64_t token;        /* grows with each taking over: the fencing token */
    uint64_t nonce;       /* new with each write: one's own, found after an uncertain write, is success */
    struct sp_slice cursor;
    const char *at;    /* the cursor as text, for people; may be NULL */
    const char *queue; /* the place of the queue that was sent what stands before it; NULL: not said */
    bool moved;        /* a person has moved the cursor, and nobody has polled since */
};

/* An empty value is the record of a pipeline that never ran.  -1: no record of ours (SP_REFUSED). */
int record_parse(struct sp_slice value, struct sp_arena *arena, struct record *out,
                 struct sp_error *err) SP_MUST_CHECK;
struct sp_slice record_format(const struct record *record, struct sp_arena *arena);

#endif
