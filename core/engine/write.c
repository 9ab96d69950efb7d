/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/mem.h"
#include "engine/deliver.h"

#include <scanpipe/json.h>

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
        failed = call_end_rejectable(seat, rc, &verdict->err);
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

/* The sink rejects this one event, alone.  Its letter waits until the whole batch is judged: one
 * store then serves all.  Nothing is lost meanwhile, the message is not settled. */
static void bury(struct worker *worker, uint32_t event, const struct verdict *verdict)
{
    const struct sp_table *table = worker->fold ? table_of(plan_of(worker)) : NULL;
    struct sp_letter letter =
        letter_of(worker, event, "sink", worker->deliver->work->pipeline->sink.plugin->about.name);
    const struct sp_result *named = &verdict->results[0];
    bool is_named = named->class == SP_REJECTED;
    const char *reason = is_named && named->text ? named->text : verdict->err.text;
    letter.class = "rejected";
    letter.reason = sp_arena_text(worker->arena, reason, strlen(reason));
    if (is_named && table && named->column < table->column_count)
        letter.column = table->columns[named->column].name;
    if (worker->buried_count == worker->buried_capacity) {
        worker->buried_capacity = worker->buried_capacity ? 2 * worker->buried_capacity : 64;
        worker->buried = mem_realloc(worker->buried, worker->buried_capacity * sizeof *worker->buried);
    }
    worker->buried[worker->buried_count++] = letter;
}

/* Which row (or event, without a table) of the batch each event of the set is in. */
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
static bool part(struct worker *worker, struct set set,
                 bool (*is_first)(const struct verdict *, uint32_t row), const struct verdict *verdict,
                 struct set *first, struct set *second)
{
    uint32_t *rows = sp_arena_alloc(worker->arena, set.count * sizeof *rows);
    uint32_t *ones = sp_arena_alloc(worker->arena, set.count * sizeof *ones);
    uint32_t *others = sp_arena_alloc(worker->arena, set.count * sizeof *others);
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
    if (set.count == 1) {
        bury(worker, set.events[0], verdict);
        return true;
    }
    if (part(worker, set, is_named, verdict, &first, &second))
        return (second.count == 0 || write_set(worker, second)) && write_one_by_one(worker, first);
    if (part(worker, set, is_first_half, verdict, &first, &second)) /* empty where it is one row */
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

struct rejects {
    struct sp_letter *letters;
    size_t count;
};

static void add_letter(struct worker *worker, struct rejects *rejects, uint32_t event,
                       const struct fold_reject *why)
{
    if (!rejects->letters)
        rejects->letters = sp_arena_alloc(worker->arena, worker->event_count * sizeof *rejects->letters);
    struct sp_letter letter = letter_of(worker, event, "table", "table");
    letter.class = why->reason_class;
    letter.reason = why->reason;
    letter.column = why->column;
    letter.pointer = why->pointer;
    rejects->letters[rejects->count++] = letter;
}

/* What other programs put into the queue was not judged by a source: a sink without a table gets
 * JSON objects on one line each, and nothing else. */
static enum fold_verdict judge_event(struct worker *worker, struct delivered *event, struct fold_reject *why)
{
    struct sp_json_fault fault;
    if (framing_attribute(event->message, FRAMING_FORMAT).data)
        return FOLD_TAKEN;
    *why = (struct fold_reject){.reason_class = "malformed", .reason = "is not a JSON object"};
    event->bytes = framing_one_line(event->bytes, worker->arena);
    bool object = event->bytes.size > 0 && event->bytes.data[strspn(event->bytes.data, " \t")] == '{';
    return object && sp_json_scan_whole(NULL, event->bytes, NULL, &fault) == 0 ? FOLD_TAKEN : FOLD_REJECTED;
}

/* Judges the whole batch: what fits goes to *taken, what does not is stored among the dead letters.
 * False: the stop came first. */
static bool judge_all(struct worker *worker, struct set *taken)
{
    struct work *work = worker->deliver->work;
    uint32_t *fitting = sp_arena_alloc(worker->arena, worker->event_count * sizeof *fitting);
    struct rejects rejects = {NULL, 0};
    struct fold_reject why;
    size_t count = 0;
    if (worker->fold)
        fold_start(worker->fold);
    for (uint32_t i = 0; i < worker->event_count; i++) {
        struct delivered *event = &worker->events[i];
        enum fold_verdict verdict =
            worker->fold ? fold_add(worker->fold, event->bytes, i, &why) : judge_event(worker, event, &why);
        if (verdict == FOLD_TAKEN)
            fitting[count++] = i;
        else if (verdict == FOLD_REJECTED)
            add_letter(worker, &rejects, i, &why);
    }
    count_add(&work->counters.events_unwanted, worker->event_count - count - rejects.count);
    *taken = (struct set){fitting, count};
    return letters_store(work, &worker->letters, rejects.letters, rejects.count);
}

bool write_batch(struct worker *worker)
{
    struct sp_batch batch;
    struct set all;
    struct verdict verdict = {0};
    if (!judge_all(worker, &all))
        return false;
    /* With a table, judging has folded what fits already. */
    if (worker->fold)
        fold_finish(worker->fold, &batch);
    else
        make_batch(worker, all, &batch);
    enum outcome outcome = write_rows(worker, &batch, all.count, &verdict);
    bool done = outcome == REJECTED ? isolate(worker, all, &verdict) : outcome == WRITTEN;
    return letters_store(worker->deliver->work, &worker->letters, worker->buried, worker->buried_count) &&
           done;
}
