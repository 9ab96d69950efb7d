/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Law 2 in memory: batches are folded, and their rows joined into those of the batches before. */

#include "fold_world.h"

#define ROUNDS 1800

/* A table in a sink: rows that outlive the batches. */
struct stored {
    const struct sp_table *table;
    struct sp_arena *arena;
    struct sp_value *rows[WORLD_MAX_EVENTS];
    size_t count;
};

static bool same_key(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (fold_compare(&table->columns[i], &a[i], &b[i]) != 0)
            return false;
    return true;
}

static struct sp_value *stored_row(const struct stored *stored, const struct sp_value *key)
{
    for (size_t i = 0; i < stored->count; i++)
        if (same_key(stored->table, stored->rows[i], key))
            return stored->rows[i];
    return NULL;
}

static void stored_write(void *to, const struct sp_batch *batch)
{
    struct stored *stored = to;
    const struct sp_table *table = batch->table;
    for (size_t i = 0; i < batch->row_count; i++) {
        struct sp_value *row = sp_arena_alloc(stored->arena, table->column_count * sizeof *row);
        world_copy_values(table, batch->values + i * table->column_count, 1, row, stored->arena);
        struct sp_value *there = stored_row(stored, row);
        if (there) {
            fold_join(table, there, row);
            CU_ASSERT(!fold_join(table, there, row)); /* twice is once */
        } else {
            CU_ASSERT_FATAL(stored->count < WORLD_MAX_EVENTS);
            stored->rows[stored->count++] = row;
        }
    }
}

static size_t compare_all(const struct world *world, const struct stored *stored)
{
    struct world_row rows[WORLD_MAX_EVENTS];
    struct sp_value *key = sp_arena_alloc(stored->arena, stored->table->column_count * sizeof *key);
    size_t count = world_rows(world, rows), wrong = 0, existing = 0;
    for (size_t i = 0; i < count; i++) {
        world_key(world, stored->table, &rows[i], key);
        wrong += world_compare(world, stored->table, &rows[i], stored_row(stored, key));
        existing += world_has_row(world, &rows[i]);
    }
    CU_ASSERT_EQUAL(stored->count, existing);
    return wrong;
}

static size_t run_world(struct world *world, const struct table_fixture *table)
{
    struct fold *fold = fold_new(table->plan);
    size_t wrong = 0;
    for (int times = 0; times < 3; times++) {
        struct stored stored = {.table = table->table, .arena = arena_new(16384)};
        world_deliver(world, fold, stored_write, &stored);
        wrong += compare_all(world, &stored);
        arena_free(stored.arena);
    }
    fold_free(fold);
    return wrong;
}

/* Half of the sinks cut the last digit of a time, so that no visible column holds an order that is one. */
static void test_any_order_repetition_and_split(void)
{
    struct world world = {.seed = world_first_seed(), .arena = arena_new(65536)};
    struct table_fixture tables[2][WORLD_SHAPES];
    size_t wrong = 0;
    for (unsigned i = 0; i < WORLD_SHAPES * 2; i++)
        tables[i % 2][i / 2] = world_table(&world_shapes[i / 2], 6 + i % 2);
    for (unsigned round = 0; round < ROUNDS && wrong == 0; round++) {
        unsigned shape = round % WORLD_SHAPES, uncut = round / WORLD_SHAPES % 2;
        world_make(&world, &world_shapes[shape], 6 + uncut);
        wrong += run_world(&world, &tables[uncut][shape]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    arena_free(world.arena);
    for (unsigned i = 0; i < WORLD_SHAPES * 2; i++)
        table_fixture_close(&tables[i % 2][i / 2]);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"any order, repetition and division into batches ends the same",
         test_any_order_repetition_and_split},
    };
    return tap_run("fold_property", tests, sizeof tests / sizeof *tests);
}
