/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

/*
 * The `table` block, compiled: which pointers are taken from an event, how each becomes a value, and
 * what columns and groups a sink sees.  Constant once compiled; shared by threads.
 */

#include "config/yaml.h"
#include <scanpipe/table.h>

struct table_plan;

/*
 * Compiles the block `node` (the value of the key `table`).  Everything that is wrong goes to diag
 * with its place; NULL then.  `time_digits` is what the sink keeps of a timestamp.  The plan lives in the
 * arena.
 */
const struct table_plan *table_compile(const struct yaml_node *node, unsigned time_digits, struct diag *diag,
                                       struct sp_arena *arena);

/* What sinks get. */
const struct sp_table *table_of(const struct table_plan *plan);

/* The type of the events' order, which a hidden column holds as a bigint whatever it is. */
enum sp_type table_order_type(const struct table_plan *plan);

/* A text that is equal for blocks that fold alike and are stored alike: JSON with name, key, order, and for
 * each column its name, type and group, sorted so that the order of the file does not matter; `where` is not
 * part of it. */
const char *table_fingerprint(const struct table_plan *plan, struct sp_arena *arena);

enum table_change { TABLE_SAME, TABLE_NEW_COLUMNS, TABLE_REFUSED };
/* What going from a stored fingerprint to the plan's means; *what_out (in the arena) says it for people. */
enum table_change table_compare(const struct table_plan *plan, const char *stored, struct sp_arena *arena,
                                const char **what_out);

#endif
