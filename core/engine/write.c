/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/deliver.h"

/* A set of events of the batch, by their number. */
struct set {
    const uint32_t *events;
    size_t count;
};

enum outcome { WRITTEN, REJECTED, STOPPED };

/* What the sink said of a set that it rejected. */
struct verdict {
    struct sp_result *results; /* one a row, or an event without a table */
    size_t count;
    struct sp_error err;
};

static const struct table_plan *plan_of(const struct worker *worker)
{
    return worker->deliver->work->pipeline->table;
}

static struct sp_letter letter_of(struct worker *worker, uint32_t event, const char *stage,
                                  const char *plugin)
{
    const struct delivered *delivered = &worker->events[event];
    struct sp_slice cursor = framing_attribute(delivered->message, FRAMING_CURSOR);
    struct sp_letter letter = {.event = delivered->bytes, .stage = stage, .plugin = plugin};
    struct fold_identity identity = {NULL, NULL};
    if (plan_of(worker))
        fold_identify(plan_of(worker), delivered->bytes, worker->arena, &identity);
    letter.event_id = identity.order;
    letter.event_key = identity.key;
    if (cursor.data)
        letter.cursor = sp_arena_text(worker->arena, cursor.data, cursor.size);
    return letter;
}

/* Folds a set whose events are all known to fit, or takes them as they are. */
static void make_batch(struct worker *worker, struct set set, struct sp_batch *batch)
{
    *batch = (struct sp_batch){.size = sizeof *batch};
    if (!worker->fold) {
        struct sp_slice *events = sp_arena_alloc(worker->arena, set.count * sizeof *events);
        for (size_t i = 0; i < set.count; i++)
            events[i] = worker->events[set.events[i]].bytes;
        batch->events = events;
        batch->event_count = set.count;
        return;
    }
    struct fold_reject why;
    fold_start(worker->fold);
    for (size_t i = 0; i < set.count; i++)
        fold_add(worker->fold, worker->events[set.events[i]].bytes, set.events[i], &why);
    fold_finish(worker->fold, batch);
}

/* Writes a batch, however long the sink is away. */
static enum outcome write_rows(struct worker *worker, const struct sp_batch *batch, size_t events,
                               struct verdict *verdict)
{
    struct seat *seat = &worker->sink;
    struct counters *counters = &worker->deliver->work->counters;
    const struct sp_sink_ops *ops = seat->crew->stage->plugin->about.sink;
    struct sp_written written;
    bool failed;
    verdict->count = batch->table ? batch->row_count : batch->event_count;
    if (verdict->count == 0)
        return WRITTEN;
    verdict->results = sp_arena_alloc(worker->arena, verdict->count * sizeof *verdict->results);
    do {
        for (size_t i = 0; i < verdict->count; i++)
            verdict->results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        written = (struct sp_written){.size = sizeof written};
        int64_t deadline = call_begin(seat, 0);
        int rc = ops->write(seat->handle, batch, verdict->results, &written, deadline, &verdict->err);
        failed = call_end(seat, rc, &verdict->err);
        if (failed && verdict->err.class == SP_REJECTED)
            return REJECTED;
    } while (failed && call_again(seat, &verdict->err));
    if (failed)
        return STOPPED;
    count_add(&counters->writes, 1);
    count_add(&counters->events_written, events);
    count_add(&counters->rows_touched, written.rows_touched);
    return WRITTEN;
}

/* The sink rejects this one event, alone. */
static bool bury(struct worker *worker, uint32_t event, const struct verdict *verdict)
{
    struct work *work = worker->deliver->work;
    const struct sp_table *table = worker->fold ? table_of(plan_of(worker)) : NULL;
    struct sp_letter letter = letter_of(worker, event, "sink", work->pipeline->sink.plugin->about.name);
    const struct sp_result *named = NULL;
    for (size_t i = 0; i < verdict->count && !named; i++)
        if (verdict->results[i].class == SP_REJECTED)
            named = &verdict->results[i];
    letter.class = "rejected";
    letter.reason = named && named->text ? named->text : verdict->err.text;
    if (named && table && named->column < table->column_count)
        letter.column = table->columns[named->column].name;
    return letters_store(work, &worker->letters, &letter, 1);
}

/* Parts a set by the rows that the sink named; false where it named none. */
static bool part_named(struct worker *worker, struct set set, const struct verdict *verdict,
                       struct set *culprits, struct set *others)
{
    uint32_t *bad = sp_arena_alloc(worker->arena, set.count * sizeof *bad);
    uint32_t *good = sp_arena_alloc(worker->arena, set.count * sizeof *good);
    *culprits = (struct set){bad, 0};
    *others = (struct set){good, 0};
    for (size_t row = 0; row < verdict->count; row++) {
        const uint32_t *events = &set.events[row];
        size_t count = 1;
        if (worker->fold)
            fold_row_events(worker->fold, row, worker->arena, &events, &count);
        bool named = verdict->results[row].class == SP_REJECTED;
        memcpy(named ? bad + culprits->count : good + others->count, events, count * sizeof *events);
        *(named ? &culprits->count : &others->count) += count;
    }
    return culprits->count > 0;
}

