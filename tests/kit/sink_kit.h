/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_SINK_KIT_H
#define TESTS_KIT_SINK_KIT_H

/* What checks of sinks have in common. */

#include "rows.h"

struct sink {
    struct kit *kit;
    struct kit_stage *stage;
    const struct sp_sink_ops *ops;
    const struct sp_table *table; /* NULL: events */
    void *one, *other;
};

/* With the table made. */
struct sink sink_begin(struct kit *kit, const struct sp_table *table);
/* Without. */
struct sink sink_join(struct kit *kit, const struct sp_table *table);

/* Skip where the plugin takes no tables, or does not give back what it wrote. */
void sink_needs_tables(const struct kit *kit);
void sink_needs_read(const struct kit *kit);

/* The plan's text, never NULL. */
const char *sink_migrate(struct sink *sink, void *handle, enum sp_migrate_mode mode);
/* Must be written; returns rows_touched. */
uint64_t sink_write(struct sink *sink, void *handle, const struct sp_value *rows, size_t count);
/* One call; results begin as SP_OK. */
int sink_try(struct sink *sink, void *handle, const struct sp_value *rows, size_t count,
             struct sp_result *results);
/* Reads rows by the keys of others; values and found live in the check's arena. */
struct sp_value *sink_read(struct sink *sink, void *handle, const struct sp_value *keys, size_t count,
                           bool **found);
/* The table has these rows, as they are. */
void sink_require(struct sink *sink, void *handle, const struct sp_value *rows, size_t count);
void sink_require_absent(struct sink *sink, void *handle, const struct sp_value *keys, size_t count);

#endif
