/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/write.h"

void write_make_rows(struct worker *worker, struct batch *batch, struct set set, struct sp_batch *rows)
{
    *rows = (struct sp_batch){.size = sizeof *rows};
    if (!worker->fold) {
        struct sp_slice *events = sp_arena_alloc(batch->scratch, set.count * sizeof *events);
        for (size_t i = 0; i < set.count; i++)
            events[i] = framing_one_line(batch->events[set.events[i]].bytes, batch->scratch);
        rows->events = events;
        rows->event_count = set.count;
        return;
    }
    struct fold_reject why;
    fold_start(worker->fold);
    for (size_t i = 0; i < set.count; i++)
        fold_add(worker->fold, batch->events[set.events[i]].bytes, set.events[i], &why);
    fold_finish(worker->fold, rows);
}

/*
 * One write.  True where it failed.  Whoever has a mark does not wait for a sink that is away.
 *
 * A code that the plugin does not know may be the events' fault or the sink's.  Once a write was accepted
 * that began behind the last failure, it is taken for the events'; one that had begun before tells nothing.
 */
static bool write_once(struct worker *worker, struct batch *batch, const struct sp_batch *rows,
                       struct verdict *verdict, struct sp_written *written)
{
    struct seat *seat = &worker->sink;
    const struct sp_sink_ops *ops = seat->crew->stage->plugin->about.sink;
    for (size_t i = 0; i < verdict->count; i++)
        verdict->results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
    *written = (struct sp_written){.size = sizeof *written};
    int64_t deadline;
    if (!call_begin_within(seat, 0, worker->trial ? 0 : INT64_MAX, &deadline, &verdict->err))
        return true;
    int rc = ops->write(seat->handle, rows, verdict->results, written, deadline, &verdict->err);
    if (batch->unknown_at && atomic_load(&worker->deliver->accepted_at) > batch->unknown_at)
        batch->unknown_rejects = true;
    verdict->unknown = rc != 0 && verdict->err.class == SP_UNKNOWN;
    if (verdict->unknown && batch->unknown_rejects)
        verdict->err.class = SP_REJECTED;
    return call_end_rejectable(seat, rc, &verdict->err);
}

static void note_accepted(_Atomic int64_t *accepted_at, int64_t began)
{
    int64_t before = atomic_load(accepted_at);
    while (before < began && !atomic_compare_exchange_weak(accepted_at, &before, began))
        continue;
}

enum answer write_rows(struct worker *worker, struct batch *batch, const struct sp_batch *rows, size_t events,
                       struct verdict *verdict)
{
    struct counters *counters = &worker->deliver->work->counters;
    struct sp_written written;
    verdict->count = rows->table ? rows->row_count : rows->event_count;
    if (verdict->count == 0)
        return WRITTEN;
    verdict->results = sp_arena_alloc(batch->scratch, verdict->count * sizeof *verdict->results);
    for (bool failed = true; failed;) {
        if (!trial_enter(worker))
            return STOPPED;
        failed = write_once(worker, batch, rows, verdict, &written);
        trial_leave(worker, !failed || (verdict->err.class == SP_REJECTED && !verdict->unknown));
        if (failed && verdict->err.class == SP_REJECTED)
            return REJECTED;
        if (failed && verdict->err.class == SP_UNKNOWN)
            return UNKNOWN;
        if (failed && !call_again(&worker->sink, &verdict->err))
            return STOPPED;
    }
    note_accepted(&worker->deliver->accepted_at, worker->sink.began);
    count_add(&counters->writes, 1);
    count_add(&counters->events_written, events);
    count_add(&counters->rows_touched, written.rows_touched);
    return WRITTEN;
}

void write_bury(struct worker *worker, struct batch *batch, uint32_t event, const struct verdict *verdict)
{
    const struct sp_table *table = worker->fold ? table_of(worker->deliver->work->pipeline->table) : NULL;
    struct sp_letter letter =
        judge_letter(worker, batch, event, "sink", worker->deliver->work->pipeline->sink.plugin->about.name);
    const struct sp_result *named = &verdict->results[0];
    bool is_named = named->class == SP_REJECTED;
    const char *reason = is_named && named->text ? named->text : verdict->err.text;
    letter.class = "rejected";
    letter.reason = sp_arena_text(batch->scratch, reason, strlen(reason));
    if (is_named && table && named->column < table->column_count)
        letter.column = table->columns[named->column].name;
    batch_bury(batch, &letter);
    batch->events[event].end = EVENT_BURIED;
}

/* Which row (or event, without a table) of the write each event of the set is in. */
static void rows_of_set(struct worker *worker, struct set set, uint32_t *rows)
{
    size_t count = set.count;
    if (!worker->fold) {
        for (uint32_t i = 0; i < count; i++)
            rows[i] = i;
        return;
    }
    const struct fold_event *events = fold_events(worker->fold, &count);
    for (size_t i = 0; i < count; i++)
        rows[i] = events[i].row;
}

/* Parts a set by rows: the first and the others.  False where the first part is empty. */
static bool part(struct worker *worker, struct sp_arena *arena, struct set set,
                 bool (*is_first)(const struct verdict *, uint32_t row), const struct verdict *verdict,
                 struct set *first, struct set *second)
{
    uint32_t *rows = sp_arena_alloc(arena, set.count * sizeof *rows);
    uint32_t *ones = sp_arena_alloc(arena, set.count * sizeof *ones);
    uint32_t *others = sp_arena_alloc(arena, set.count * sizeof *others);
    *first = (struct set){ones, 0};
    *second = (struct set){others, 0};
    rows_of_set(worker, set, rows);
    for (size_t i = 0; i < set.count; i++) {
        if (is_first(verdict, rows[i]))
            ones[first->count++] = set.events[i];
        else
            others[second->count++] = set.events[i];
    }
    return first->count > 0;
}

