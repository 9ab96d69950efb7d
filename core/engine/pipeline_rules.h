/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PIPELINE_RULES_H
#define ENGINE_PIPELINE_RULES_H

/* What must fit together in a pipeline.  Pure: everything that is wrong goes to diag. */

#include "engine/pipeline.h"
#include "engine/pipeline_sections.h"

struct sections {
    struct section source, queue, sink, state, letters, table;
};

bool rules_name_is_good(const char *name);

/* Lowers the pack to what the queue can carry; tells where the file asks for more. */
void rules_queue_limits(struct queue_options *options, const struct sp_capabilities *can,
                        const struct section *section, struct diag *diag);

/* Neither the sink nor the queue keeps `stage` ("state", "dead_letters"), and the file names nothing. */
void rules_nothing_keeps(const struct pipeline *pipeline, const char *stage, struct diag *diag);

/* Everything about the stages taken together.  Stages whose plugin was not found are left out. */
void rules_fit(const struct pipeline *pipeline, const struct sections *sections, bool single_machine,
               struct diag *diag);

#endif
