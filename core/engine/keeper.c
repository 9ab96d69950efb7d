/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "engine/deliver.h"

/* How often leases are looked at, and the queue's depth: often only where somebody waits for it to be
 * empty, for a look may be a request that costs. */
static const int64_t turn_ns = SP_SECOND / 4, depth_every_ns = 5 * SP_SECOND;

/* Copies the receipts of a batch, where one of their leases ends before `horizon`; note_extended() follows.
 */
static struct sp_slice *receipts_of(struct batch *batch, int64_t horizon, struct sp_arena *arena,
                                    size_t *count_out)
{
    struct sp_slice *receipts = NULL;
    size_t count = 0;
    pthread_mutex_lock(&batch->lock);
    if (batch->count > 0 && !batch->given_back && batch->lease_end < horizon) {
        batch->extending = true;
        receipts = sp_arena_alloc(arena, batch->count * sizeof *receipts);
        for (; count < batch->count; count++)
            receipts[count] = sp_arena_copy(arena, batch->carried[count].message.receipt);
    }
    pthread_mutex_unlock(&batch->lock);
    *count_out = count;
    return receipts;
}

/* `lease_end` 0: some were not. */
static void note_extended(struct batch *batch, int64_t lease_end)
{
    pthread_mutex_lock(&batch->lock);
    if (lease_end)
        batch->lease_end = lease_end;
    batch->extending = false;
    pthread_cond_broadcast(&batch->extended);
    pthread_mutex_unlock(&batch->lock);
}

/* A lease that is lost cannot be won back; what else failed is tried again. */
static bool all_extended(const struct sp_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].class != SP_OK && results[i].class != SP_CONTENDED)
            return false;
    return true;
}

/* Extends a batch.  What fails is tried at the next turn: there are three in a lease. */
static void extend_batch(struct keeper *keeper, struct batch *batch, int64_t lease_ns, struct sp_arena *arena)
{
    struct seat *seat = &keeper->queue;
    const struct plugin *plugin = seat->crew->stage->plugin;
    int64_t began = sp_clock_now();
    size_t count;
    struct sp_slice *receipts = receipts_of(batch, began + lease_ns * 2 / 3, arena, &count);
    size_t step = plugin_most(plugin->capabilities.batch_messages, count);
    struct sp_result *results = sp_arena_zalloc(arena, count * sizeof *results);
    struct sp_error err = {0};
    bool failed = false;
    for (size_t at = 0; at < count && !failed; at += step) {
        size_t some = count - at < step ? count - at : step;
        int64_t deadline = call_begin(seat, 0);
        int rc = plugin->about.queue->extend(seat->handle, receipts + at, some, lease_ns, results + at,
                                             deadline, &err);
        failed = call_end(seat, rc, &err);
    }
    if (count > 0)
        note_extended(batch, !failed && all_extended(results, count) ? began + lease_ns : 0);
}

/* Returns how long to wait before the next look. */
static int64_t look_at_depth(struct keeper *keeper)
{
    struct seat *seat = &keeper->queue;
    struct sp_depth depth = {.size = sizeof depth};
    struct sp_error err = {0};
    int64_t deadline = call_begin(seat, 0);
    int rc = seat->crew->stage->plugin->about.queue->depth(seat->handle, &depth, deadline, &err);
    if (call_end_aside(seat, rc, &err)) /* nothing needs the answer but people */
        return call_pause_ns(seat, &err);
    atomic_store(&keeper->visible, depth.visible);
    atomic_store(&keeper->leased, depth.leased);
    atomic_store(&keeper->known, true);
    if (depth.visible == 0 && depth.leased == 0)
        atomic_fetch_add(&keeper->empty_looks, 1);
    else
        atomic_store(&keeper->empty_looks, 0);
    return depth_every_ns;
}

void *keeper_run(void *argument)
{
    struct keeper *keeper = argument;
    struct deliver *deliver = keeper->deliver;
    struct work *work = deliver->work;
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    int64_t looked = sp_clock_now(), wait = 0;
    log_name("keeper");
    atomic_store(&keeper->queue.at_stop, BREAK_AT_ONCE);
    do {
        for (size_t i = 0; i < deliver->worker_count * BATCHES; i++) {
            arena_reset(arena, 65536);
            extend_batch(keeper, &deliver->workers[i / BATCHES].batches[i % BATCHES],
                         work->pipeline->queue_options.visibility_timeout_ns, arena);
        }
        bool eager = atomic_load(&keeper->eager) && wait == depth_every_ns;
        if (eager || sp_clock_now() - looked >= wait) {
            wait = look_at_depth(keeper);
            looked = sp_clock_now();
        }
    } while (stop_wait(&work->stop, turn_ns));
    return NULL;
}
