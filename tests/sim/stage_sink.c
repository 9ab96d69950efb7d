/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fate.h"
#include "laws.h"
#include "table/fold.h"
#include "tally.h"

#include <stdio.h>

/* The table's columns, by what they are called in the plan's file. */
enum column { KEY, LAST_ID, LAST_TYPE, PICKED_UP_AMOUNT, PICKED_UP_ID, MOST, LEAST, BAD, COLUMNS };
static const char *const column_names[COLUMNS] = {"Key",        "LastId", "LastType", "PickedUpAmount",
                                                  "PickedUpId", "Most",   "Least",    "Bad"};
enum { COLUMNS_MAX = 16 };

static struct {
    const struct sp_table *table;
    size_t at[COLUMNS]; /* where each column is */
    struct sp_value rows[KEYS_MAX][COLUMNS_MAX];
    bool there[KEYS_MAX];
    bool made;
} sink;

void sink_open_world(void)
{
    memset(&sink, 0, sizeof sink);
}

static void learn_table(const struct sp_table *table)
{
    sink.table = table;
    if (table->column_count > COLUMNS_MAX)
        law_broken("table", "it has %zu columns", table->column_count);
    for (int column = 0; column < COLUMNS; column++) {
        size_t at = 0;
        while (at < table->column_count && strcmp(table->columns[at].name, column_names[column]) != 0)
            at++;
        if (at == table->column_count)
            law_broken("table", "it has no column %s", column_names[column]);
        sink.at[column] = at;
    }
}

static int64_t number(const struct sp_value *row, enum column column)
{
    const struct sp_value *value = &row[sink.at[column]];
    return value->present ? value->number : -1;
}

bool sink_row(unsigned key, struct summary *out)
{
    *out = (struct summary){.present = sink.there[key]};
    if (!out->present)
        return false;
    const struct sp_value *row = sink.rows[key], *type = &row[sink.at[LAST_TYPE]];
    out->last_id = number(row, LAST_ID);
    for (unsigned i = 0; i < TYPES; i++)
        if (type->present &&
            sp_slice_equal((struct sp_slice){type->text, type->length}, sp_slice_of(event_types[i])))
            out->last_type = i;
    out->picked_up = row[sink.at[PICKED_UP_ID]].present;
    if (out->picked_up) {
        out->picked_up_id = number(row, PICKED_UP_ID);
        out->picked_up_amount = number(row, PICKED_UP_AMOUNT);
    }
    out->most = row[sink.at[MOST]].number;
    out->least = row[sink.at[LEAST]].number;
    return true;
}

bool sink_has(const struct event *event)
{
    struct summary row;
    if (!world.plan->table)
        return event->written;
    if (!sink_row(event->key, &row))
        return false;
    return row.last_id >= event->id && row.most >= event->amount && row.least <= event->amount &&
           (event->type != 0 || (row.picked_up && row.picked_up_id <= event->id));
}

/* Which poison a row, or an event without a table, has in it. */
static enum event_kind poison_in(const struct sp_batch *batch, size_t at)
{
    if (batch->table)
        return (enum event_kind)number(batch->values + at * batch->table->column_count, BAD);
    const struct event *event = feed_event(batch->events[at]);
    if (!event)
        law_broken("bytes", "the sink got an event that nobody made");
    return event->kind >= EVENT_REJECTED_NAMED && event->kind <= EVENT_KILLS ? event->kind : EVENT_GOOD;
}

static size_t batch_size(const struct sp_batch *batch)
{
    return batch->table ? batch->row_count : batch->event_count;
}

static void strike(const struct sp_batch *batch)
{
    bool keys[KEYS_MAX] = {false};
    for (size_t i = 0; i < batch_size(batch); i++)
        if (batch->table)
            keys[number(batch->values + i * batch->table->column_count, KEY)] = true;
        else
            keys[feed_event(batch->events[i])->key] = true;
    for (size_t i = 0; i < feed.count; i++)
        feed.events[i].strikes += keys[feed.events[i].key] && event_is_poison(&feed.events[i]);
    law_poison_strikes(process_self(), keys);
}