/* Halves a set between rows, so that a row stays whole; false where it is one row. */
static bool part_in_half(struct worker *worker, struct set set, const struct verdict *verdict,
                         struct set *first, struct set *second)
{
    struct verdict half = *verdict;
    if (verdict->count < 2)
        return false;
    half.results = sp_arena_zalloc(worker->arena, verdict->count * sizeof *half.results);
    for (size_t row = 0; row < verdict->count / 2; row++)
        half.results[row].class = SP_REJECTED;
    return part_named(worker, set, &half, first, second);
}

static bool write_set(struct worker *worker, struct set set);

static bool write_one_by_one(struct worker *worker, struct set set)
{
    for (size_t i = 0; i < set.count; i++)
        if (!write_set(worker, (struct set){&set.events[i], 1}))
            return false;
    return true;
}

/*
 * Some event of the set can never be written.  Named culprits are believed; where none is named, the
 * rows are halved: k bad events among n cost about 2k*log2(n) writes.  A rejected row is written
 * again event by event, and only the culprits die.
 */
static bool isolate(struct worker *worker, struct set set, const struct verdict *verdict)
{
    struct set first, second;
    if (set.count == 1)
        return bury(worker, set.events[0], verdict);
    if (part_named(worker, set, verdict, &first, &second))
        return (second.count == 0 || write_set(worker, second)) && write_one_by_one(worker, first);
    if (part_in_half(worker, set, verdict, &first, &second))
        return write_set(worker, first) && write_set(worker, second);
    return write_one_by_one(worker, set);
}

static bool write_set(struct worker *worker, struct set set)
{
    struct sp_batch batch;
    struct verdict verdict = {0};
    make_batch(worker, set, &batch);
    enum outcome outcome = write_rows(worker, &batch, set.count, &verdict);
    return outcome == REJECTED ? isolate(worker, set, &verdict) : outcome == WRITTEN;
}

static void add_letter(struct worker *worker, struct sp_letter **letters, size_t *count, uint32_t event,
                       const struct fold_reject *why)
{
    if (!*letters)
        *letters = sp_arena_alloc(worker->arena, worker->event_count * sizeof **letters);
    struct sp_letter letter = letter_of(worker, event, "table", "table");
    letter.class = why->reason_class;
    letter.reason = why->reason;
    letter.column = why->column;
    letter.pointer = why->pointer;
    (*letters)[(*count)++] = letter;
}

/* Folds the whole batch; what does not fit the table is stored among the dead letters.  The set of
 * those that fit goes to *taken.  False: the stop came first. */
static bool fold_all(struct worker *worker, struct set *taken, struct sp_batch *batch)
{
    struct work *work = worker->deliver->work;
    uint32_t *fitting = sp_arena_alloc(worker->arena, worker->event_count * sizeof *fitting);
    struct sp_letter *letters = NULL;
    size_t fitting_count = 0, letter_count = 0;
    struct fold_reject why;
    fold_start(worker->fold);
    for (uint32_t i = 0; i < worker->event_count; i++) {
        enum fold_verdict verdict = fold_add(worker->fold, worker->events[i].bytes, i, &why);
        if (verdict == FOLD_TAKEN)
            fitting[fitting_count++] = i;
        else if (verdict == FOLD_REJECTED)
            add_letter(worker, &letters, &letter_count, i, &why);
    }
    count_add(&work->counters.events_unwanted, worker->event_count - fitting_count - letter_count);
    *taken = (struct set){fitting, fitting_count};
    fold_finish(worker->fold, batch);
    return letters_store(work, &worker->letters, letters, letter_count);
}

bool write_batch(struct worker *worker)
{
    struct sp_batch batch;
    struct set all;
    struct verdict verdict = {0};
    if (worker->fold) {
        if (!fold_all(worker, &all, &batch))
            return false;
    } else {
        uint32_t *events = sp_arena_alloc(worker->arena, worker->event_count * sizeof *events);
        for (uint32_t i = 0; i < worker->event_count; i++)
            events[i] = i;
        all = (struct set){events, worker->event_count};
        make_batch(worker, all, &batch);
    }
    enum outcome outcome = write_rows(worker, &batch, all.count, &verdict);
    return outcome == REJECTED ? isolate(worker, all, &verdict) : outcome == WRITTEN;
}
