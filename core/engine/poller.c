/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/ingest.h"
#include "engine/lease.h"
#include "engine/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The cursor is committed a few times a second, however many pages pass; the first page at once, so that a
 * process that soon dies has still come further. */
static const int64_t commit_every_ns = 250 * SP_MILLISECOND;

struct polling {
    struct poller *poller;
    struct ingest *ingest;
    struct sp_arena *arena;
    struct holder self;
    const char *queue; /* its place */
    struct lease_watch watch;
    int64_t lease_ns;
    struct record record; /* as this process wrote it last; its cursor is heap */
    int64_t version;
    int64_t last_good;     /* when the last write that is known to have worked began */
    struct sp_slice ahead; /* heap: durable and not committed yet; data NULL where there is none */
    uint64_t doubt;        /* the nonce of a write whose outcome is not known; 0: none */
    bool unwritten;        /* the last write failed, and another one is to come */
    bool moved;            /* the cursor, in this term */
    bool told_standby;
};

static const struct sp_state_ops *state_ops(const struct polling *polling)
{
    return polling->poller->state.crew->stage->plugin->about.state;
}

/* A call that takes longer than half a lease is of no use to a holder, and it must notice in time that it has
 * to step down. */
static bool begin(struct polling *polling, int64_t *deadline_out, struct sp_error *err)
{
    struct seat *seat = &polling->poller->state;
    int64_t timeout = seat->crew->stage->options.timeout_ns, most = polling->lease_ns / 2;
    return call_begin_within(seat, timeout > most ? most - timeout : 0, polling->lease_ns / 10, deadline_out,
                             err);
}

/* A state that lets itself be read may still refuse to be written (a full disk): while a write is to come,
 * only that one tells whether the state is back. */
static bool end_reading(struct polling *polling, int rc, const struct sp_error *err)
{
    struct seat *seat = &polling->poller->state;
    return polling->unwritten ? call_end_asked(seat, rc, err) : call_end(seat, rc, err);
}

static bool get_record(struct polling *polling, struct record *out, int64_t *version_out,
                       struct sp_error *err)
{
    struct seat *seat = &polling->poller->state;
    struct sp_slice value = {NULL, 0};
    int64_t deadline;
    arena_reset(polling->arena, 65536);
    if (!begin(polling, &deadline, err))
        return false;
    int rc = state_ops(polling)->get(seat->handle, POLLER_RECORD, polling->arena, &value, version_out,
                                     deadline, err);
    if (rc == 0)
        rc = record_parse(value, polling->arena, out, err);
    return !end_reading(polling, rc, err);
}

enum put_outcome { PUT_DONE, PUT_LOST, PUT_FAILED };

/* After a write that failed, or lost its race, the record tells what happened: one's own nonce there
 * is success.  Where it cannot be read now the nonce stays in doubt, and is used again. */
static enum put_outcome look_again(struct polling *polling, uint64_t nonce, bool failed, int64_t expected,
                                   int64_t *version_out, struct sp_error *err)
{
    struct record there;
    struct sp_error again = {0};
    bool doubted = polling->doubt != 0;
    polling->doubt = nonce;
    if (!get_record(polling, &there, version_out, &again))
        return PUT_FAILED;
    polling->doubt = 0;
    if (there.nonce != nonce)
        return failed && *version_out == expected ? PUT_FAILED : PUT_LOST;
    if (!doubted)
        return PUT_DONE;
    /* An earlier try with this nonce got through, perhaps with an older cursor: write once more. */
    polling->version = *version_out;
    sp_fail(err, SP_CONTENDED, "an earlier write of the poller's record got through");
    return PUT_FAILED;
}

/* Writes the record where its version is still `expected`. */
static enum put_outcome put_record(struct polling *polling, struct record *record, int64_t expected,
                                   struct sp_error *err)
{
    struct seat *seat = &polling->poller->state;
    bool swapped = false;
    int64_t version = 0, deadline;
    enum put_outcome outcome = PUT_DONE;
    record->nonce = polling->doubt ? polling->doubt : sp_random();
    struct sp_slice value = record_format(record, polling->arena);
    if (!begin(polling, &deadline, err))
        return PUT_FAILED;
    int64_t began = sp_clock_now();
    int rc = state_ops(polling)->put(seat->handle, POLLER_RECORD, value, expected, &swapped, &version,
                                     deadline, err);
    bool failed = call_end(seat, rc, err);
    polling->unwritten = failed && err->class != SP_CONTENDED && err->class != SP_STOPPED;
    if (failed || !swapped)
        outcome = look_again(polling, record->nonce, failed, expected, &version, err);
    if (outcome != PUT_DONE)
        return outcome;
    polling->doubt = 0;
    polling->unwritten = false;
    polling->version = version;
    polling->last_good = began;
    return PUT_DONE;
}

