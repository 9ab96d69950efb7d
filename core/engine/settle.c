/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/deliver.h"

static size_t step_of(const struct worker *worker, size_t count)
{
    return plugin_most(worker->queue.crew->stage->plugin->capabilities.batch_messages, count);
}

/* Moves the entries that were not settled to the front; returns how many there are. */
static size_t keep_unsettled(struct sp_settle *entries, size_t count, const struct sp_result *results,
                             struct sp_error *err)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (results[i].class != SP_OK) {
            sp_fail(err, results[i].class, "%s",
                    results[i].text ? results[i].text : "a message was not settled");
            entries[left++] = entries[i];
        }
    return left;
}

/* Settles some messages, at most one call's worth.  Tried once where the stop was asked for: what is
 * not settled comes back by its lease, which is repetition. */
static void settle_some(struct worker *worker, struct sp_arena *arena, struct sp_settle *entries,
                        size_t count)
{
    struct seat *seat = &worker->queue;
    const struct sp_queue_ops *ops = seat->crew->stage->plugin->about.queue;
    struct sp_result *results = sp_arena_alloc(arena, count * sizeof *results);
    struct sp_error err = {0};
    bool failed;
    do {
        memset(results, 0, count * sizeof *results);
        int64_t deadline = call_begin(seat, 0);
        int rc = ops->settle(seat->handle, entries, count, results, deadline, &err);
        if (rc == 0) {
            count = keep_unsettled(entries, count, results, &err);
            rc = count == 0 ? 0 : -1;
        }
        failed = call_end(seat, rc, &err);
    } while (failed && call_again(seat, &err));
}

static void settle_ended(struct worker *worker, struct batch *batch)
{
    struct sp_settle *entries = sp_arena_alloc(batch->arena, batch->count * sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->carried[i].fate != FATE_LATER)
            entries[count++] =
                (struct sp_settle){batch->carried[i].message.receipt, batch->carried[i].fate == FATE_DONE};
    size_t step = step_of(worker, count);
    for (size_t at = 0; at < count; at += step)
        settle_some(worker, batch->arena, entries + at, count - at < step ? count - at : step);
}

/* A lease that ends soon: a message that is released would come back at once.  Tried once: else its lease
 * ends later. */
static void put_off(struct worker *worker, struct batch *batch)
{
    struct seat *seat = &worker->queue;
    const struct sp_queue_ops *ops = seat->crew->stage->plugin->about.queue;
    struct sp_slice *receipts = sp_arena_alloc(batch->arena, batch->count * sizeof *receipts);
    struct sp_error err = {0};
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->carried[i].fate == FATE_LATER)
            receipts[count++] = batch->carried[i].message.receipt;
    if (count > 0)
        batch_give_back(batch);
    size_t step = step_of(worker, count);
    for (size_t at = 0; at < count; at += step) {
        size_t some = count - at < step ? count - at : step;
        struct sp_result *results = sp_arena_zalloc(batch->arena, some * sizeof *results);
        int64_t lease = batch->later_ns + (int64_t)(sp_random() % (uint64_t)batch->later_ns);
        int64_t deadline = call_begin(seat, 0);
        int rc = ops->extend(seat->handle, receipts + at, some, lease, results, deadline, &err);
        call_end(seat, rc, &err);
    }
}

void settle_batch(struct worker *worker, struct batch *batch)
{
    /* The last thing to do, also at a stop. */
    atomic_store(&worker->queue.at_stop, BREAK_NEVER);
    if (batch->count > 0) {
        settle_ended(worker, batch);
        put_off(worker, batch);
    }
    batch_clear(batch);
}
