/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/engine.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/caretaker.h"
#include "engine/deliver.h"
#include "engine/ingest.h"
#include "engine/place.h"
#include "engine/pulse.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* Reads and waits are broken off at once at a stop; writes get most of the grace to finish. */
static const int64_t interrupt_every_ns = 50 * SP_MILLISECOND;

struct engine {
    struct work work;
    struct ingest ingest;
    struct deliver deliver;
    struct reader reader;
    struct poller poller;
    struct keeper keeper;
    struct clerk clerk;
    struct caretaker caretaker;
    struct sender *senders;
    size_t sender_count;
    pthread_t *threads;
    struct pulse *pulses; /* of the threads */
    size_t thread_count;
    _Atomic size_t running;
    bool until_caught_up;
    uint64_t pages_when_quiet; /* how many pages there had been when ingest was seen quiet last */
    int64_t started, stop_asked_at, watched_at;
    void (*on_await)(void *context);
    void *await_context;
};

/* Threads say when they end, so that the main thread can wait with a bound. */
struct errand {
    struct engine *engine;
    void *(*run)(void *);
    void *argument;
    struct pulse *pulse;
};

static void *errand_run(void *argument)
{
    struct errand errand = *(struct errand *)argument;
    free(argument);
    pulse_adopt(errand.pulse);
    errand.run(errand.argument);
    pulse_leave();
    pulse_adopt(NULL);
    atomic_fetch_sub(&errand.engine->running, 1);
    return NULL;
}

static int thread_start(struct engine *engine, const char *name, void *(*run)(void *), void *argument,
                        struct sp_error *err)
{
    struct errand *errand = mem_alloc(sizeof *errand);
    sigset_t all, before;
    struct pulse *pulse = &engine->pulses[engine->thread_count];
    *errand = (struct errand){engine, run, argument, pulse};
    pulse->name = name;
    pulse->next = engine->thread_count > 0 ? pulse - 1 : NULL;
    atomic_store(&pulse->due, sp_clock_now());
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_fetch_add(&engine->running, 1);
    int failed = pthread_create(&engine->threads[engine->thread_count], NULL, errand_run, errand);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        atomic_fetch_sub(&engine->running, 1);
        free(errand);
        return sp_fail(err, SP_UNAVAILABLE, "the system starts no more threads: %s", strerror(failed));
    }
    engine->thread_count++;
    return 0;
}

static bool has_source(const struct engine *engine)
{
    return engine->work.pipeline->source.plugin != NULL;
}

static bool has_sink(const struct engine *engine)
{
    return engine->work.pipeline->sink.plugin != NULL;
}

static int load_stages(struct work *work, struct sp_error *err)
{
    const struct pipeline *pipeline = work->pipeline;
    return crew_load(&work->source, &pipeline->source, err) ||
                   crew_load(&work->queue, &pipeline->queue, err) ||
                   crew_load(&work->sink, &pipeline->sink, err) ||
                   crew_load(&work->state, &pipeline->state, err) ||
                   crew_load(&work->letters, &pipeline->letters, err)
               ? -1
               : 0;
}

static int open_seat(struct engine *engine, struct seat *seat, struct crew *crew, struct sp_error *err)
{
    return seat_open(seat, crew, &engine->work.stop, &engine->work.seats, err);
}

/* To be asked before a thread of ours makes it. */
static const char *missing_queue(const struct pipeline *pipeline)
{
    const char *file = stage_file(&pipeline->queue);
    return file && access(file, F_OK) != 0 && errno == ENOENT ? file : NULL;
}

static int open_ingest(struct engine *engine, struct sp_error *err)
{
    struct work *work = &engine->work;
    if (open_seat(engine, &engine->reader.source, &work->source, err) != 0 ||
        open_seat(engine, &engine->poller.source, &work->source, err) != 0 ||
        open_seat(engine, &engine->poller.state, &work->state, err) != 0)
        return -1;
    engine->reader.ingest = engine->poller.ingest = &engine->ingest;
    engine->poller.missing = missing_queue(work->pipeline);
    engine->sender_count = (size_t)work->pipeline->queue_options.senders;
    engine->senders = mem_zalloc(engine->sender_count * sizeof *engine->senders);
    for (size_t i = 0; i < engine->sender_count; i++) {
        struct sender *sender = &engine->senders[i];
        sender->ingest = &engine->ingest;
        if (open_seat(engine, &sender->queue, &work->queue, err) != 0 ||
            open_seat(engine, &sender->letters, &work->letters, err) != 0)
            return -1;
    }
    return 0;
}

