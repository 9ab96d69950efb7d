/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PLACE_H
#define ENGINE_PLACE_H

/* Where a stage's data is, and what that means for going on with another file.  Pure, but that a relative
 * path is told from the working directory. */

#include "engine/pipeline.h"

/* "sqlite path=/var/lib/parcels.queue.db": the plugin, and its options that say where the data is, without
 * names of users and passwords.  For comparing, and for people. */
const char *stage_place(const struct stage *stage, struct sp_arena *arena);

/* The file that holds the stage's data through restarts; NULL: none does. */
const char *stage_file(const struct stage *stage);

/* Whether the process may go on with `next` where it has run `now`, so that nothing of what is held, or was
 * read already, is forgotten.  The error says what is in the way, the cure what to do. */
int place_may_follow(const struct pipeline *now, const struct pipeline *next,
                     struct sp_error *err) SP_MUST_CHECK;

/* Whether the cursor, which stands for what the queue `then` was sent, is good for the queue `now`. */
int place_queue_is_same(const char *then, const char *now, struct sp_error *err) SP_MUST_CHECK;

/* SP_REFUSED, always: `what` has changed in the rules that the pipeline's table was folded by.  The cure is
 * what its sink can do about that; a file without one does not know. */
int place_refuse_rules(const struct pipeline *pipeline, const char *what, struct sp_error *err);

#endif
