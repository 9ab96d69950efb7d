/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_WORK_H
#define TESTS_KIT_WORK_H

/* The least that a stage of any kind can be asked to do. */

#include "kit.h"

/* A stage with what its kind needs: a sink of tables gets one. */
struct kit_stage *work_load(struct kit *kit, const struct kit_wish *wish);
/* What has to be made before the first call: the table. */
void work_prepare(struct kit_stage *stage, void *handle);
/* One call of the kind: what it returned; kit_error says why not. */
int work_try(struct kit_stage *stage, void *handle);
int work_try_until(struct kit_stage *stage, void *handle, int64_t deadline);

#endif
