/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/deliver.h"

#include <stdlib.h>

/* How long one receive waits at an empty queue. */
static const int64_t long_poll_ns = 10 * SP_SECOND;

enum { RECEIVE_MESSAGES = 100, ARENA_KEPT = 4 << 20 };

void deliver_init(struct deliver *deliver, struct work *work)
{
    *deliver = (struct deliver){.work = work};
    pthread_mutex_init(&deliver->lock, NULL);
    pthread_mutex_init(&deliver->preparing, NULL);
    cond_init_monotonic(&deliver->changed);
}

void deliver_fini(struct deliver *deliver)
{
    pthread_cond_destroy(&deliver->changed);
    pthread_mutex_destroy(&deliver->preparing);
    pthread_mutex_destroy(&deliver->lock);
}

void worker_init(struct worker *worker, struct deliver *deliver)
{
    const struct table_plan *table = deliver->work->pipeline->table;
    worker->deliver = deliver;
    worker->events_each = (size_t)deliver->work->pipeline->queue_options.pack_events;
    worker->arena = arena_new((size_t)1 << 20);
    worker->fold = table ? fold_new(table) : NULL;
    pthread_mutex_init(&worker->held.lock, NULL);
}

void worker_fini(struct worker *worker)
{
    arena_free(worker->arena);
    fold_free(worker->fold);
    free(worker->events);
    free(worker->buried);
    free(worker->held.runs);
    pthread_mutex_destroy(&worker->held.lock);
}

/* Only one worker waits at an empty queue.  False: stop. */
static bool take_poll(struct deliver *deliver, bool *waits_out)
{
    struct stop *stop = &deliver->work->stop;
    pthread_mutex_lock(&deliver->lock);
    while (deliver->polling && deliver->idle && !stop_asked(stop))
        cond_wait_ns(&deliver->changed, &deliver->lock, SP_SECOND / 5);
    *waits_out = deliver->idle;
    deliver->polling = deliver->polling || deliver->idle;
    pthread_mutex_unlock(&deliver->lock);
    return !stop_asked(stop);
}

static void leave_poll(struct deliver *deliver, bool waited, bool found)
{
    pthread_mutex_lock(&deliver->lock);
    deliver->idle = !found;
    if (waited)
        deliver->polling = false;
    pthread_cond_broadcast(&deliver->changed);
    pthread_mutex_unlock(&deliver->lock);
}

static void hold(struct held *held, const struct sp_received *messages, size_t count)
{
    pthread_mutex_lock(&held->lock);
    if (held->run_count == held->run_capacity) {
        held->run_capacity = held->run_capacity ? 2 * held->run_capacity : 16;
        held->runs = mem_realloc(held->runs, held->run_capacity * sizeof *held->runs);
    }
    held->runs[held->run_count++] = (struct held_run){messages, count};
    for (size_t i = 0; i < count; i++)
        if (held->count++ == 0 || messages[i].lease_end < held->lease_end)
            held->lease_end = messages[i].lease_end;
    pthread_mutex_unlock(&held->lock);
}

static void hold_nothing(struct held *held)
{
    pthread_mutex_lock(&held->lock);
    held->run_count = held->count = 0;
    pthread_mutex_unlock(&held->lock);
}

static void add_event(struct worker *worker, struct sp_slice bytes, const struct sp_received *message)
{
    if (worker->event_count == worker->event_capacity) {
        worker->event_capacity = worker->event_capacity ? 2 * worker->event_capacity : 1024;
        worker->events = mem_realloc(worker->events, worker->event_capacity * sizeof *worker->events);
    }
    worker->events[worker->event_count++] = (struct delivered){bytes, message};
    worker->bytes += bytes.size;
}

static void unpack(struct worker *worker, const struct sp_received *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct framing_reader reader = framing_open(&messages[i]);
        for (struct sp_slice event; framing_next(&reader, &event);)
            add_event(worker, event, &messages[i]);
    }
}

/* How many messages the rest of the batch has room for, judged by those before. */
static size_t room(const struct worker *worker, const struct sink_options *options)
{
    size_t left = (size_t)options->batch_events - worker->event_count;
    size_t more = (left + worker->events_each - 1) / worker->events_each;
    return more < RECEIVE_MESSAGES ? more : RECEIVE_MESSAGES;
}

