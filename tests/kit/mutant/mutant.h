/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_MUTANT_H
#define TESTS_KIT_MUTANT_H

/*
 * A plugin that is another one with one fault: KIT_INNER is the path of the other's shared object,
 * KIT_MUTATION the name of the fault.  Everything else is the other's own, options and all.
 */

#include <scanpipe/plugin.h>

/* Whether this is the fault that was asked for. */
bool mutant_is(const char *name);

/* Each takes the other's operations and gives back those with the fault. */
const struct sp_queue_ops *mutant_queue(const struct sp_queue_ops *ops);
const struct sp_state_ops *mutant_state(const struct sp_state_ops *ops);
const struct sp_letters_ops *mutant_letters(const struct sp_letters_ops *ops);
const struct sp_sink_ops *mutant_sink(const struct sp_sink_ops *ops);
const struct sp_source_ops *mutant_source(const struct sp_source_ops *ops);

/* Sinks: the table as the other is told of it. */
const struct sp_table *mutant_table(const struct sp_table *table);

#endif
