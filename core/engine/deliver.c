/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/deliver.h"

#include <inttypes.h>
#include <stdlib.h>

/* How long one receive waits at an empty queue; a worker with a batch put aside looks at that more often. */
static const int64_t long_poll_ns = 10 * SP_SECOND, short_poll_ns = SP_SECOND / 2;

enum { RECEIVE_MESSAGES = 100 };

void deliver_init(struct deliver *deliver, struct work *work)
{
    const struct sink_options *options = &work->pipeline->sink_options;
    *deliver = (struct deliver){.work = work};
    pthread_mutex_init(&deliver->lock, NULL);
    pthread_mutex_init(&deliver->preparing, NULL);
    pthread_mutex_init(&deliver->trying, NULL);
    cond_init_monotonic(&deliver->changed);
    verdicts_init(&deliver->verdicts, (uint64_t)options->stop_at_events, (uint64_t)options->stop_at_percent);
    mark_book_init(&deliver->book, work->pipeline->poller_lease_ns);
}

void deliver_fini(struct deliver *deliver)
{
    mark_book_fini(&deliver->book);
    pthread_cond_destroy(&deliver->changed);
    pthread_mutex_destroy(&deliver->trying);
    pthread_mutex_destroy(&deliver->preparing);
    pthread_mutex_destroy(&deliver->lock);
}

void deliver_pause(struct deliver *deliver, bool paused)
{
    pthread_mutex_lock(&deliver->lock);
    deliver->paused = paused;
    pthread_cond_broadcast(&deliver->changed);
    pthread_mutex_unlock(&deliver->lock);
}

void deliver_resume(struct deliver *deliver)
{
    pthread_mutex_lock(&deliver->lock);
    if (deliver->stopped)
        sp_log(SP_INFO, "receives again");
    deliver->stopped = false;
    verdicts_init(&deliver->verdicts, deliver->verdicts.window, deliver->verdicts.percent);
    pthread_cond_broadcast(&deliver->changed);
    pthread_mutex_unlock(&deliver->lock);
}

void deliver_count_verdicts(struct deliver *deliver, size_t judged, size_t rejected)
{
    pthread_mutex_lock(&deliver->lock);
    verdicts_add(&deliver->verdicts, judged, rejected);
    bool stops = !deliver->stopped && verdicts_too_many(&deliver->verdicts);
    deliver->stopped = deliver->stopped || stops;
    uint64_t window = deliver->verdicts.window, percent = deliver->verdicts.percent;
    pthread_mutex_unlock(&deliver->lock);
    if (stops)
        sp_log(
            SP_ERROR,
            "more than %" PRIu64 " %% of the last %" PRIu64 " events were rejected (stop_at): receiving no "
            "more; see 'scanpipe dlq list', mend the file and send SIGHUP, or go on with 'scanpipe resume'",
            percent, window);
}

void worker_init(struct worker *worker, struct deliver *deliver)
{
    const struct table_plan *table = deliver->work->pipeline->table;
    worker->deliver = deliver;
    worker->events_each = (size_t)deliver->work->pipeline->queue_options.pack_events;
    worker->fold = table ? fold_new(table) : NULL;
    for (size_t i = 0; i < BATCHES; i++)
        batch_init(&worker->batches[i]);
    worker->fresh = &worker->batches[0];
    worker->suspects = &worker->batches[1];
    worker->aside = &worker->batches[2];
}

void worker_fini(struct worker *worker)
{
    fold_free(worker->fold);
    for (size_t i = 0; i < BATCHES; i++)
        batch_fini(&worker->batches[i]);
}

/* Only one worker waits at an empty queue; none receives while people have paused it, or too much was
 * rejected.  False: there is nothing to receive now; stop, or look at what is aside. */
