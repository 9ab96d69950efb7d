/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "engine/deliver.h"
#include "engine/pulse.h"
#include "engine/trial.h"

#include <inttypes.h>

/* How often to try to take a mark out; what stays is left to the next that claims, and to the stop. */
enum { LEAVE_TRIES = 5 };

/* What a worker writes now. */
struct trial {
    struct sp_arena *arena;   /* of the whole batch */
    struct sp_arena *scratch; /* of one look at the marks */
    struct mark_what what;
    uint64_t nonce; /* of the mark that is entered; 0: none */
    int64_t deaths; /* of `what`, also while it is written part by part */
    bool answered;  /* the sink has, to a part of it */
    bool changed;   /* others have changed the marks since `what` was chosen */
};

/* A change of the marks; false: leave them as they are. */
typedef bool change_function(struct worker *worker, struct marks *marks, struct sp_arena *arena);

/* Reads the record.  True where it failed. */
static bool get_marks(struct worker *worker, struct marks *marks, int64_t *version, struct sp_error *err)
{
    struct deliver *deliver = worker->deliver;
    struct seat *seat = &deliver->state;
    struct sp_arena *arena = worker->trial->scratch;
    struct sp_slice value = {NULL, 0};
    arena_reset(arena, 65536);
    int64_t deadline = call_begin(seat, 0);
    int rc = seat->crew->stage->plugin->about.state->get(seat->handle, MARKS_RECORD, arena, &value, version,
                                                         deadline, err);
    if (rc == 0)
        rc = marks_parse(value, arena, marks, err);
    if (rc == 0) {
        marks_prune(marks, sp_clock_wall_ms());
        marks_bury(marks, mark_book_gone, &deliver->book, arena);
    }
    return call_end(seat, rc, err);
}

/* Writes the record where it is still what was read.  True where it failed. */
static bool put_marks(struct worker *worker, struct marks *marks, int64_t version, struct sp_error *err)
{
    struct seat *seat = &worker->deliver->state;
    bool swapped = false;
    struct sp_slice value = marks_format(marks, worker->trial->scratch);
    int64_t deadline = call_begin(seat, 0);
    int rc = seat->crew->stage->plugin->about.state->put(seat->handle, MARKS_RECORD, value, version, &swapped,
                                                         &version, deadline, err);
    if (rc == 0 && !swapped)
        rc = sp_fail(err, SP_CONTENDED, "another process wrote the marks");
    return call_end(seat, rc, err);
}

/* Reads, changes and writes the record, at most `tries` times.  False: it was not changed. */
static bool change_marks(struct worker *worker, change_function *change, int tries)
{
    struct sp_error err = {0};
    for (; tries > 0; tries--) {
        struct marks marks;
        int64_t version;
        bool failed = get_marks(worker, &marks, &version, &err);
        if (!failed && !change(worker, &marks, worker->trial->scratch))
            return false;
        if (!failed && !put_marks(worker, &marks, version, &err))
            return true;
        if (!call_again(&worker->deliver->state, &err))
            return false;
    }
    return false;
}

static bool claim(struct worker *worker, struct marks *marks, struct sp_arena *arena)
{
    struct trial *trial = worker->trial;
    const struct mark_book *book = &worker->deliver->book;
    struct mark_entry mark = {.nonce = trial->nonce,
                              .holder = book->self,
                              .run = book->run,
                              .deaths = trial->deaths,
                              .witnessed = trial->answered,
                              .seen_wall_ms = sp_clock_wall_ms()};
    trial->changed = !marks_claim(marks, &mark, &trial->what, arena);
    trial->deaths = mark.deaths;
    return !trial->changed;
}

/* Asks the sink, until it answers.  Only a write ends an outage: a sink that answers may still refuse to
 * write. False: the stop came first. */
