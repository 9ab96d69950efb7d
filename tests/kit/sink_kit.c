/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_kit.h"

struct sink sink_join(struct kit *kit, const struct sp_table *table)
{
    struct sink sink = {.kit = kit, .ops = kit->plugin->about.sink, .table = table};
    sink.stage = kit_load(kit, &(struct kit_wish){.table = table});
    sink.one = kit_open(sink.stage);
    sink.other = kit_open(sink.stage);
    return sink;
}

struct sink sink_begin(struct kit *kit, const struct sp_table *table)
{
    struct sink sink = sink_join(kit, table);
    if (table && sink.ops->migrate)
        sink_migrate(&sink, sink.one, SP_MIGRATE_APPLY);
    return sink;
}

void sink_needs_tables(const struct kit *kit)
{
    if (!kit_can(kit, SP_TABLES))
        kit_not_for("it takes no rows");
}

void sink_needs_read(const struct kit *kit)
{
    sink_needs_tables(kit);
    if (!kit->plugin->about.sink->read)
        kit_not_for("it does not give back what it wrote");
}

const char *sink_migrate(struct sink *sink, void *handle, enum sp_migrate_mode mode)
{
    const char *plan = NULL;
    WORKS(sink->ops->migrate(handle, mode, sink->kit->arena, &plan, kit_soon(sink->kit), &kit_error));
    REQUIRE(plan, "migrate() has said nothing of its plan");
    return plan;
}

int sink_try(struct sink *sink, void *handle, const struct sp_value *rows, size_t count,
             struct sp_result *results)
{
    struct sp_batch batch = {.size = sizeof batch, .table = sink->table, .values = rows, .row_count = count};
    struct sp_written written = {.size = sizeof written};
    for (size_t i = 0; i < count; i++)
        results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
    return sink->ops->write(handle, &batch, results, &written, kit_soon(sink->kit), &kit_error);
}

uint64_t sink_write(struct sink *sink, void *handle, const struct sp_value *rows, size_t count)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_batch batch = {.size = sizeof batch, .table = sink->table, .values = rows, .row_count = count};
    struct sp_written written = {.size = sizeof written, .rows_touched = UINT64_MAX};
    struct sp_result *results = sp_arena_alloc(arena, count * sizeof *results);
    for (size_t i = 0; i < count; i++)
        results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
    WORKS(sink->ops->write(handle, &batch, results, &written, kit_soon(sink->kit), &kit_error));
    for (size_t i = 0; i < count; i++)
        REQUIRE(results[i].class == SP_OK, "the batch is written, and row %zu is %s", i,
                sp_class_name(results[i].class));
    REQUIRE(written.rows_touched <= count, "%zu rows were written, and rows_touched is %llu", count,
            (unsigned long long)written.rows_touched);
    return written.rows_touched;
}

struct sp_value *sink_read(struct sink *sink, void *handle, const struct sp_value *keys, size_t count,
                           bool **found)
{
    struct sp_arena *arena = sink->kit->arena;
    struct sp_batch batch = {.size = sizeof batch, .table = sink->table, .values = keys, .row_count = count};
    struct sp_value *values = sp_arena_zalloc(arena, count * sink->table->column_count * sizeof *values);
    *found = sp_arena_alloc(arena, count * sizeof **found);
    WORKS(sink->ops->read(handle, &batch, arena, values, *found, kit_soon(sink->kit), &kit_error));
    return values;
}

void sink_require(struct sink *sink, void *handle, const struct sp_value *rows, size_t count)
{
    bool *found;
    size_t width = sink->table->column_count;
    struct sp_value *got = sink_read(sink, handle, rows, count, &found);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(found[i], "row %zu of %zu is not there", i, count);
        const char *difference = rows_difference(sink->kit, sink->table, got + i * width, rows + i * width);
        REQUIRE(!difference, "row %zu of %zu: %s", i, count, difference);
    }
}

void sink_require_absent(struct sink *sink, void *handle, const struct sp_value *keys, size_t count)
{
    bool *found;
    sink_read(sink, handle, keys, count, &found);
    for (size_t i = 0; i < count; i++)
        REQUIRE(!found[i], "row %zu of %zu is there", i, count);
}
