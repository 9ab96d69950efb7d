/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_STATE_H
#define SCANPIPE_STATE_H

/* Named records with compare and swap; nothing more.  Names are scoped by the pipeline's name. */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>

struct sp_state_ops {
    size_t size;

    /* *version_out is 0 where there is no such record (and the value empty), else above 0. */
    int (*get)(void *handle, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
               int64_t *version_out, int64_t deadline, struct sp_error *err);

    /* Writes, durably, where the record's version is `expected` (0: it must not exist yet).
     * *swapped_out false: the version was another one, nothing was written.
     * A version never comes back, not even after the record's names were deleted by hand. */
    int (*put)(void *handle, const char *name, struct sp_slice value, int64_t expected, bool *swapped_out,
               int64_t *version_out, int64_t deadline, struct sp_error *err);

    /* How far another program had read the source, whose tables this store has taken over, or will when it is
     * migrated: a place as a person would name it (see sp_source_ops.cursor_of), in the arena; NULL where
     * there was none.  Changes nothing.  The core asks when a person migrates, and once.  NULL: takes nothing
     * over. */
    int (*inherited)(void *handle, struct sp_arena *arena, const char **place_out, int64_t deadline,
                     struct sp_error *err);
};

#endif