/* What the batch's poison does to the call; the worst comes first. */
static int suffer(const struct sp_batch *batch, struct sp_result *results, struct sp_error *err)
{
    static const enum happening happened[] = {[EVENT_REJECTED_NAMED] = WRITE_REJECTED_NAMED,
                                              [EVENT_REJECTED] = WRITE_REJECTED,
                                              [EVENT_UNKNOWN] = WRITE_UNKNOWN,
                                              [EVENT_HANGS] = WRITE_HANGS,
                                              [EVENT_KILLS] = WRITE_KILLS};
    enum event_kind worst = EVENT_GOOD;
    for (size_t i = 0; i < batch_size(batch); i++) {
        enum event_kind kind = poison_in(batch, i);
        worst = kind > worst ? kind : worst;
    }
    if (worst != EVENT_GOOD)
        tally(happened[worst]);
    if (worst == EVENT_KILLS || worst == EVENT_HANGS)
        strike(batch);
    if (worst == EVENT_KILLS)
        process_die(process_self(), PROCESS_KILLED);
    if (worst == EVENT_HANGS)
        call_hang(SIM_NEVER / 4);
    if (worst == EVENT_UNKNOWN)
        return sp_fail(err, SP_UNKNOWN, "code 4711");
    if (worst == EVENT_GOOD)
        return 0;
    for (size_t i = 0; i < batch_size(batch); i++)
        if (poison_in(batch, i) == EVENT_REJECTED_NAMED)
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "this one"};
    return sp_fail(err, SP_REJECTED, "one of these");
}

struct writing {
    const struct sp_table *table;
    struct sp_value *values;
    size_t rows;
    struct event **events;
    size_t event_count;
};

static struct writing *writing_of(const struct sp_batch *batch)
{
    struct writing *writing = world_alloc(sizeof *writing);
    writing->table = batch->table;
    writing->rows = batch->table ? batch->row_count : 0;
    size_t values = batch->table ? batch->row_count * batch->table->column_count : 0;
    writing->values = world_copy(batch->values, values * sizeof *writing->values);
    for (size_t i = 0; i < values; i++) {
        struct sp_value *value = &writing->values[i];
        if (value->present && batch->table->columns[i % batch->table->column_count].type == SP_TYPE_TEXT)
            value->text = world_copy(value->text, value->length);
    }
    writing->event_count = batch->table ? 0 : batch->event_count;
    writing->events = world_alloc((writing->event_count + 1) * sizeof(struct event *));
    for (size_t i = 0; i < writing->event_count; i++)
        writing->events[i] = feed_event(batch->events[i]);
    return writing;
}

static void write_now(void *argument)
{
    const struct writing *writing = argument;
    for (size_t i = stage_lies(SIM_SINK); i < writing->event_count; i++)
        writing->events[i]->written = true;
    for (size_t i = stage_lies(SIM_SINK); i < writing->rows; i++) {
        size_t columns = writing->table->column_count;
        const struct sp_value *row = writing->values + i * columns;
        int64_t key = number(row, KEY);
        if (key < 1 || key >= KEYS_MAX)
            law_broken("table", "a row with the key %lld", (long long)key);
        if (!sink.there[key])
            memcpy(sink.rows[key], row, columns * sizeof *row);
        else
            fold_join(writing->table, sink.rows[key], row);
        sink.there[key] = true;
    }
}

static int sink_write(void *pointer, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (batch->table)
        learn_table(batch->table);
    if (!sink.made)
        law_broken("prepare", "a write before the table was made");
    if (call_enter(handle, OP_WRITE, deadline, &fate, err) != 0)
        return -1;
    if (suffer(batch, results, err) != 0) {
        trace("writes %zu %s: %s", batch_size(batch), batch->table ? "rows" : "events", err->text);
        call_answered(handle, &fate);
        return -1;
    }
    trace("writes %zu %s", batch_size(batch), batch->table ? "rows" : "events");
    if (fate.late_at)
        timer_add(fate.late_at, write_now, writing_of(batch));
    else
        write_now(writing_of(batch));
    written->rows_touched = batch_size(batch);
    return call_leave(handle, &fate, err);
}

static int sink_migrate(void *pointer, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                        int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    (void)mode;
    (void)arena;
    (void)plan;
    if (call_enter(handle, OP_PROBE, deadline, &fate, err) != 0)
        return -1;
    sink.made = true;
    return call_leave(handle, &fate, err);
}

const struct plugin sim_sink = {
    SIM_PLUGIN(SP_SINK, sim_sink),
    .ops.sink = {.size = sizeof(struct sp_sink_ops), .write = sink_write, .migrate = sink_migrate},
    .capabilities = {.size = sizeof(struct sp_capabilities),
                     .flags = SP_DURABLE | SP_IDEMPOTENT | SP_TABLES | SP_EVENTS | SP_EMBEDDED,
                     .time_digits = 7},
};
