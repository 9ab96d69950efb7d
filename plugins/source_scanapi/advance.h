/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_ADVANCE_H
#define SCANAPI_ADVANCE_H

/*
 * Where to read on after a page, and whether the feed's end was reached.  Pure.
 *
 * The rules, and why each is safe:
 *
 *   - The cursor is the highest well-formed id: a page holds the lowest ids from the one asked for, so
 *     whatever is below the highest was in it.  Ids of malformed events say nothing.
 *   - A page that is not full has everything: where it has nothing newer, the cursor stays.
 *   - A full page without a newer well-formed event would come again for ever.  Where it has newer
 *     malformed ones, their median is jumped to, half the page at least being passed: one broken id
 *     is never the median of two.  The jump is a trial: an inclusive feed must answer with that very
 *     id, else the ids were invented and reading goes on from the step that follows.
 *   - Else one step: the cursor + 1.
 *   - But not from an id of which nothing was read yet past a full page of older events: such a
 *     page proves nothing about that id.
 */

#include "cursor.h"

/* What a page held. */
struct tally {
    int64_t asked;  /* the limit that was asked for */
    size_t certain; /* elements that it has for certain */
    size_t at_most; /* elements that it may have, counting what hides in broken runs */
    bool broken;    /* there was a broken run */
    bool own;       /* an element has the cursor's id */
    bool any_good;  /* well-formed, newer than the cursor */
    int64_t lowest_good, highest_good;
    size_t unknown; /* malformed, without an id or with an older one: may stand anywhere */
    int64_t *newer; /* ids of malformed events newer than the cursor, in any order; are sorted */
    size_t newer_count;
};

struct advance {
    int64_t id;
    bool seen;
    int64_t back;  /* see struct cursor */
    bool moved;    /* else all but `full` and the next two is the cursor's */
    bool full;     /* more is to be expected at once */
    bool doubtful; /* full or not cannot be told: ask for less */
    bool stale;    /* a full page of nothing but older events */
};

/* `bound`: ids from there on are not asked for; UINT64_MAX: no bound. */
struct advance advance_from(const struct cursor *cursor, struct tally *tally, uint64_t bound);

/*
 * Whether a page that was not full is the feed's end.  It is where it had nothing newer.  It may not be
 * where it had: some feeds answer less than they are asked for.  So one that holds more than a
 * twentieth is followed by another read at once, and so are those that are then about as large.
 */
struct pace {
    size_t largest; /* of the short pages running */
};
bool pace_caught_up(struct pace *pace, const struct tally *tally, bool full);

#endif
