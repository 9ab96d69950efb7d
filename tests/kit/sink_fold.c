/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks of rows: law 2, any order of arrival, any repetition, any division into batches, any number of
 * writers.  What the table must hold, the core's own fold says. */
#include <config.h>

#include "sink_kit.h"

#include <stdlib.h>

enum { POOL = 150, BATCH = 12 };

/* Rows on their way into a table. */
struct delivery {
    struct sink sink;
    struct model model;
    struct sp_value *pool; /* POOL rows */
};

static struct sp_value *pool_row(const struct delivery *delivery, size_t at)
{
    return delivery->pool + at * delivery->sink.table->column_count;
}

/* Rows of several events in one, as a batch that was folded has them. */
static void make_pool(struct delivery *delivery)
{
    struct kit *kit = delivery->sink.kit;
    const struct sp_table *table = delivery->sink.table;
    delivery->pool = sp_arena_alloc(kit->arena, POOL * table->column_count * sizeof *delivery->pool);
    for (size_t i = 0; i < POOL; i++) {
        rows_random(kit, table, pool_row(delivery, i));
        model_join(&delivery->model, pool_row(delivery, i));
    }
}

static void deliver_begin(struct delivery *delivery, struct kit *kit, size_t shape)
{
    *delivery = (struct delivery){.sink = sink_begin(kit, rows_shape(kit, shape))};
    model_init(&delivery->model, delivery->sink.table);
    make_pool(delivery);
}

/* A batch has each key once: the rows of one key are joined, or wait. */
static size_t take_batch(const struct delivery *delivery, const size_t *order, size_t at, size_t most,
                         struct sp_value *batch)
{
    const struct sp_table *table = delivery->sink.table;
    struct model joined;
    size_t taken = 0;
    model_init(&joined, table);
    for (; taken < most && at + taken < POOL; taken++)
        model_join(&joined, pool_row(delivery, order[at + taken]));
    memcpy(batch, joined.rows, joined.count * table->column_count * sizeof *batch);
    rows_sort(table, batch, joined.count);
    size_t count = joined.count;
    model_fini(&joined);
    return count;
}

static void shuffle(size_t order[POOL], uint64_t *dice)
{
    for (size_t i = 0; i < POOL; i++) {
        size_t at = kit_below(dice, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
}

/* All rows of the pool in an order of its own, some of them again; retries what is contended. */
static void deliver(const struct delivery *delivery, void *handle, uint64_t dice)
{
    struct sink sink = delivery->sink;
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct sp_value *batch = sp_arena_alloc(arena, POOL * delivery->sink.table->column_count * sizeof *batch);
    size_t order[POOL];
    shuffle(order, &dice);
    for (size_t at = 0, most; at < POOL; at += most) {
        most = 1 + kit_below(&dice, BATCH);
        size_t count = take_batch(delivery, order, at, most, batch);
        sink_write(&sink, handle, batch, count);
        if (kit_below(&dice, 4) == 0)
            sink_write(&sink, handle, batch, count);
    }
    size_t count = take_batch(delivery, order, kit_below(&dice, POOL), POOL, batch);
    sink_write(&sink, handle, batch, count);
}

static void require_model(struct delivery *delivery)
{
    struct sink *sink = &delivery->sink;
    sink_require(sink, sink->other, delivery->model.rows, delivery->model.count);
    struct sp_value *absent = sp_arena_zalloc(sink->kit->arena, sink->table->column_count * sizeof *absent);
    for (size_t i = 0; i < sink->table->key_count; i++)
        absent[i] = rows_value(sink->kit, &sink->table->columns[i], 47);
    if (sink->table->columns[0].type != SP_TYPE_BOOLEAN)
        sink_require_absent(sink, sink->one, absent, 1);
    model_fini(&delivery->model);
}

static void any_order(struct kit *kit)
{
    sink_needs_read(kit);
    for (size_t shape = 0; shape < ROWS_SHAPES; shape++) {
        struct delivery delivery;
        deliver_begin(&delivery, kit, shape);
        deliver(&delivery, delivery.sink.one, kit_random(&kit->dice));
        if (kit_can(kit, SP_IDEMPOTENT))
            deliver(&delivery, delivery.sink.other, kit_random(&kit->dice));
        require_model(&delivery);
        kit_unload(delivery.sink.stage);
    }
}

static void deliver_in_a_thread(const struct kit_thread *thread)
{
    struct delivery *delivery = thread->with;
    deliver(delivery, delivery->sink.stage->handles[thread->number],
            delivery->sink.kit->dice + thread->number);
}

static void many_threads(struct kit *kit)
{
    sink_needs_read(kit);
    for (size_t shape = 0; shape < 3; shape += 2) {
        struct delivery delivery;
        deliver_begin(&delivery, kit, shape);
        kit_open(delivery.sink.stage);
        kit_open(delivery.sink.stage);
        kit_threads(4, deliver_in_a_thread, &delivery);
        require_model(&delivery);
        kit_unload(delivery.sink.stage);
    }
}

/* A process that raises all rows of a table, again and again, each time by a batch of its own. */
struct raising {
    const char *name;
    int64_t step;
};

static const char word_block[] = "name: %s\norder: /n\ncolumns:\n  Id: {from: /id, type: int, key: true}\n"
                                 "  Number: {from: /n, type: bigint}\n  Word: {from: /w, type: text(50)}\n";

static void raise_rows(struct kit *kit, struct helper_side *side, void *with)
{
    const struct raising *raising = with;
    struct sink sink = sink_begin(kit, rows_table_named(kit, word_block, raising->name));
    pipe_say(side->to, 1);
    pipe_hear(side->from);
    for (int64_t order = raising->step; order <= 60; order += 3) {
        char *word = sp_arena_printf(kit->arena, "word %d", (int)order);
        sink_write(&sink, sink.one, rows_words(kit->arena, sink.table, 1 + order % 7, 20, order, word), 20);
    }
}

static void many_processes(struct kit *kit)
{
    sink_needs_read(kit);
    if (!kit_can(kit, SP_DURABLE))
        kit_not_for("it is not durable");
    struct raising raising[3];
    struct helper helpers[3];
    const char *name = kit_unique(kit);
    for (int i = 0; i < 3; i++) {
        raising[i] = (struct raising){name, i + 1};
        helpers[i] = helper_start(kit, raise_rows, &raising[i]);
    }
    for (int i = 0; i < 3; i++)
        pipe_hear(helpers[i].from); /* all have made the table, at the same time */
    for (int i = 0; i < 3; i++)
        pipe_say(helpers[i].to, 1);
    for (int i = 0; i < 3; i++)
        helper_end(&helpers[i]);
    struct sink sink = sink_join(kit, rows_table_named(kit, word_block, name));
    struct model model;
    model_init(&model, sink.table);
    for (int64_t order = 1; order <= 60; order++) {
        char *word = sp_arena_printf(kit->arena, "word %d", (int)order);
        struct sp_value *rows = rows_words(kit->arena, sink.table, 1 + order % 7, 20, order, word);
        for (size_t i = 0; i < 20; i++)
            model_join(&model, rows + i * sink.table->column_count);
    }
    sink_require(&sink, sink.one, model.rows, model.count);
    model_fini(&model);
}

static const struct check checks[] = {
    {"given random rows of every type and group, when written in any order and division, then the fold's table",
     any_order},
    {"given four threads, when each writes all rows in an order of its own, then the fold's table",
     many_threads},
    {"given three processes, when they make a table and write the same rows at a time, then the fold's table",
     many_processes},
};

CHECK_LIST(sink_fold_checks, checks);