/* The start is no place. */
static const char *at_text(struct polling *polling, struct sp_slice cursor)
{
    return cursor.size > 0 ? ingest_cursor_text(&polling->poller->source, cursor, polling->arena) : NULL;
}

static void show_cursor(struct polling *polling, struct sp_slice cursor)
{
    const char *text = at_text(polling, cursor);
    pthread_mutex_lock(&polling->ingest->lock);
    snprintf(polling->ingest->at, sizeof polling->ingest->at, "%s", text ? text : "");
    pthread_mutex_unlock(&polling->ingest->lock);
}

/* What this process would write: `held` by it, or given back. */
static struct record own_record(struct polling *polling, bool held, struct sp_slice cursor)
{
    struct record record = {.held = held,
                            .holder = polling->self,
                            .token = polling->record.token,
                            .queue = polling->queue,
                            .cursor = cursor};
    record.at = at_text(polling, cursor);
    return record;
}

static void drop_ahead(struct polling *polling)
{
    free((char *)polling->ahead.data);
    polling->ahead = (struct sp_slice){NULL, 0};
}

static void step_down(struct polling *polling, const char *why)
{
    sp_log(SP_WARN, "steps down as the poller: %s", why);
    atomic_store(&polling->poller->holds, false);
    ingest_end_term(polling->ingest);
    drop_ahead(polling);
    polling->watch = (struct lease_watch){0};
}

/* The cursor says that all before it was sent to a queue: to another one it was not. */
static bool queue_is_same(struct polling *polling, const struct record *there)
{
    struct seat *seat = &polling->poller->source; /* it makes no calls: nothing else says that it goes on */
    struct sp_error err = {0};
    bool same = there->cursor.size == 0 || place_queue_is_same(there->queue, polling->queue, &err) == 0;
    if (!same && polling->ingest->work->pipeline->abandon) {
        sp_log(SP_WARN, "leaves what the queue '%s' still holds; the cursor goes on for the queue '%s'",
               there->queue, polling->queue);
        same = true;
    }
    if (same)
        call_go_on(seat);
    else
        call_hold(seat, &err);
    return same;
}

/* The cursor says that the queue's file held all before it, unless a person has moved it, as the cure is. */
static void tell_lost_queue(const struct polling *polling, const struct record *there)
{
    const char *file = polling->poller->missing;
    if (file && !there->moved && there->cursor.size > 0 && there->queue &&
        strcmp(there->queue, polling->queue) == 0)
        sp_log(
            SP_WARN,
            "the file %s is gone, and a new one is made; the cursor stands at %s, and events before it that "
            "only the queue held are lost (scanpipe verify tells which; scanpipe cursor rewind, to before "
            "them, reads them again)",
            file, there->at ? there->at : "an unknown place");
}

/* A look at the record by a process that does not hold it; takes it over where that is due. */
static bool stand_by(struct polling *polling, struct sp_error *err)
{
    struct record there;
    int64_t version, began = sp_clock_now();
    if (!get_record(polling, &there, &version, err)) {
        polling->watch = (struct lease_watch){0};
        return false;
    }
    if (polling->watch.version != 0 && polling->watch.version != version)
        polling->poller->missing = NULL; /* who has polled meanwhile may have made the file */
    lease_look(&polling->watch, version, began, sp_clock_now(), polling->lease_ns / 5);
    if (!lease_may_take(&polling->watch, &there, &polling->self, polling->lease_ns)) {
        if (!polling->told_standby)
            sp_log(SP_INFO, "stands by: process %" PRId64 " on %s polls", there.holder.pid,
                   there.holder.host);
        polling->told_standby = true;
        polling->unwritten = false;
        return true;
    }
    tell_lost_queue(polling, &there);
    polling->poller->missing = NULL;
    if (!queue_is_same(polling, &there)) {
        polling->unwritten = false;
        return true;
    }
    struct sp_slice cursor = mem_slice(there.cursor);
    polling->record.token = there.token + 1;
    struct record mine = own_record(polling, true, cursor);
    enum put_outcome outcome = put_record(polling, &mine, version, err);
    if (outcome != PUT_DONE) {
        free((char *)cursor.data);
        return outcome == PUT_LOST;
    }
    free((char *)polling->record.cursor.data);
    polling->record = mine;
    polling->told_standby = false;
    show_cursor(polling, cursor);
    sp_log(SP_INFO, "polls from %s", polling->ingest->at[0] ? polling->ingest->at : "the start");
    atomic_store(&polling->poller->holds, true);
    polling->moved = false;
    ingest_begin_term(polling->ingest, cursor);
    return true;
}

