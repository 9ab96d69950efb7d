/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_SPOT_H
#define OPS_SPOT_H

/* Places in the source as people name them.  `source` is a hand on the pipeline's source. */

#include "ops/hand.h"

/* -1: there is no source in the file (SP_REFUSED), or it cannot be loaded. */
int spot_open(struct hand *source, const struct pipeline *pipeline, struct sp_error *err) SP_MUST_CHECK;

/* Before what the text names; SP_REJECTED: it names none. */
int spot_of(struct hand *source, const char *text, struct sp_arena *arena, struct sp_slice *out,
            struct sp_error *err) SP_MUST_CHECK;
/* Behind it: the end of a range that has it. */
int spot_behind(struct hand *source, const char *text, struct sp_arena *arena, struct sp_slice *out,
                struct sp_error *err) SP_MUST_CHECK;

/* "the start", or what the source says of it.  Here and below an empty hand knows the start alone. */
const char *spot_text(struct hand *source, struct sp_slice cursor, struct sp_arena *arena);

/* <0, 0, >0. */
int spot_compare(struct hand *source, struct sp_slice a, struct sp_slice b);

#endif
