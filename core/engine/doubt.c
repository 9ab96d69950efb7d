/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/write.h"

/* An event that the sink should take: one that it has taken, or, where there is none, any of the set.  They
 * are picked by chance: the one may fail for a reason of its own.  False: there is none but those in
 * question. */
static bool pick_witness(const struct batch *batch, struct set set, uint32_t *out)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < batch->taken.count; i++)
        if (batch->events[batch->taken.events[i]].end == EVENT_WRITTEN && sp_random() % ++seen == 0)
            *out = batch->taken.events[i];
    if (seen == 0 && set.count > 1)
        *out = set.events[sp_random() % set.count];
    return seen > 0 || set.count > 1;
}

enum witness { WITNESS_TAKEN, WITNESS_FAILED, WITNESS_NONE, WITNESS_STOPPED };

/* Whether the sink has taken another write since the last failure, or takes one now.  NONE: there is nothing
 * to ask it with.  From now on a failure is, or is not, the events'. */
static enum witness ask_witness(struct worker *worker, struct batch *batch, struct set set)
{
    struct verdict verdict = {0};
    struct sp_batch rows;
    uint32_t witness;
    batch->unknown_rejects = atomic_load(&worker->deliver->accepted_at) > batch->unknown_at;
    if (batch->unknown_rejects)
        return WITNESS_TAKEN;
    if (!pick_witness(batch, set, &witness))
        return WITNESS_NONE;
    write_make_rows(worker, batch, (struct set){&witness, 1}, &rows);
    enum answer answer = write_rows(worker, batch, &rows, 0, &verdict);
    if (answer == STOPPED)
        return WITNESS_STOPPED;
    batch->unknown_rejects = answer == WRITTEN;
    if (answer == WRITTEN)
        write_note(batch, (struct set){&witness, 1});
    else if (batch->events[witness].end == EVENT_WRITTEN) /* else it may be to blame itself */
        batch_forget_doubts(batch);
    return answer == WRITTEN ? WITNESS_TAKEN : WITNESS_FAILED;
}

/* What stays in doubt is tried again. */
enum outcome doubt_strike(struct worker *worker, struct batch *batch, uint32_t event,
                          const struct verdict *verdict)
{
    struct sp_error why = verdict->err;
    enum witness witness = ask_witness(worker, batch, (struct set){&event, 1});
    if (witness != WITNESS_TAKEN)
        return witness == WITNESS_STOPPED ? WRITE_STOPPED : WRITE_ASIDE;
    batch->unknown_at = sp_clock_now();
    if (verdicts_strike(&batch->events[event].strikes)) {
        struct verdict final = {.results = &(struct sp_result){SP_OK, SP_NO_COLUMN, NULL}, .err = why};
        write_bury(worker, batch, event, &final);
    }
    return WRITE_DONE;
}

/* The first time the batch comes aside, until the sink took another write; where that place is taken it is
 * looked into at once: what of it can be written is the witness of the one that waits there.  Where the sink
 * takes another write, some of the set are to blame. */
enum outcome doubt_set(struct worker *worker, struct batch *batch, struct set set,
                       const struct verdict *verdict)
{
    if (!batch->was_aside && worker->aside->count == 0)
        return WRITE_ASIDE;
    if (!batch->was_aside)
        batch->unknown_at = sp_clock_now();
    if (set.count == 1)
        return doubt_strike(worker, batch, set.events[0], verdict);
    enum witness witness = ask_witness(worker, batch, set);
    if (witness != WITNESS_TAKEN)
        return witness == WITNESS_STOPPED ? WRITE_STOPPED : WRITE_ASIDE;
    return write_part(worker, batch, set);
}

enum outcome doubt_again(struct worker *worker, struct batch *batch, struct set set)
{
    enum outcome outcome = WRITE_DONE;
    for (size_t i = 0; i < set.count && outcome == WRITE_DONE; i++) {
        struct set one = {&set.events[i], 1};
        if (ask_witness(worker, batch, one) == WITNESS_STOPPED)
            return WRITE_STOPPED;
        outcome = write_part(worker, batch, one);
    }
    return outcome;
}
