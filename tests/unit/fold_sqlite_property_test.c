/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Law 2 through SQLite: batches are folded, and written by two handles, some of them again and late. */

#include "fold_world.h"
#include "sqlite_stage.h"

#define ROUNDS     900
#define MAX_WRITES (WORLD_MAX_EVENTS * 2)

static struct sp_error err;

/* A table in a file, and two workers' handles of the sink that writes it. */
struct shop {
    struct table_fixture table;
    struct stage stage;
    const char *path;
    void *handles[2];
};

/* Losing the last commits in a power cut is no matter here, and waiting for the disk is. */
static void set_synchronous_normal(struct stage *stage)
{
    int32_t *option = option_at(stage, "synchronous", SP_OPT_ENUM);
    for (size_t i = 0; i < stage->plugin->option_count; i++) {
        const char *const *choice = stage->plugin->options[i].choices;
        for (int32_t at = 0; choice && choice[at]; at++)
            if (strcmp(choice[at], "normal") == 0)
                *option = at;
    }
}

static void shop_open(struct shop *shop, const struct world_shape *shape)
{
    shop->path = new_path("shop.db");
    stage_configure(&shop->stage, SP_SINK, shop->path);
    set_synchronous_normal(&shop->stage);
    shop->table = world_table(shape, shop->stage.plugin->capabilities->time_digits);
    shop->stage.about.table = shop->table.table;
    stage_load(&shop->stage);
    for (int i = 0; i < 2; i++)
        shop->handles[i] = stage_open(&shop->stage);
    struct sp_arena *arena SP_AUTO(arena_free_at) = arena_new(4096);
    WORKS(shop->stage.plugin->sink->migrate(shop->handles[0], SP_MIGRATE_APPLY, arena, NULL, within(5000),
                                            &err));
    WORKS(shop->stage.plugin->probe(shop->handles[0], within(5000), &err));
}

static void shop_close(struct shop *shop)
{
    for (int i = 0; i < 2; i++)
        shop->stage.plugin->close(shop->handles[i]);
    stage_end(&shop->stage);
    table_fixture_close(&shop->table);
}

/* A world on its way into a shop. */
struct delivery {
    struct world *world;
    struct shop *shop;
    struct sp_arena *arena;
    struct sp_batch written[MAX_WRITES]; /* copies */
    size_t count;
    uint64_t changed; /* rows, over all writes */
};

static void *some_handle(struct delivery *delivery)
{
    return delivery->shop->handles[world_below(delivery->world, 2)];
}

/* Returns how many rows it changed. */
static uint64_t write_batch(struct delivery *delivery, const struct sp_batch *batch)
{
    struct sp_result results[WORLD_MAX_EVENTS] = {{.class = SP_OK}};
    struct sp_written written = {.size = sizeof written};
    CU_ASSERT_FATAL(batch->row_count <= WORLD_MAX_EVENTS);
    WORKS(delivery->shop->stage.plugin->sink->write(some_handle(delivery), batch, results, &written,
                                                    within(5000), &err));
    CU_ASSERT(written.rows_touched <= batch->row_count);
    return written.rows_touched;
}

static void remember(struct delivery *delivery, const struct sp_batch *batch)
{
    const struct sp_table *table = batch->table;
    size_t size = batch->row_count * table->column_count * sizeof *batch->values;
    struct sp_value *values = sp_arena_alloc(delivery->arena, size);
    world_copy_values(table, batch->values, batch->row_count, values, delivery->arena);
    CU_ASSERT_FATAL(delivery->count < MAX_WRITES);
    delivery->written[delivery->count] = *batch;
    delivery->written[delivery->count++].values = values;
}

/* As after a crash between the commit and the confirmation: at once or long after, by any worker. */
static void deliver_batch(void *to, const struct sp_batch *batch)
{
    struct delivery *delivery = to;
    if (batch->row_count == 0)
        return;
    delivery->changed += write_batch(delivery, batch);
    remember(delivery, batch);
    if (world_below(delivery->world, 4) == 0)
        CU_ASSERT_EQUAL(write_batch(delivery, batch), 0);
    if (world_below(delivery->world, 3) == 0) {
        size_t past = (size_t)world_below(delivery->world, (int64_t)delivery->count);
        CU_ASSERT_EQUAL(write_batch(delivery, &delivery->written[past]), 0);
    }
}