static int open_deliver(struct engine *engine, struct sp_error *err)
{
    struct work *work = &engine->work;
    engine->keeper.deliver = engine->clerk.deliver = &engine->deliver;
    engine->clerk.ingest = has_source(engine) ? &engine->ingest : NULL;
    if (open_seat(engine, &engine->keeper.queue, &work->queue, err) != 0 ||
        open_seat(engine, &engine->clerk.state, &work->state, err) != 0)
        return -1;
    if (!has_sink(engine))
        return 0;
    engine->deliver.worker_count = (size_t)work->pipeline->sink_options.workers;
    engine->deliver.workers = mem_zalloc(engine->deliver.worker_count * sizeof *engine->deliver.workers);
    for (size_t i = 0; i < engine->deliver.worker_count; i++)
        worker_init(&engine->deliver.workers[i], &engine->deliver);
    for (size_t i = 0; i < engine->deliver.worker_count; i++) {
        struct worker *worker = &engine->deliver.workers[i];
        if (open_seat(engine, &worker->queue, &work->queue, err) != 0 ||
            open_seat(engine, &worker->sink, &work->sink, err) != 0 ||
            open_seat(engine, &worker->letters, &work->letters, err) != 0)
            return -1;
    }
    return open_seat(engine, &engine->deliver.state, &work->state, err);
}

/* Whether the store of dead letters wants to be looked after. */
static bool has_upkeep(const struct engine *engine)
{
    const struct plugin *plugin = engine->work.pipeline->letters.plugin;
    return plugin && plugin->about.letters->upkeep;
}

static int open_upkeep(struct engine *engine, struct sp_error *err)
{
    struct work *work = &engine->work;
    engine->caretaker.work = work;
    return open_seat(engine, &engine->caretaker.state, &work->state, err) != 0 ||
                   open_seat(engine, &engine->caretaker.letters, &work->letters, err) != 0
               ? -1
               : 0;
}

static int start_threads(struct engine *engine, struct sp_error *err)
{
    size_t most = 5 + engine->sender_count + engine->deliver.worker_count;
    engine->threads = mem_zalloc(most * sizeof *engine->threads);
    engine->pulses = mem_zalloc(most * sizeof *engine->pulses);
    if (thread_start(engine, "keeper", keeper_run, &engine->keeper, err) != 0 ||
        thread_start(engine, "clerk", clerk_run, &engine->clerk, err) != 0 ||
        (has_upkeep(engine) &&
         thread_start(engine, "caretaker", caretaker_run, &engine->caretaker, err) != 0))
        return -1;
    for (size_t i = 0; i < engine->deliver.worker_count; i++)
        if (thread_start(engine, "deliver", worker_run, &engine->deliver.workers[i], err) != 0)
            return -1;
    for (size_t i = 0; i < engine->sender_count; i++)
        if (thread_start(engine, "sender", sender_run, &engine->senders[i], err) != 0)
            return -1;
    if (!has_source(engine))
        return 0;
    return thread_start(engine, "source", reader_run, &engine->reader, err) != 0 ||
                   thread_start(engine, "poller", poller_run, &engine->poller, err) != 0
               ? -1
               : 0;
}

int engine_start(const struct pipeline *pipeline, bool until_caught_up, struct engine **out,
                 struct sp_error *err)
{
    struct engine *engine = mem_zalloc(sizeof *engine);
    engine->work.pipeline = pipeline;
    engine->until_caught_up = until_caught_up;
    engine->started = engine->watched_at = sp_clock_now();
    stop_init(&engine->work.stop);
    ingest_init(&engine->ingest, &engine->work);
    deliver_init(&engine->deliver, &engine->work);
    /* A pause outlives the process: nothing is begun until the clerk has looked. */
    ingest_pause(&engine->ingest, true);
    deliver_pause(&engine->deliver, true);
    if (load_stages(&engine->work, err) != 0 || (has_source(engine) && open_ingest(engine, err) != 0) ||
        open_deliver(engine, err) != 0 || (has_upkeep(engine) && open_upkeep(engine, err) != 0) ||
        start_threads(engine, err) != 0) {
        engine_stop(engine);
        engine_end(engine, NULL);
        return -1;
    }
    *out = engine;
    return 0;
}

