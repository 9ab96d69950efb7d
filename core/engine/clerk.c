/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "engine/deliver.h"
#include "engine/ingest.h"
#include "engine/pause.h"

struct office {
    struct clerk *clerk;
    struct sp_arena *arena;
    struct pause pause;
    int64_t pause_version; /* -1: not read yet */
    bool unwritten;        /* the marks were to be written, and could not */
};

static int get(struct office *office, const char *name, struct sp_slice *value, int64_t *version,
               int64_t deadline, struct sp_error *err)
{
    struct seat *seat = &office->clerk->state;
    arena_reset(office->arena, 65536);
    return seat->crew->stage->plugin->about.state->get(seat->handle, name, office->arena, value, version,
                                                       deadline, err);
}

static const char *halves(const struct pause *pause)
{
    return pause->ingest ? (pause->deliver ? "ingest and deliver" : "ingest") : "deliver";
}

static void obey(struct office *office, struct pause pause, int64_t version)
{
    struct clerk *clerk = office->clerk;
    bool known = office->pause_version >= 0, any = pause.ingest || pause.deliver;
    if (any)
        sp_log(SP_INFO, "paused: %s; 'scanpipe resume' lets it go on", halves(&pause));
    else if (office->pause.ingest || office->pause.deliver)
        sp_log(SP_INFO, "resumed: %s", halves(&office->pause));
    if (clerk->ingest)
        ingest_pause(clerk->ingest, pause.ingest);
    deliver_pause(clerk->deliver, pause.deliver);
    if (known && !pause.deliver)
        deliver_resume(clerk->deliver);
    office->pause = pause;
    office->pause_version = version;
}

/* Nothing is known of a pause. */
static void let_go(struct clerk *clerk)
{
    if (clerk->ingest)
        ingest_pause(clerk->ingest, false);
    deliver_pause(clerk->deliver, false);
}

/* A state that lets itself be read may still refuse to be written (a full disk): while a mark is to be
 * renewed, only that tells whether the state is back. */
static bool end_reading(struct office *office, int rc, const struct sp_error *err)
{
    struct seat *seat = &office->clerk->state;
    return office->unwritten ? call_end_asked(seat, rc, err) : call_end(seat, rc, err);
}

/* True where it failed. */
static bool look_at_pause(struct office *office, struct sp_error *err)
{
    struct seat *seat = &office->clerk->state;
    struct sp_slice value = {NULL, 0};
    struct pause pause = {false, false};
    int64_t version = 0, deadline = call_begin(seat, 0);
    int rc = get(office, PAUSE_RECORD, &value, &version, deadline, err);
    if (rc == 0)
        rc = pause_parse(value, office->arena, &pause, err);
    bool failed = end_reading(office, rc, err);
    if (!failed && version != office->pause_version)
        obey(office, pause, version);
    return failed;
}

static int put(struct office *office, const struct marks *marks, int64_t version, int64_t deadline,
               struct sp_error *err)
{
    struct seat *seat = &office->clerk->state;
    bool swapped = false;
    struct sp_slice value = marks_format(marks, office->arena);
    if (seat->crew->stage->plugin->about.state->put(seat->handle, MARKS_RECORD, value, version, &swapped,
                                                    &version, deadline, err) != 0)
        return -1;
    return swapped ? 0 : sp_fail(err, SP_CONTENDED, "another process wrote the marks");
}

/* While this process's mark is held, another worker's write may be its witness. */
static void note_accepted(const struct clerk *clerk, struct marks *marks)
{
    int64_t entered_at = mark_book_entered_at(&clerk->deliver->book);
    if (entered_at && atomic_load(&clerk->deliver->accepted_at) > entered_at)
        marks_witness(marks);
}

