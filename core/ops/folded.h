/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_FOLDED_H
#define OPS_FOLDED_H

/* The rules that the pipeline's table was folded by, as its state has them, beside those of the file. */

#include "ops/hand.h"

struct folded {
    int64_t version; /* of the record; 0: there is none, nothing was folded yet */
    enum table_change change;
    const char *what; /* has changed, in the arena; "" where nothing has */
};

/* Whether there are such rules: a table, and a state that outlives its process. */
bool folded_is_kept(const struct pipeline *pipeline);

/* Of an open state. */
int folded_read(struct hand *state, const struct pipeline *pipeline, struct sp_arena *arena,
                struct folded *out, struct sp_error *err) SP_MUST_CHECK;

#endif