static bool is_named(const struct verdict *verdict, uint32_t row)
{
    return verdict->results[row].class == SP_REJECTED;
}

static bool is_first_half(const struct verdict *verdict, uint32_t row)
{
    return row < verdict->count / 2;
}

static enum outcome write_one_by_one(struct worker *worker, struct batch *batch, struct set set)
{
    enum outcome outcome = WRITE_DONE;
    for (size_t i = 0; i < set.count && outcome == WRITE_DONE; i++)
        outcome = write_part(worker, batch, (struct set){&set.events[i], 1});
    return outcome;
}

static enum outcome write_two(struct worker *worker, struct batch *batch, struct set first, struct set second)
{
    enum outcome outcome = write_part(worker, batch, first);
    return outcome == WRITE_DONE ? write_part(worker, batch, second) : outcome;
}

/*
 * Some event of the set can never be written.  Named culprits are believed; where none is named, the
 * rows are halved: k bad events among n cost about 2k*log2(n) writes.  A rejected row is written
 * again event by event, and only the culprits die.
 */
static enum outcome isolate(struct worker *worker, struct batch *batch, struct set set,
                            const struct verdict *verdict)
{
    struct set first, second;
    if (set.count == 1 && verdict->unknown)
        return doubt_strike(worker, batch, set.events[0], verdict);
    if (set.count == 1) {
        write_bury(worker, batch, set.events[0], verdict);
        return WRITE_DONE;
    }
    if (part(worker, batch->scratch, set, is_named, verdict, &first, &second)) {
        enum outcome outcome = write_part(worker, batch, second);
        return outcome == WRITE_DONE ? write_one_by_one(worker, batch, first) : outcome;
    }
    if (part(worker, batch->scratch, set, is_first_half, verdict, &first, &second))
        return write_two(worker, batch, first, second);
    return write_one_by_one(worker, batch, set); /* it is one row */
}

void write_note(struct batch *batch, struct set set)
{
    for (size_t i = 0; i < set.count; i++)
        batch->events[set.events[i]].end = EVENT_WRITTEN;
}

static enum outcome end_of(struct worker *worker, struct batch *batch, struct set set, enum answer answer,
                           const struct verdict *verdict)
{
    switch (answer) {
    case WRITTEN:
        write_note(batch, set);
        return WRITE_DONE;
    case REJECTED:
        return isolate(worker, batch, set, verdict);
    case UNKNOWN:
        return doubt_set(worker, batch, set, verdict);
    case STOPPED:
        break;
    }
    return WRITE_STOPPED;
}

enum outcome write_part(struct worker *worker, struct batch *batch, struct set set)
{
    struct sp_batch rows;
    struct verdict verdict = {0};
    if (set.count == 0)
        return WRITE_DONE;
    write_make_rows(worker, batch, set, &rows);
    enum answer answer = write_rows(worker, batch, &rows, set.count, &verdict);
    return end_of(worker, batch, set, answer, &verdict);
}

/* What was buried on the way is stored, also where the rest could not be written: it is judged. */
static enum outcome store_buried(struct worker *worker, struct batch *batch, size_t judged,
                                 enum outcome outcome)
{
    struct deliver *deliver = worker->deliver;
    size_t buried = batch->buried_count;
    batch->buried_count = 0;
    if (!letters_store(deliver->work, &worker->letters, batch->buried, buried))
        return WRITE_STOPPED;
    deliver_count_verdicts(deliver, judged, buried);
    return outcome;
}

static size_t count_open(const struct batch *batch, struct set set)
{
    size_t count = 0;
    for (size_t i = 0; i < set.count; i++)
        count += batch->events[set.events[i]].end == EVENT_OPEN;
    return count;
}

/* What of the set is open; `in_doubt` or not. */
static struct set open_of(const struct batch *batch, struct set set, bool in_doubt)
{
    uint32_t *list = sp_arena_alloc(batch->scratch, set.count * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < set.count; i++) {
        const struct delivered *event = &batch->events[set.events[i]];
        if (event->end == EVENT_OPEN && (event->strikes > 0) == in_doubt)
            list[count++] = set.events[i];
    }
    return (struct set){list, count};
}

enum outcome write_set(struct worker *worker, struct batch *batch, struct set set)
{
    batch_begin_try(batch);
    size_t open = count_open(batch, set);
    struct set doubtful = open_of(batch, set, true);
    enum outcome outcome = write_part(worker, batch, open_of(batch, set, false));
    if (outcome == WRITE_DONE)
        outcome = doubt_again(worker, batch, doubtful);
    return store_buried(worker, batch, open - count_open(batch, set), outcome);
}

/* What was just judged: with a table, that has folded what fits already. */
static enum outcome write_judged(struct worker *worker, struct batch *batch, struct set all)
{
    struct sp_batch rows;
    struct verdict verdict = {0};
    if (worker->fold)
        fold_finish(worker->fold, &rows);
    else
        write_make_rows(worker, batch, all, &rows);
    enum answer answer = write_rows(worker, batch, &rows, all.count, &verdict);
    enum outcome outcome = end_of(worker, batch, all, answer, &verdict);
    return store_buried(worker, batch, all.count - count_open(batch, all), outcome);
}

enum outcome write_batch(struct worker *worker, struct batch *batch)
{
    struct set all;
    bool again = batch->judged;
    if (!judge_batch(worker, batch, &all))
        return WRITE_STOPPED;
    enum outcome outcome = again ? write_set(worker, batch, all) : write_judged(worker, batch, all);
    return outcome == WRITE_DONE && batch_is_open(batch) ? WRITE_ASIDE : outcome;
}
