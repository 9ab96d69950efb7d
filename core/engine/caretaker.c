/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/caretaker.h"

#include "base/arena.h"
#include "base/log.h"
#include "engine/upkeep.h"

static const int64_t every_ns = 3600 * SP_SECOND, look_every_ns = 60 * SP_SECOND;

/* One call may take so much longer than others; no more are made when half of the hour is over, after which
 * others take the record. */
static const int64_t extra_ns = 300 * SP_SECOND, patience_ns = 60 * SP_SECOND;

struct care {
    struct caretaker *caretaker;
    struct sp_arena *arena;
    struct holder self;
    struct lease_watch watch;
    struct upkeep upkeep; /* as it was seen, or written, last */
    int64_t version;
};

static const struct sp_state_ops *state_ops(const struct care *care)
{
    return care->caretaker->state.crew->stage->plugin->about.state;
}

/* True where it failed. */
static bool look(struct care *care, struct sp_error *err)
{
    struct seat *seat = &care->caretaker->state;
    struct sp_slice value = {NULL, 0};
    int64_t began = sp_clock_now(), deadline = call_begin(seat, 0);
    arena_reset(care->arena, 4096);
    int rc =
        state_ops(care)->get(seat->handle, UPKEEP_RECORD, care->arena, &value, &care->version, deadline, err);
    if (rc == 0)
        rc = upkeep_parse(value, care->arena, &care->upkeep, err);
    if (call_end(seat, rc, err)) {
        care->watch = (struct lease_watch){0};
        return true;
    }
    lease_look(&care->watch, care->version, began, sp_clock_now(), look_every_ns);
    return false;
}

/* Writes the record where nobody else did.  True where it failed; a race that was lost is none. */
static bool write_record(struct care *care, bool held, bool *swapped_out, struct sp_error *err)
{
    struct seat *seat = &care->caretaker->state;
    arena_reset(care->arena, 4096);
    care->upkeep.held = held;
    care->upkeep.holder = care->self;
    care->upkeep.nonce = sp_random();
    struct sp_slice value = upkeep_format(&care->upkeep, care->arena);
    int64_t deadline = call_begin(seat, 0);
    *swapped_out = false;
    int rc = state_ops(care)->put(seat->handle, UPKEEP_RECORD, value, care->version, swapped_out,
                                  &care->version, deadline, err);
    return call_end(seat, rc, err);
}

/* True where all was done. */
static bool do_it(struct care *care)
{
    struct seat *seat = &care->caretaker->letters;
    struct sp_error err = {0};
    int64_t deadline, began = sp_clock_now();
    while (sp_clock_now() - began < every_ns / 2 &&
           call_begin_within(seat, extra_ns, patience_ns, &deadline, &err)) {
        int rc = seat->crew->stage->plugin->about.letters->upkeep(seat->handle, deadline, &err);
        if (!call_end_aside(seat, rc, &err))
            return true;
        if (!stop_wait(&care->caretaker->work->stop, call_pause_ns(seat, &err)))
            return false;
    }
    return false;
}

/* Takes the record, does it, and gives the record back.  Nobody else can meanwhile: an hour of standing still
 * is far longer than all the calls may take. */
static bool take_and_do(struct care *care, struct sp_error *err)
{
    bool swapped;
    if (write_record(care, true, &swapped, err))
        return true;
    if (!swapped)
        return false;
    bool done = do_it(care);
    if (done)
        care->upkeep.done_wall_ms = sp_clock_wall_ms();
    atomic_store(&care->caretaker->state.at_stop, BREAK_NEVER);
    bool failed = write_record(care, false, &swapped, err);
    atomic_store(&care->caretaker->state.at_stop, BREAK_AT_ONCE);
    return failed;
}

void *caretaker_run(void *argument)
{
    struct caretaker *caretaker = argument;
    struct stop *stop = &caretaker->work->stop;
    struct care care = {.caretaker = caretaker, .arena = arena_new(4096)};
    struct sp_error err = {0};
    log_name("caretaker");
    holder_self(&care.self);
    atomic_store(&caretaker->state.at_stop, BREAK_AT_ONCE);
    atomic_store(&caretaker->letters.at_stop, BREAK_AT_ONCE);
    do {
        bool failed = look(&care, &err);
        if (!failed && upkeep_may_take(&care.upkeep, &care.watch, &care.self, sp_clock_wall_ms(), every_ns))
            failed = take_and_do(&care, &err);
        if (failed)
            call_again_within(&caretaker->state, &err, look_every_ns);
    } while (stop_wait(stop, look_every_ns));
    arena_free(care.arena);
    return NULL;
}
