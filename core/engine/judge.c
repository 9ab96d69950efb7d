/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/deliver.h"

struct sp_letter judge_letter(struct worker *worker, struct batch *batch, uint32_t event, const char *stage,
                              const char *plugin)
{
    const struct table_plan *plan = worker->deliver->work->pipeline->table;
    const struct delivered *delivered = &batch->events[event];
    struct sp_slice cursor = framing_attribute(&batch->carried[delivered->carried].message, FRAMING_CURSOR);
    struct sp_letter letter = {.event = delivered->bytes, .stage = stage, .plugin = plugin};
    struct fold_identity identity = {NULL, NULL};
    if (plan)
        fold_identify(plan, delivered->bytes, batch->scratch, &identity);
    letter.event_id = identity.order;
    letter.event_key = identity.key;
    if (cursor.data)
        letter.cursor = sp_arena_text(batch->scratch, cursor.data, cursor.size);
    if (delivered->history) {
        letter.attempts = delivered->history->attempts + 1;
        letter.first_wall_ms = delivered->history->first_wall_ms;
    }
    return letter;
}

struct rejects {
    struct sp_letter *letters;
    size_t count;
};

static void add_letter(struct worker *worker, struct batch *batch, struct rejects *rejects, uint32_t event,
                       const struct fold_reject *why)
{
    if (!rejects->letters)
        rejects->letters = sp_arena_alloc(batch->scratch, batch->event_count * sizeof *rejects->letters);
    struct sp_letter letter = judge_letter(worker, batch, event, "table", "table");
    letter.class = why->reason_class;
    letter.reason = why->reason;
    letter.column = why->column;
    letter.pointer = why->pointer;
    rejects->letters[rejects->count++] = letter;
}

/* What other programs put into the queue was not judged by a source, nor was what comes back from the dead
 * letters: a sink without a table gets JSON objects, and nothing else. */
static enum fold_verdict judge_event(struct worker *worker, struct batch *batch, uint32_t number,
                                     struct fold_reject *why)
{
    const struct delivered *event = &batch->events[number];
    if (event->history && event->history->wrong) {
        *why = (struct fold_reject){.reason_class = "malformed", .reason = event->history->wrong};
        return FOLD_REJECTED;
    }
    if (worker->fold)
        return fold_add(worker->fold, event->bytes, number, why);
    *why = (struct fold_reject){.reason_class = "malformed", .reason = "is not a JSON object"};
    const struct sp_received *message = &batch->carried[event->carried].message;
    if (sp_slice_equal(framing_attribute(message, FRAMING_FORMAT), sp_slice_of(FRAMING_NDJSON)))
        return FOLD_TAKEN;
    return framing_is_object(event->bytes) ? FOLD_TAKEN : FOLD_REJECTED;
}

/* With a table, judging folds what fits on the way. */
static bool judge(struct worker *worker, struct batch *batch)
{
    struct work *work = worker->deliver->work;
    uint32_t *fitting = sp_arena_alloc(batch->arena, batch->event_count * sizeof *fitting);
    struct rejects rejects = {NULL, 0};
    struct fold_reject why;
    size_t count = 0;
    if (worker->fold)
        fold_start(worker->fold);
    for (uint32_t i = 0; i < batch->event_count; i++) {
        enum fold_verdict verdict = judge_event(worker, batch, i, &why);
        if (verdict == FOLD_TAKEN)
            fitting[count++] = i;
        else if (verdict == FOLD_REJECTED)
            add_letter(worker, batch, &rejects, i, &why);
        batch->events[i].end = verdict == FOLD_TAKEN      ? EVENT_OPEN
                               : verdict == FOLD_REJECTED ? EVENT_BURIED
                                                          : EVENT_UNWANTED;
    }
    batch->taken = (struct set){fitting, count};
    count_add(&work->counters.events_unwanted, batch->event_count - count - rejects.count);
    deliver_count_verdicts(worker->deliver, rejects.count, rejects.count);
    return letters_store(work, &worker->letters, rejects.letters, rejects.count);
}

bool judge_batch(struct worker *worker, struct batch *batch, struct set *taken)
{
    batch_begin_try(batch);
    batch->judged = batch->judged || judge(worker, batch);
    *taken = batch->taken;
    return batch->judged;
}