/* One receive into the batch.  Returns how many messages came; -1: it failed. */
static int receive(struct worker *worker, size_t max, int64_t wait_ns, struct sp_error *err)
{
    struct work *work = worker->deliver->work;
    const struct sp_queue_ops *ops = worker->queue.crew->stage->plugin->about.queue;
    const struct sink_options *options = &work->pipeline->sink_options;
    size_t left = (size_t)options->batch_bytes - worker->bytes, count = 0;
    const struct sp_received *messages;
    struct sp_receive want = {
        .size = sizeof want,
        .max_messages = max,
        .max_bytes = left,
        .lease_ns = work->pipeline->queue_options.visibility_timeout_ns,
        .wait_ns = wait_ns,
    };
    int64_t deadline = call_begin(&worker->queue, wait_ns);
    int rc = ops->receive(worker->queue.handle, &want, worker->arena, &messages, &count, deadline, err);
    if (call_end(&worker->queue, rc, err))
        return -1;
    if (count > 0) {
        hold(&worker->held, messages, count);
        unpack(worker, messages, count);
        /* Up at once and down slowly: asking for too little costs a receive, for too much a batch
         * beyond its size. */
        size_t each = worker->event_count / worker->held.count, half = worker->events_each / 2;
        worker->events_each = each > half ? each : half;
        if (worker->events_each == 0)
            worker->events_each = 1;
        count_add(&work->counters.messages_received, count);
    }
    return (int)count;
}

static bool full(const struct worker *worker, const struct sink_options *options)
{
    return worker->event_count >= (size_t)options->batch_events ||
           worker->bytes >= (size_t)options->batch_bytes;
}

/* Fills the batch with what is there, and with what comes within `linger`. */
static void fill(struct worker *worker)
{
    const struct sink_options *options = &worker->deliver->work->pipeline->sink_options;
    int64_t until = sp_clock_now() + options->batch_linger_ns;
    struct sp_error err;
    while (!full(worker, options) && !stop_asked(&worker->deliver->work->stop)) {
        int64_t left = until - sp_clock_now();
        int got = receive(worker, room(worker, options), left > 0 ? left : 0, &err);
        if (got < 0 || (got == 0 && until <= sp_clock_now()))
            break;
    }
}

/* Waits for work and gathers a batch.  False: stop. */
static bool gather(struct worker *worker)
{
    struct deliver *deliver = worker->deliver;
    const struct sink_options *options = &deliver->work->pipeline->sink_options;
    struct sp_error err = {0};
    worker->event_count = worker->bytes = worker->buried_count = 0;
    atomic_store(&worker->queue.at_stop, BREAK_AT_ONCE);
    for (int got = 0; got <= 0;) {
        bool waits;
        arena_reset(worker->arena, ARENA_KEPT);
        if (!take_poll(deliver, &waits))
            return false;
        got = receive(worker, room(worker, options), waits ? long_poll_ns : 0, &err);
        leave_poll(deliver, waits, got > 0);
        if (got < 0 && !call_again(&worker->queue, &err))
            return false;
    }
    fill(worker);
    atomic_store(&worker->queue.at_stop, BREAK_LATE);
    count_add(&deliver->work->counters.events_received, worker->event_count);
    return true;
}

static struct sp_settle *settlement(struct worker *worker, bool done)
{
    struct sp_settle *entries = sp_arena_alloc(worker->arena, worker->held.count * sizeof *entries);
    size_t at = 0;
    for (size_t run = 0; run < worker->held.run_count; run++)
        for (size_t i = 0; i < worker->held.runs[run].count; i++)
            entries[at++] = (struct sp_settle){worker->held.runs[run].messages[i].receipt, done};
    return entries;
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
static void settle_some(struct worker *worker, struct sp_settle *entries, size_t count)
{
    struct seat *seat = &worker->queue;
    const struct sp_queue_ops *ops = seat->crew->stage->plugin->about.queue;
    struct sp_result *results = sp_arena_alloc(worker->arena, count * sizeof *results);
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

static void settle(struct worker *worker, bool done)
{
    size_t count = worker->held.count;
    int64_t most = worker->queue.crew->stage->plugin->capabilities.batch_messages;
    size_t step = most > 0 ? (size_t)most : count;
    struct sp_settle *entries = settlement(worker, done);
    atomic_store(&worker->queue.at_stop, BREAK_NEVER);
    for (size_t at = 0; at < count; at += step)
        settle_some(worker, entries + at, count - at < step ? count - at : step);
    hold_nothing(&worker->held);
}

void *worker_run(void *argument)
{
    struct worker *worker = argument;
    log_name("deliver");
    if (!deliver_prepare(worker))
        return NULL;
    while (gather(worker))
        settle(worker, write_batch(worker));
    if (worker->held.count > 0)
        settle(worker, false);
    return NULL;
}