static size_t compare_all(struct delivery *delivery)
{
    const struct world *world = delivery->world;
    const struct sp_table *table = delivery->shop->table.table;
    struct world_row rows[WORLD_MAX_EVENTS];
    bool found[WORLD_MAX_EVENTS] = {false};
    size_t count = world_rows(world, rows), size = count * table->column_count, wrong = 0;
    int64_t existing = 0;
    struct sp_value *keys = sp_arena_zalloc(delivery->arena, size * sizeof *keys);
    struct sp_value *values = sp_arena_zalloc(delivery->arena, size * sizeof *values);
    for (size_t i = 0; i < count; i++)
        world_key(world, table, &rows[i], keys + i * table->column_count);
    struct sp_batch batch = {.size = sizeof batch, .table = table, .values = keys, .row_count = count};
    WORKS(delivery->shop->stage.plugin->sink->read(some_handle(delivery), &batch, delivery->arena, values,
                                                   found, within(5000), &err));
    for (size_t i = 0; i < count; i++) {
        wrong += world_compare(world, table, &rows[i], found[i] ? values + i * table->column_count : NULL);
        existing += world_has_row(world, &rows[i]);
    }
    CU_ASSERT_EQUAL(ask(delivery->shop->path, "SELECT count(*) FROM T"), existing);
    return wrong;
}

/* Delivers all events; returns how much of the table is not what the model says.  An appended row that is
 * there already is left as it is, right or wrong. */
static size_t deliver_all(struct world *world, struct shop *shop, struct fold *fold, bool appended)
{
    struct delivery delivery = {.world = world, .shop = shop, .arena = arena_new(65536)};
    size_t wrong = 0;
    world_deliver(world, fold, deliver_batch, &delivery);
    if (appended) {
        CU_ASSERT_EQUAL(delivery.changed, 0);
    } else {
        wrong = compare_all(&delivery);
    }
    arena_free(delivery.arena);
    return wrong;
}

/* As a column is that was added to a table with rows: the feed, read again, has to fill it. */
static void forget_a_column(struct world *world, const struct shop *shop)
{
    const struct sp_table *table = shop->table.table;
    size_t at = (size_t)world_below(world, (int64_t)(table->column_count - table->key_count));
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE T SET \"%s\" = NULL", table->columns[table->key_count + at].name);
    CU_ASSERT_EQUAL(ask(shop->path, sql), 0);
}

static size_t run_world(struct world *world, struct shop *shop)
{
    struct fold *fold = fold_new(shop->table.plan);
    size_t wrong = 0;
    for (int times = 0; times < 2; times++) {
        CU_ASSERT_EQUAL(ask(shop->path, "DELETE FROM T"), 0);
        wrong += deliver_all(world, shop, fold, false);
    }
    forget_a_column(world, shop);
    wrong += deliver_all(world, shop, fold, world->shape->append);
    fold_free(fold);
    return wrong;
}

static void test_any_order_repetition_and_split(void)
{
    struct world world = {.seed = world_first_seed(), .arena = arena_new(65536)};
    struct shop shops[WORLD_SHAPES];
    size_t wrong = 0;
    for (int i = 0; i < WORLD_SHAPES; i++)
        shop_open(&shops[i], &world_shapes[i]);
    for (int round = 0; round < ROUNDS && wrong == 0; round++) {
        struct shop *shop = &shops[round % WORLD_SHAPES];
        world_make(&world, &world_shapes[round % WORLD_SHAPES],
                   shop->stage.plugin->capabilities->time_digits);
        wrong += run_world(&world, shop);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (int i = 0; i < WORLD_SHAPES; i++)
        shop_close(&shops[i]);
    arena_free(world.arena);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"any order, repetition, division and second write ends the same in SQLite",
         test_any_order_repetition_and_split},
    };
    return tap_run("fold_sqlite_property", tests, sizeof tests / sizeof *tests);
}
