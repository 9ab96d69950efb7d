/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_CURSOR_H
#define OPS_CURSOR_H

/*
 * Looking at the cursor, and moving it.  A move is one compare and swap of the poller's record that takes the
 * record from whoever holds it: the next write of a process that polls cannot succeed, it steps down, and
 * whoever takes the record over next reads from the new cursor.
 */

#include "engine/pipeline.h"
#include "engine/record.h"

struct cursor_view {
    bool there; /* false: nothing was read yet, and what follows is empty but for `at` */
    struct record record;
    int64_t version;
    bool gone;      /* the holder is known to be */
    const char *at; /* the cursor, for people */
};

/* All of it lives in the arena. */
int cursor_look(const struct pipeline *pipeline, struct sp_arena *arena, struct cursor_view *out,
                struct sp_error *err) SP_MUST_CHECK;

struct cursor_move {
    const char *to; /* as a person names it; NULL: the start, the one place of a file without a source */
    bool only_back; /* it must lie before the present one */
    bool skip;      /* it may lie behind it, which leaves events out for ever */
    bool force;     /* also while a process polls */
    bool dry_run;   /* decides, and writes nothing */
    void *context;  /* of what follows, which is called once before it watches whether the holder lives */
    void (*watching)(void *context, const struct holder *holder, int64_t lease_ns);
};

enum cursor_outcome {
    CURSOR_MOVED,   /* or would be, in a dry run */
    CURSOR_HELD,    /* by a process that polls */
    CURSOR_FORWARD, /* events would be left out, and `skip` was not said */
    CURSOR_NOT_BACK,
};

struct cursor_moved {
    enum cursor_outcome outcome;
    const char *from, *to; /* for people; in the arena */
    int direction;         /* below 0: back, events are read again; above 0: events are left out */
    bool held;             /* it was taken from a process that may be at work */
    struct holder holder;  /* where held, or CURSOR_HELD */
    int64_t token;         /* of the record as it was written */
};

/* May watch the record for as long as its lease.  -1, SP_REJECTED: `to` is no place. */
int cursor_move(const struct pipeline *pipeline, const struct cursor_move *move, struct sp_arena *arena,
                struct cursor_moved *out, struct sp_error *err) SP_MUST_CHECK;

#endif
