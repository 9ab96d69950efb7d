/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_RECORDS_H
#define OPS_RECORDS_H

/* The state's records in the hand of a command. */

#include "ops/hand.h"

/* Opens the pipeline's state; SP_REFUSED where it ends with the process that keeps it. */
int records_open(struct hand *hand, const struct pipeline *pipeline, struct sp_error *err) SP_MUST_CHECK;

int records_get(struct hand *hand, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                int64_t *version_out, struct sp_error *err) SP_MUST_CHECK;

/* Writes where the version is still `expected`; after an uncertain write it looks whether this very value is
 * there.  *swapped_out false: somebody else was faster. */
int records_put(struct hand *hand, const char *name, struct sp_slice value, int64_t expected,
                struct sp_arena *arena, bool *swapped_out, struct sp_error *err) SP_MUST_CHECK;

#endif
