/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_PLACE_H
#define LIB_AWS_PLACE_H

/* Region and endpoints, decided from settings, environment and profile.  Pure. */

#include "inside.h"

/* Whether file and environment say all there is to say, so that no profile need be read. */
bool place_is_told(const struct aws_settings *settings, aws_env *env);

/* `profile`: NULL where none was read; `imds_region`: NULL where it was not asked.  SP_REFUSED where
 * something is wrong.  *region_out: false where only the region is missing. */
int place_choose(const struct aws_settings *settings, aws_env *env, const struct profile *profile,
                 const char *imds_region, struct place *out, bool *region_out,
                 struct sp_error *err) SP_MUST_CHECK;

#endif
