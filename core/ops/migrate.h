/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_MIGRATE_H
#define OPS_MIGRATE_H

/*
 * Making what the stages of a pipeline keep in databases, and bringing older tables up to date.  All of it
 * may be done again, and goes on where it was broken off.
 */

#include "engine/pipeline.h"
#include "ops/cursor.h"

struct migrate {
    const struct pipeline *pipeline;
    bool dry_run;  /* looks, and changes nothing */
    bool rebuild;  /* the table is made afresh where its rules are not those that it was folded by */
    void *context; /* of these, which are called by the calling thread: */
    /* A stage with tables is as it should be; `plan` has the statements that were, or are to be, executed.
     * A dry run tells a step instead for an embedded stage where others are on a server. */
    void (*tell_plan)(void *context, const char *stage, const char *plan);
    /* What else was done, or is to be: a sentence without a full stop. */
    void (*tell_step)(void *context, const char *text);
    void (*watching)(void *context, const struct holder *holder, int64_t lease_ns); /* see cursor_move() */
};

/* Tells as it goes.  SP_REFUSED: the table's rules have changed, or a process polls and its table cannot be
 * made afresh, or is that of another file, which has the sink. */
int migrate_run(const struct migrate *migrate, struct sp_error *err) SP_MUST_CHECK;

#endif
