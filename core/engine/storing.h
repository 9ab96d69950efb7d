/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_STORING_H
#define ENGINE_STORING_H

/*
 * Letters on their way into their store, the same for a pipeline and for a command: what one call has, and
 * what becomes of letters that are larger than the store can hold (oversize.h).  When to try again is the
 * caller's.
 */

#include "engine/pipeline.h"
#include <scanpipe/letters.h>

/* At most so many in one call, so that a page of rejects does not need one long transaction; fewer where the
 * store's batch_messages says so. */
enum { STORING_MOST = 500 };

struct storing {
    const struct sp_letters_ops *ops;
    const char *folder; /* for what is too large; NULL: none is named */
    int64_t limit;      /* of a letter's bytes in the store; 0: none */
    size_t most;        /* in one call */
    size_t count;       /* that are not stored yet; those are at the front */
    struct sp_letter letters[STORING_MOST];
    bool large[STORING_MOST]; /* the store cannot hold it, or has said so */
};

void storing_init(struct storing *storing, const struct pipeline *pipeline);

/* Fills in what all letters have: pipeline, digest, times; keeps the history that they have. */
void storing_complete(const struct pipeline *pipeline, struct sp_letter *letters, size_t count);

/* Takes the first of some letters, as many as go together, and returns how many those are; at least one. */
size_t storing_take(struct storing *storing, const struct sp_letter *letters, size_t count);

/* One call: stores what can be stored now.  0: all of it.  -1: err says what is in the way of the rest; or
 * *again is set: there is another way, which can be tried at once. */
int storing_put(struct storing *storing, void *handle, int64_t deadline, bool *again,
                struct sp_error *err) SP_MUST_CHECK;

#endif