void engine_stop(struct engine *engine)
{
    if (engine->stop_asked_at == 0)
        engine->stop_asked_at = sp_clock_now();
    stop_ask(&engine->work.stop);
}

/* Everything that the source has is in the queue, and the queue was seen empty after that: twice, for
 * the first look may have begun before. */
static bool all_done(struct engine *engine)
{
    struct keeper *keeper = &engine->keeper;
    bool wanted = engine->until_caught_up || (has_source(engine) && ingest_ended(&engine->ingest));
    uint64_t pages = 0;
    bool quiet = !has_source(engine) || ingest_quiet(&engine->ingest, &pages);
    atomic_store(&keeper->eager, wanted && quiet);
    if (!wanted || !quiet)
        return false;
    if (pages != engine->pages_when_quiet || !atomic_load(&keeper->known)) {
        engine->pages_when_quiet = pages;
        atomic_store(&keeper->empty_looks, 0);
        return false;
    }
    return !has_sink(engine) ||
           (atomic_load(&engine->deliver.prepared) && atomic_load(&keeper->empty_looks) >= 2);
}

/* The threads that run; the list is in the order of their start, backwards. */
static struct pulse *pulses_of(const struct engine *engine)
{
    return engine->thread_count > 0 ? &engine->pulses[engine->thread_count - 1] : NULL;
}

/* A plugin that does not return holds events back: supervision starts a new process, which goes on.  What the
 * threads do on their own is for engine_stuck() to tell. */
void engine_watch(struct engine *engine)
{
    int64_t now = sp_clock_now(), since_last = now - engine->watched_at;
    engine->watched_at = now;
    pulses_look(pulses_of(engine), now, since_last);
    struct seat *seat =
        seats_overdue(engine->work.seats, now, since_last, engine->work.pipeline->hang_timeout_ns);
    if (!seat)
        return;
    sp_log(SP_ERROR,
           "the plugin %s of stage %s hangs: a call is past its deadline by more than hang_timeout; aborting",
           seat->crew->stage->plugin->about.name, seat->crew->stage->name);
    abort();
}

bool engine_wait(struct engine *engine, int64_t ns)
{
    engine_watch(engine);
    stop_wait(&engine->work.stop, ns);
    if (!stop_asked(&engine->work.stop) && all_done(engine))
        engine_stop(engine);
    return stop_asked(&engine->work.stop);
}

const char *engine_stuck(const struct engine *engine, int64_t slack_ns)
{
    const struct pulse *late = pulses_late(pulses_of(engine), slack_ns);
    return late ? late->name : NULL;
}

/* The first stage, in the order of the flow, that is in trouble. */
static void report_trouble(struct work *work, struct engine_report *out)
{
    struct crew *crews[] = {&work->source, &work->queue, &work->sink, &work->state, &work->letters};
    size_t i = 0, count = sizeof crews / sizeof *crews;
    while (i < count && atomic_load(&crews[i]->troubled) == 0)
        i++;
    if (i == count)
        return;
    pthread_mutex_lock(&crews[i]->lock);
    out->trouble = crews[i]->stage->name;
    out->trouble_ns = sp_clock_now() - crews[i]->troubled_since;
    memcpy(out->trouble_why, crews[i]->trouble, sizeof out->trouble_why);
    pthread_mutex_unlock(&crews[i]->lock);
}

static const char *what_is_halted(struct engine *engine)
{
    struct deliver *deliver = &engine->deliver;
    pthread_mutex_lock(&deliver->lock);
    bool paused = deliver->paused, stopped = deliver->stopped;
    pthread_mutex_unlock(&deliver->lock);
    pthread_mutex_lock(&engine->ingest.lock);
    bool ingest = engine->ingest.paused;
    pthread_mutex_unlock(&engine->ingest.lock);
    if (stopped)
        return "stopped by stop_at";
    return paused ? (ingest ? "paused" : "deliver paused") : (ingest ? "ingest paused" : NULL);
}