static bool ask_sink(struct seat *sink)
{
    struct sp_error err = {0};
    bool failed;
    do {
        int64_t deadline = call_begin(sink, 0);
        int rc = sink->crew->stage->plugin->about.probe(sink->handle, deadline, &err);
        failed = call_end_asked(sink, rc, &err);
    } while (failed && call_again(sink, &err));
    return !failed;
}

/* A write has not returned though its deadline is over, and will soon be taken for hanging. */
static int64_t overdue_after(const struct worker *worker)
{
    const struct pipeline *pipeline = worker->deliver->work->pipeline;
    return worker->sink.crew->stage->options.timeout_ns + pipeline->hang_timeout_ns / 4;
}

bool trial_enter(struct worker *worker)
{
    struct trial *trial = worker->trial;
    if (!trial)
        return true;
    /* While the sink is away nobody is marked: who is killed then did not die of what he holds. */
    if (!ask_sink(&worker->sink))
        return false;
    trial->nonce = sp_random() | 1;
    mark_book_hold(&worker->deliver->book, trial->nonce);
    if (change_marks(worker, claim, INT32_MAX)) {
        mark_book_enter(&worker->deliver->book, overdue_after(worker));
        stop_wake(&worker->deliver->work->stop); /* the clerk is to renew it soon */
        return true;
    }
    mark_book_hold(&worker->deliver->book, 0);
    trial->nonce = 0;
    return false;
}

static bool release_survived(struct worker *worker, struct marks *marks, struct sp_arena *arena)
{
    (void)arena;
    marks_witness(marks);
    return marks_release(marks, worker->trial->nonce, true);
}

static bool release_failed(struct worker *worker, struct marks *marks, struct sp_arena *arena)
{
    (void)arena;
    return marks_release(marks, worker->trial->nonce, false);
}

void trial_leave(struct worker *worker, bool survived)
{
    struct trial *trial = worker->trial;
    if (!trial)
        return;
    atomic_store(&worker->deliver->state.at_stop, BREAK_NEVER);
    change_marks(worker, survived ? release_survived : release_failed, LEAVE_TRIES);
    atomic_store(&worker->deliver->state.at_stop, BREAK_AT_ONCE);
    mark_book_hold(&worker->deliver->book, 0);
    trial->nonce = 0;
    trial->answered = trial->answered || survived;
}

/* The fitting events among those of the batch from..until-1: both lists go up. */
static size_t take_fitting(const struct set *fitting, size_t from, size_t until, uint32_t *out)
{
    size_t low = 0, high = fitting->count, count = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fitting->events[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < fitting->count && fitting->events[low] < until; low++)
        out[count++] = fitting->events[low];
    return count;
}

static struct set set_of(const struct batch *batch, const struct set *fitting, const struct trial_pick *pick,
                         struct sp_arena *arena)
{
    uint32_t *events = sp_arena_alloc(arena, fitting->count * sizeof *events);
    size_t count = 0;
    for (size_t i = 0; i < pick->member_count; i++) {
        const struct carried *carried = &batch->carried[pick->members[i]];
        bool all = pick->member_count > 1;
        size_t from = carried->first_event + (all ? 0 : pick->from);
        size_t until = carried->first_event + (all ? carried->event_count : pick->until);
        count += take_fitting(fitting, from, until, events + count);
    }
    return (struct set){events, count};
}

/* The process died of this event, alone, again and again. */
static enum outcome convict(struct worker *worker, struct batch *batch, struct set set, int64_t deaths)
{
    struct work *work = worker->deliver->work;
    if (set.count == 0 || batch->events[set.events[0]].end != EVENT_OPEN)
        return WRITE_DONE;
    struct sp_letter letter =
        judge_letter(worker, batch, set.events[0], "sink", work->pipeline->sink.plugin->about.name);
    letter.class = "killed";
    letter.reason =
        sp_arena_printf(batch->arena,
                        "the process died while it was being written, %" PRId64 " times, the last time alone",
                        deaths);
    batch->events[set.events[0]].end = EVENT_BURIED;
    return letters_store(work, &worker->letters, &letter, 1) ? WRITE_DONE : WRITE_STOPPED;
}