/* Looks at others' marks and renews one's own, `nonce`; 0: there is none.  True where it failed. */
static bool look_at_marks(struct office *office, uint64_t nonce, struct sp_error *err)
{
    struct clerk *clerk = office->clerk;
    struct seat *seat = &clerk->state;
    enum mark_phase phase = MARK_BEGINS;
    struct sp_slice value = {NULL, 0};
    struct marks marks;
    int64_t version = 0, began = sp_clock_now(), deadline = call_begin(seat, 0);
    int rc = get(office, MARKS_RECORD, &value, &version, deadline, err);
    if (rc == 0)
        rc = marks_parse(value, office->arena, &marks, err);
    if (rc == 0) {
        mark_book_look(&clerk->deliver->book, &marks, began, sp_clock_now());
        phase = mark_book_phase(&clerk->deliver->book, began);
        if (nonce && marks_renew(&marks, nonce, phase)) {
            note_accepted(clerk, &marks);
            rc = put(office, &marks, version, deadline, err);
            office->unwritten = rc != 0 && err->class != SP_CONTENDED && err->class != SP_STOPPED;
        } else {
            office->unwritten = false;
        }
    }
    if (rc == 0 && nonce)
        mark_book_renewed(&clerk->deliver->book, nonce, phase);
    return call_end(seat, rc, err);
}

/* At a stop nobody is to be blamed for what comes: the process may be killed when the grace is over. */
static void take_out_marks(struct office *office)
{
    struct seat *seat = &office->clerk->state;
    struct mark_book *book = &office->clerk->deliver->book;
    struct sp_error err = {0};
    bool held_any, failed = true;
    mark_book_held(book, &held_any);
    atomic_store(&seat->at_stop, BREAK_NEVER);
    for (int tries = 0; held_any && failed && tries < 5; tries++) {
        struct sp_slice value = {NULL, 0};
        struct marks marks;
        int64_t version = 0, deadline = call_begin(seat, 0);
        int rc = get(office, MARKS_RECORD, &value, &version, deadline, &err);
        if (rc == 0)
            rc = marks_parse(value, office->arena, &marks, &err);
        if (rc == 0 && marks_release_run(&marks, book->run))
            rc = put(office, &marks, version, deadline, &err);
        failed = call_end(seat, rc, &err);
    }
}

/* Until it is time to look again, or to tell how far the write under the mark is. */
static void rest(struct office *office, int64_t every)
{
    struct mark_book *book = &office->clerk->deliver->book;
    struct stop *stop = &office->clerk->deliver->work->stop;
    int64_t until = sp_clock_now() + every;
    pthread_mutex_lock(&stop->lock);
    while (!stop_asked(stop)) {
        int64_t due = mark_book_due(book), left = (due < until ? due : until) - sp_clock_now();
        if (left <= 0)
            break;
        cond_wait_ns(&stop->changed, &stop->lock, left);
    }
    pthread_mutex_unlock(&stop->lock);
}

void *clerk_run(void *argument)
{
    struct clerk *clerk = argument;
    struct deliver *deliver = clerk->deliver;
    struct stop *stop = &deliver->work->stop;
    struct office office = {.clerk = clerk, .arena = arena_new(65536), .pause_version = -1};
    int64_t every = deliver->work->pipeline->poller_lease_ns / 5;
    struct sp_error err = {0};
    log_name("clerk");
    atomic_store(&clerk->state.at_stop, BREAK_AT_ONCE);
    clerk->state.patience_ns = every; /* a mark that is not renewed counts as one of the dead */
    for (bool first = true; !stop_asked(stop); first = false) {
        bool held_any, failed = look_at_pause(&office, &err);
        if (first && failed) /* a state that is away holds nobody up */
            let_go(clerk);
        uint64_t nonce = mark_book_held(&deliver->book, &held_any);
        office.unwritten = office.unwritten && nonce;
        if (!failed && (nonce || mark_book_wanted(&deliver->book, sp_clock_now())))
            failed = look_at_marks(&office, nonce, &err);
        if (failed)
            call_again_within(&clerk->state, &err, every);
        else
            rest(&office, every);
    }
    take_out_marks(&office);
    arena_free(office.arena);
    return NULL;
}