static void report_letters(const struct counters *counters, struct engine_report *out)
{
    size_t told = 0;
    for (size_t i = 0; i < LETTER_CLASSES; i++) {
        uint64_t count = atomic_load(&counters->letters[i]);
        out->letters_stored += count;
        if (count > 0)
            out->letters_by_class[told++] = (struct engine_reason){letter_classes[i], count};
    }
}

void engine_report(struct engine *engine, struct engine_report *out)
{
    const struct counters *counters = &engine->work.counters;
    *out = (struct engine_report){
        .pages_read = atomic_load(&counters->pages_read),
        .events_read = atomic_load(&counters->events_read),
        .events_repeated = atomic_load(&counters->events_repeated),
        .not_events = atomic_load(&counters->not_events),
        .messages_sent = atomic_load(&counters->messages_sent),
        .events_sent = atomic_load(&counters->events_sent),
        .messages_received = atomic_load(&counters->messages_received),
        .events_received = atomic_load(&counters->events_received),
        .events_written = atomic_load(&counters->events_written),
        .events_unwanted = atomic_load(&counters->events_unwanted),
        .rows_touched = atomic_load(&counters->rows_touched),
        .writes = atomic_load(&counters->writes),
        .queue_visible = atomic_load(&engine->keeper.visible),
        .queue_leased = atomic_load(&engine->keeper.leased),
        .queue_known = atomic_load(&engine->keeper.known),
        .has_source = has_source(engine),
        .holds_poller = atomic_load(&engine->poller.holds),
        .halted = what_is_halted(engine),
        .elapsed_ns = sp_clock_now() - engine->started,
    };
    report_trouble(&engine->work, out);
    report_letters(counters, out);
    pthread_mutex_lock(&engine->ingest.lock);
    out->caught_up = engine->ingest.caught_up;
    memcpy(out->cursor, engine->ingest.at, sizeof out->cursor);
    pthread_mutex_unlock(&engine->ingest.lock);
}

void engine_on_await(struct engine *engine, void (*tick)(void *context), void *context)
{
    engine->on_await = tick;
    engine->await_context = context;
}

static void tick(struct engine *engine)
{
    if (engine->on_await)
        engine->on_await(engine->await_context);
}

/* Waits for the threads, making calls return; where one does not, the process ends without it. */
static void await_threads(struct engine *engine)
{
    int64_t grace = engine->work.pipeline->shutdown_grace_ns;
    while (atomic_load(&engine->running) > 0) {
        int64_t since = sp_clock_now() - engine->stop_asked_at;
        if (since > grace) {
            struct seat *seat = seats_at_work(engine->work.seats);
            sp_log(SP_ERROR, "%s did not return within the grace; ending without it, nothing is lost",
                   seat ? seat->crew->stage->name : "a thread");
            _exit(EX_SOFTWARE);
        }
        seats_interrupt(engine->work.seats, since > grace * 4 / 5);
        tick(engine);
        usleep((useconds_t)(interrupt_every_ns / 1000 / 10));
    }
}

static void close_all(struct engine *engine)
{
    struct work *work = &engine->work;
    struct crew *crews[] = {&work->source, &work->queue, &work->sink, &work->state, &work->letters};
    for (struct seat *seat = work->seats; seat; seat = seat->next) {
        seat_close(seat);
        tick(engine);
    }
    for (size_t i = 0; i < sizeof crews / sizeof *crews; i++)
        if (crews[i]->stage)
            crew_unload(crews[i]);
}

void engine_end(struct engine *engine, struct engine_report *out)
{
    await_threads(engine);
    for (size_t i = 0; i < engine->thread_count; i++)
        pthread_join(engine->threads[i], NULL);
    if (out)
        engine_report(engine, out);
    close_all(engine);
    for (size_t i = 0; i < engine->deliver.worker_count; i++)
        worker_fini(&engine->deliver.workers[i]);
    ingest_fini(&engine->ingest);
    deliver_fini(&engine->deliver);
    stop_fini(&engine->work.stop);
    free(engine->deliver.workers);
    free(engine->senders);
    free(engine->threads);
    free(engine->pulses);
    free(engine);
}