/* One step: what the marks say is to be tried next.  *more_out: there may be another. */
static enum outcome step(struct worker *worker, struct batch *batch, const struct set *fitting,
                         struct suspect *suspects, bool *more_out)
{
    struct trial *trial = worker->trial;
    struct sp_error err = {0};
    struct marks marks;
    struct trial_pick pick;
    int64_t version;
    while (get_marks(worker, &marks, &version, &err))
        if (!call_again(&worker->deliver->state, &err))
            return WRITE_STOPPED;
    trial_pick(&marks, worker->deliver->book.run, suspects, batch->count, trial->arena, &pick);
    *more_out = pick.choice != TRIAL_NOTHING;
    if (!*more_out)
        return WRITE_DONE;
    struct set set = set_of(batch, fitting, &pick, trial->arena);
    enum outcome outcome;
    trial->what = pick.what;
    trial->deaths = pick.deaths;
    trial->answered = trial->changed = false;
    if (pick.choice == TRIAL_CONVICT)
        outcome = convict(worker, batch, set, pick.deaths);
    else
        outcome = write_set(worker, batch, set);
    if (outcome == WRITE_DONE)
        trial_take(&pick, suspects);
    /* Others have changed the marks: look again. */
    return outcome == WRITE_STOPPED && trial->changed ? WRITE_DONE : outcome;
}

static struct suspect *suspects_of(const struct batch *batch, struct sp_arena *arena)
{
    struct suspect *suspects = sp_arena_zalloc(arena, batch->count * sizeof *suspects);
    for (size_t i = 0; i < batch->count; i++) {
        suspects[i].digest = mark_digest_of(batch->carried[i].message.body);
        suspects[i].events = batch->carried[i].event_count;
    }
    return suspects;
}

static enum outcome try_all(struct worker *worker, struct batch *batch, struct suspect *suspects)
{
    struct set fitting;
    if (!judge_batch(worker, batch, &fitting))
        return WRITE_STOPPED;
    enum outcome outcome = WRITE_DONE;
    for (bool more = true; more && outcome == WRITE_DONE;)
        outcome = step(worker, batch, &fitting, suspects, &more);
    for (size_t i = 0; i < batch->count && outcome == WRITE_DONE; i++)
        if (trial_is_done(&suspects[i]) && batch_message_is_open(batch, i))
            outcome = WRITE_ASIDE;
    /* Others may be at work on copies: what is known against this one is not forgotten for that. */
    return outcome == WRITE_DONE && batch_is_in_doubt(batch) ? WRITE_ASIDE : outcome;
}

static void decide(struct deliver *deliver, struct batch *batch, const struct suspect *suspects)
{
    for (size_t i = 0; i < batch->count; i++) {
        bool done = trial_is_done(&suspects[i]) && !batch_message_is_open(batch, i);
        batch->carried[i].fate = done ? FATE_DONE : suspects[i].others ? FATE_LATER : FATE_BACK;
        if (suspects[i].others && !done)
            mark_book_want(&deliver->book);
    }
}

enum outcome trial_run(struct worker *worker, struct batch *batch)
{
    struct deliver *deliver = worker->deliver;
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    SP_AUTO(arena_free_at) struct sp_arena *scratch = arena_new(65536);
    struct trial trial = {.arena = arena, .scratch = scratch};
    struct suspect *suspects = suspects_of(batch, arena);
    worker->trial = &trial;
    pulse_leave(); /* another worker's trial may wait for the sink, however long */
    pthread_mutex_lock(&deliver->trying);
    pulse_beat();
    enum outcome outcome = try_all(worker, batch, suspects);
    if (outcome != WRITE_ASIDE) {
        decide(deliver, batch, suspects);
        settle_batch(worker, batch);
    }
    pthread_mutex_unlock(&deliver->trying);
    worker->trial = NULL;
    return outcome;
}