static bool take_poll(struct worker *worker, bool *waits_out)
{
    struct deliver *deliver = worker->deliver;
    struct stop *stop = &deliver->work->stop;
    bool patient = worker->aside->count == 0;
    pthread_mutex_lock(&deliver->lock);
    while ((deliver->paused || deliver->stopped || (deliver->polling && deliver->idle)) &&
           !stop_asked(stop)) {
        cond_wait_ns(&deliver->changed, &deliver->lock, SP_SECOND / 5);
        if (!patient)
            break;
    }
    bool may = !stop_asked(stop) && !deliver->paused && !deliver->stopped;
    *waits_out = deliver->idle && !deliver->polling;
    deliver->polling = deliver->polling || (may && *waits_out);
    pthread_mutex_unlock(&deliver->lock);
    return may;
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

static size_t events_gathered(const struct worker *worker)
{
    return worker->fresh->event_count + worker->suspects->event_count;
}

static size_t bytes_gathered(const struct worker *worker)
{
    return worker->fresh->bytes + worker->suspects->bytes;
}

/* How many messages the rest of the batch has room for, judged by those before. */
static size_t room(const struct worker *worker, const struct sink_options *options)
{
    size_t left = (size_t)options->batch_events - events_gathered(worker);
    size_t more = (left + worker->events_each - 1) / worker->events_each;
    return more < RECEIVE_MESSAGES ? more : RECEIVE_MESSAGES;
}

/* Up at once and down slowly: asking for too little costs a receive, for too much a batch beyond its size. */
static void learn_events_each(struct worker *worker)
{
    size_t messages = worker->fresh->count + worker->suspects->count;
    size_t each = events_gathered(worker) / messages, half = worker->events_each / 2;
    worker->events_each = each > half ? each : half;
    if (worker->events_each == 0)
        worker->events_each = 1;
}

/* One receive into the batches.  Returns how many messages came; -1: it failed. */
static int receive(struct worker *worker, size_t max, int64_t wait_ns, struct sp_error *err)
{
    struct work *work = worker->deliver->work;
    const struct sp_queue_ops *ops = worker->queue.crew->stage->plugin->about.queue;
    const struct sink_options *options = &work->pipeline->sink_options;
    size_t count = 0;
    const struct sp_received *messages;
    struct sp_receive want = {
        .size = sizeof want,
        .max_messages = max,
        .max_bytes = (size_t)options->batch_bytes - bytes_gathered(worker),
        .lease_ns = work->pipeline->queue_options.visibility_timeout_ns,
        .wait_ns = wait_ns,
    };
    int64_t deadline = call_begin(&worker->queue, wait_ns);
    if (call_probes(&worker->queue))
        want.wait_ns = 0;
    int rc =
        ops->receive(worker->queue.handle, &want, worker->fresh->arena, &messages, &count, deadline, err);
    if (call_end(&worker->queue, rc, err))
        return -1;
    for (size_t i = 0; i < count; i++)
        batch_add(messages[i].received_before ? worker->suspects : worker->fresh, &messages[i],
                  messages[i].received_before);
    if (count > 0)
        learn_events_each(worker);
    count_add(&work->counters.messages_received, count);
    return (int)count;
}

static bool full(const struct worker *worker, const struct sink_options *options)
{
    return events_gathered(worker) >= (size_t)options->batch_events ||
           bytes_gathered(worker) >= (size_t)options->batch_bytes;
}

/* Fills the batch with what is there, and with what comes within `linger`. */
static void fill(struct worker *worker)
{
    const struct sink_options *options = &worker->deliver->work->pipeline->sink_options;
    int64_t until = sp_clock_now() + options->batch_linger_ns;
    struct sp_error err = {0};
    while (!full(worker, options) && !stop_asked(&worker->deliver->work->stop)) {
        int64_t left = until - sp_clock_now();
        int got = receive(worker, room(worker, options), left > 0 ? left : 0, &err);
        if (got < 0 || (got == 0 && until <= sp_clock_now()))
            break;
    }
}

/* Waits for work and gathers a batch, or finds nothing for a while where something is aside.  False: stop. */
static bool gather(struct worker *worker)
{
    struct deliver *deliver = worker->deliver;
    const struct sink_options *options = &deliver->work->pipeline->sink_options;
    bool patient = worker->aside->count == 0;
    struct sp_error err = {0};
    int got = 0;
    atomic_store(&worker->queue.at_stop, BREAK_AT_ONCE);
    do {
        bool waits;
        batch_clear(worker->fresh);
        if (!take_poll(worker, &waits))
            continue;
        got = receive(worker, room(worker, options), waits ? (patient ? long_poll_ns : short_poll_ns) : 0,
                      &err);
        leave_poll(deliver, waits, got > 0);
        if (got < 0)
            call_again(&worker->queue, &err);
    } while (got <= 0 && patient && !stop_asked(&deliver->work->stop));
    if (got > 0)
        fill(worker);
    atomic_store(&worker->queue.at_stop, BREAK_LATE);
    count_add(&deliver->work->counters.events_received, events_gathered(worker));
    return !stop_asked(&deliver->work->stop);
}

/* Two batches change places. */
static void swap(struct batch **a, struct batch **b)
{
    struct batch *held = *a;
    *a = *b;
    *b = held;
}

/* How long until those that are in doubt are tried again. */
static int64_t pause_of_doubts(struct worker *worker, struct batch *batch)
{
    const struct retry_policy *policy = &worker->sink.crew->stage->options.retry;
    struct sp_error err = {.class = SP_UNKNOWN};
    return retry_pause(&batch->doubts, policy, &err, sp_random());
}

/* Longer each time, shorter once the sink took a write: where the queue has an order, what is turned away
 * would come again before anything else, and nothing could be its witness. */
static int64_t turn_away_ns(struct worker *worker)
{
    enum { DOUBLINGS = 7 };
    if (atomic_load(&worker->deliver->accepted_at) > worker->turned_away_at)
        worker->turned_away /= 2;
    worker->turned_away_at = sp_clock_now();
    int64_t most = worker->queue.crew->stage->plugin->capabilities.lease_max_ns / 2;
    int64_t away = BATCH_LATER_NS << (worker->turned_away < DOUBLINGS ? worker->turned_away++ : DOUBLINGS);
    return most > 0 && away > most ? most : away;
}

/* Puts a batch aside, still leased.  There is one place, and who has it keeps it until it has ended: what is
 * known against its events is known here alone.  Others go back for a while. */
static void put_aside(struct worker *worker, struct batch **slot)
{
    struct batch *batch = *slot;
    if (batch != worker->aside && worker->aside->count > 0) {
        batch_decide(batch, FATE_LATER);
        batch->later_ns = turn_away_ns(worker);
        settle_batch(worker, batch);
        return;
    }
    if (batch != worker->aside)
        swap(slot, &worker->aside);
    batch->was_aside = true;
    batch->unknown_at = sp_clock_now();
    batch->try_at = batch_is_in_doubt(batch) ? batch->unknown_at + pause_of_doubts(worker, batch) : 0;
}

/* Writes what is in the slot and settles it, or puts it aside.  False: stop. */
static bool deliver_batch(struct worker *worker, struct batch **slot)
{
    struct batch *batch = *slot;
    if (batch->count == 0)
        return true;
    bool suspect = batch->suspect;
    enum outcome outcome = suspect ? trial_run(worker, batch) : write_batch(worker, batch);
    if (outcome == WRITE_ASIDE) {
        put_aside(worker, slot);
        return true;
    }
    if (!suspect) {
        batch_decide(batch, outcome == WRITE_DONE ? FATE_DONE : FATE_BACK);
        settle_batch(worker, batch);
    }
    return outcome == WRITE_DONE;
}

/* What is aside is tried again now and then.  False: stop. */
static bool try_aside(struct worker *worker)
{
    bool due = worker->aside->count > 0 && worker->aside->try_at <= sp_clock_now();
    return !due || deliver_batch(worker, &worker->aside);
}

void *worker_run(void *argument)
{
    struct worker *worker = argument;
    log_name("deliver");
    if (!deliver_prepare(worker))
        return NULL;
    while (gather(worker)) {
        worker->suspects->suspect = true;
        /* Suspects first: where a process dies of each batch, only those under a mark bring it further. */
        if (!deliver_batch(worker, &worker->suspects) || !deliver_batch(worker, &worker->fresh) ||
            !try_aside(worker))
            break;
    }
    for (size_t i = 0; i < BATCHES; i++) {
        batch_decide(&worker->batches[i], FATE_BACK);
        settle_batch(worker, &worker->batches[i]);
    }
    return NULL;
}
