/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_VERIFY_COMPARE_H
#define OPS_VERIFY_COMPARE_H

/*
 * What a row of the table and what the feed says of it have to do with each other.  Pure.
 *
 * The feed was read up to a bound, and perhaps from a later place than its start; the table may have been
 * given more, and more may be on its way.  So the feed's row must be below the table's in the order that
 * joining makes: joining it in must change nothing.  What the table holds beyond it is right where it comes
 * from outside of what was read, which its order tells.
 */

#include <scanpipe/table.h>

/* What is known of what was read. */
struct verify_span {
    bool any;            /* there was an event */
    bool whole;          /* from the feed's start to all that the pipeline has read */
    bool strict;         /* what cannot be explained is wrong */
    int64_t least, most; /* orders of its events */
};

/* Of one group of columns, or the worst of a row's. */
enum verify_verdict {
    VERIFY_SAME,
    VERIFY_BURIED,      /* the event is among the dead letters */
    VERIFY_BEFORE,      /* the table holds an earlier event than what was read begins with */
    VERIFY_AHEAD,       /* a later one than it ends with */
    VERIFY_UNEXPLAINED, /* a minimum or maximum goes further than what was read: nothing tells where from */
    VERIFY_WRONG,       /* the table holds what no event says that was read */
    VERIFY_LOST,        /* an event that was read is not in the table */
};

static inline bool verify_differs(enum verify_verdict verdict)
{
    return verdict >= VERIFY_WRONG;
}

/*
 * The rows are of the same key.  `feed` is folded from the events that are no dead letters, `buried` (or
 * NULL) from those of the key that are.
 */
enum verify_verdict verify_group(const struct sp_table *table, size_t group, const struct sp_value *stored,
                                 const struct sp_value *feed, const struct sp_value *buried,
                                 const struct verify_span *span);

/* The table has no such row: VERIFY_LOST, or VERIFY_BURIED where each event that would show in it is. */
enum verify_verdict verify_missing(const struct sp_table *table, const struct sp_value *feed,
                                   const struct sp_value *buried);

#endif