static void take_progress(struct polling *polling)
{
    struct sp_slice cursor;
    if (ingest_take_progress(polling->ingest, &cursor)) {
        drop_ahead(polling);
        polling->ahead = cursor;
    }
}

/* Writes the record, with the cursor moved where there is progress.  False: it failed. */
static bool commit(struct polling *polling, bool hold, struct sp_error *err)
{
    struct sp_slice cursor = polling->ahead.data ? polling->ahead : polling->record.cursor;
    struct record mine = own_record(polling, hold, cursor);
    switch (put_record(polling, &mine, polling->version, err)) {
    case PUT_FAILED:
        return false;
    case PUT_LOST:
        step_down(polling, "another process has taken over");
        return true;
    case PUT_DONE:
        break;
    }
    if (polling->ahead.data) {
        free((char *)polling->record.cursor.data);
        polling->ahead = (struct sp_slice){NULL, 0};
        polling->moved = true;
        show_cursor(polling, cursor);
    }
    polling->record = mine;
    return true;
}

/* One turn of the process that holds the record.  False: the state could not be written. */
static bool hold(struct polling *polling, struct sp_error *err)
{
    int64_t now = sp_clock_now();
    arena_reset(polling->arena, 65536);
    take_progress(polling);
    bool renew = now - polling->last_good >= polling->lease_ns / 5;
    bool move = polling->ahead.data != NULL;
    bool done = true;
    if (renew || move)
        done = commit(polling, true, err);
    /* A stop that ended the write just now is none of that: the record is given back by its version. */
    if (atomic_load(&polling->poller->holds) && !stop_asked(&polling->ingest->work->stop) &&
        lease_lost(polling->last_good, sp_clock_now(), polling->lease_ns))
        step_down(polling, "the state was not written within half a lease");
    return done;
}

/* At the end: commits what is durable and gives the record back, so that another takes over at once. */
static void give_back(struct polling *polling)
{
    struct sp_error err = {0};
    bool done = false;
    atomic_store(&polling->poller->state.at_stop, BREAK_NEVER);
    take_progress(polling);
    for (int tries = 0; tries < 3 && !done; tries++) {
        arena_reset(polling->arena, 65536);
        done = commit(polling, false, &err);
        if (!done && err.class != SP_CONTENDED)
            break;
    }
    if (!done)
        sp_log(SP_WARN, "the poller's record was not given back: %s", err.text);
}

/* Until it is time to write the record again. */
static void rest(struct polling *polling)
{
    int64_t since = sp_clock_now() - polling->last_good;
    if (since < commit_every_ns && polling->moved)
        stop_wait(&polling->ingest->work->stop, commit_every_ns - since);
    ingest_await_progress(polling->ingest, commit_every_ns);
}

void *poller_run(void *argument)
{
    struct poller *poller = argument;
    struct stop *stop = &poller->ingest->work->stop;
    struct polling polling = {.poller = poller, .ingest = poller->ingest, .arena = arena_new(65536)};
    struct sp_error err = {0};
    log_name("poller");
    polling.lease_ns = poller->ingest->work->pipeline->poller_lease_ns;
    holder_self(&polling.self);
    SP_AUTO(arena_free_at) struct sp_arena *lasting = arena_new(1024);
    polling.queue = stage_place(&poller->ingest->work->pipeline->queue, lasting);
    atomic_store(&poller->state.at_stop, BREAK_AT_ONCE);
    poller->state.patience_ns = polling.lease_ns / 5;
    while (!stop_asked(stop)) {
        bool holding = atomic_load(&poller->holds);
        bool done = holding ? hold(&polling, &err) : stand_by(&polling, &err);
        if (done && atomic_load(&poller->holds))
            rest(&polling);
        else if (done)
            stop_wait(stop, polling.lease_ns / 5);
        else
            call_again_within(&poller->state, &err, polling.lease_ns / 5);
    }
    if (atomic_load(&poller->holds))
        give_back(&polling);
    drop_ahead(&polling);
    free((char *)polling.record.cursor.data);
    arena_free(polling.arena);
    return NULL;
}
