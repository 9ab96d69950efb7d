/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "laws.h"

#include "base/arena.h"
#include "engine/record.h"
#include "fate.h"
#include "tally.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* Deaths of others that an event may share before one may think that it is to blame: marks count three. */
enum { DEATHS_TO_BLAME = 3, TOKENS = 1024 };

static const struct plan *plan;
static struct writer owners[TOKENS]; /* who took the record over with a token */
static bool struck[PROCESSES + 2];   /* processes that die of an event */

void __real__exit(int code) __attribute__((noreturn));

void law_broken(const char *law, const char *format, ...)
{
    fflush(stdout);
    fprintf(stderr, "seed %" PRIu64 " at %.6f s: law '%s' is broken: ", plan ? plan->seed : 0,
            (double)sim_now() / 1e9, law);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    __real__exit(1);
}

void laws_open(const struct plan *the_plan)
{
    plan = the_plan;
    memset(owners, 0, sizeof owners);
    memset(struck, 0, sizeof struck);
    law_marks_open();
}

struct writer writer_self(void)
{
    return (struct writer){process_self(), process_self()->life};
}

static long long number_of(const struct event *event)
{
    return event - feed.events;
}

static bool is_home(const struct event *event)
{
    if (event_is_poison(event))
        return event->dead;
    return !event_is_good(event) || sink_has(event);
}

void law_settled(const struct event *event)
{
    if (!is_home(event) && !event->dead)
        law_broken("nothing is lost", "event %lld (%s) was settled and is nowhere", number_of(event),
                   event_kinds[event->kind]);
}

static void law_cursor(int64_t from, int64_t to)
{
    if (to < from)
        law_broken("one poller", "the cursor goes back from %" PRId64 " to %" PRId64, from, to);
    for (int64_t place = 0; place < to; place++) {
        const struct event *event = &feed.events[feed.places[place]];
        if (!event->queued && !event->dead)
            law_broken("nothing is lost",
                       "the cursor stands at %" PRId64 ", after event %lld (%s) that is nowhere", to,
                       number_of(event), event_kinds[event->kind]);
    }
}

static int64_t place_of(struct sp_slice cursor, struct sp_arena *arena)
{
    return cursor.size > 0 ? strtoll(sp_arena_text(arena, cursor.data, cursor.size), NULL, 10) : 0;
}

/* Nothing goes wrong with a stage, no call of it is cut off, and it answers fast. */
static bool is_steady(enum sim_stage stage, int64_t within_ns)
{
    const struct stage_plan *one = &plan->stages[stage];
    return !one->fails_permille && !one->partly_permille && !one->hangs_per_10000 && !one->outage_count &&
           one->latency_ns <= plan->timeout_ns / 4 && one->latency_ns <= within_ns / 100;
}

static bool is_well(const struct process *process)
{
    return process->alive && !process->frozen && !process->stopping && process->disturbed_ns == 0;
}

bool law_writer_is_well(const struct writer *writer)
{
    return is_well(writer->process) && writer->life == writer->process->life;
}

bool law_is_steady(enum sim_stage stage)
{
    return is_steady(stage, plan->lease_ns);
}

int64_t law_lease_ns(void)
{
    return plan->lease_ns;
}

/* Who holds the record and is well keeps it. */
static void law_taken_over(const struct record *before, const struct writer *by)
{
    const struct writer *from = &owners[before->token % TOKENS];
    bool same = from->process == by->process && from->life == by->life;
    if (before->held && !same && law_writer_is_well(from) && law_is_steady(SIM_STATE))
        law_broken("one poller", "process %u.%u takes over from process %u.%u, which is well",
                   by->process->number, by->life, from->process->number, from->life);
}

static void law_token(const struct record *before, const struct record *after, const struct writer *writer)
{
    if (after->token < before->token || after->token > before->token + 1)
        law_broken("one poller", "the token goes from %" PRId64 " to %" PRId64, before->token, after->token);
    struct writer *owner = &owners[after->token % TOKENS];
    if (after->token > before->token) {
        law_taken_over(before, writer);
        *owner = *writer;
        tally(TAKEN_OVER);
    }
    if (owner->process != writer->process || owner->life != writer->life)
        law_broken("one poller", "process %u.%u writes with the token %" PRId64 " of process %u.%u",
                   writer->process->number, writer->life, after->token, owner->process->number, owner->life);
}

void law_record(struct sp_slice before, struct sp_slice after, const struct writer *writer)
{
    struct heap *kept = heap_use(NULL);
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct record old, new;
    struct sp_error err;
    if (record_parse(before, arena, &old, &err) != 0 || record_parse(after, arena, &new, &err) != 0)
        law_broken("one poller", "the poller's record cannot be read");
    law_token(&old, &new, writer);
    law_cursor(place_of(old.cursor, arena), place_of(new.cursor, arena));
    heap_use(kept);
}

bool law_owns(const struct process *process, int64_t token)
{
    const struct writer *owner = &owners[token % TOKENS];
    return owner->process == process && owner->life == process->life;
}

void law_letter(const struct event *event, const struct sp_letter *letter)
{
    if (!event)
        law_broken("bytes", "a dead letter of an event that nobody made: %.*s", (int)letter->event.size,
                   letter->event.data);
    bool blamed = strcmp(letter->class, "killed") == 0;
    if (blamed && event->deaths + event->strikes >= DEATHS_TO_BLAME)
        return;
    if (blamed)
        law_broken("poison stays alone", "event %lld (%s) counts as a killer after %u deaths",
                   number_of(event), event_kinds[event->kind], event->deaths + event->strikes);
    if (!event_is_poison(event))
        law_broken("poison stays alone", "event %lld (%s) becomes a dead letter: %s: %s (%u deaths)",
                   number_of(event), event_kinds[event->kind], letter->class, letter->reason, event->deaths);
    if (strcmp(letter->class, event_letter_class(event)) != 0)
        law_broken("poison stays alone", "event %lld (%s) becomes a dead letter for another reason: %s: %s",
                   number_of(event), event_kinds[event->kind], letter->class, letter->reason);
}

void law_poison_strikes(const struct process *process, const bool *keys)
{
    struck[process->number] = true;
    queue_blame(process, keys);
}

/* Where the state cannot be written reliably, a mark may stay that should have been taken out, and be taken
 * for a death. */
static bool state_is_shaky(void)
{
    const struct stage_plan *state = &plan->stages[SIM_STATE];
    return state->fails_permille || state->hangs_per_10000 || state->outage_count ||
           state->latency_ns > plan->lease_ns / 50;
}

void law_gone(const struct process *process)
{
    if (state_is_shaky())
        queue_blame(NULL, NULL);
    else if (!struck[process->number] && (process->alive || process->end != PROCESS_ENDED))
        queue_blame(process, NULL);
    if (!process->alive)
        struck[process->number] = false;
}

void law_held_up(const struct process *process, int64_t ns)
{
    if (ns >= plan->lease_ns / 2)
        law_gone(process);
}

void law_may_abort(const struct process *process)
{
    if (!fate_hangs(process) && process->disturbed_ns == 0)
        law_broken("stopping", "process %u aborts, and nothing hangs", process->number);
}

/* The last calls of a stop are not broken off: stages that answer slowly may use up the grace. */
static bool stages_are_slow(void)
{
    for (int stage = 0; stage < SIM_STAGES; stage++) {
        const struct stage_plan *one = &plan->stages[stage];
        if (one->latency_ns > plan->grace_ns / 50)
            return true;
        for (unsigned i = 0; i < one->outage_count; i++)
            if (one->outages[i].black_hole)
                return true;
    }
    return false;
}

void law_may_exit(const struct process *process)
{
    if (!fate_hangs(process) && process->disturbed_ns == 0 && !stages_are_slow())
        law_broken("stopping", "process %u exits without its threads, and nothing hangs", process->number);
}

void law_stopped(const struct process *process, int64_t asked_at)
{
    int64_t took = sim_now() - asked_at;
    if (process->disturbed_ns == 0 && took > plan->grace_ns + SP_SECOND)
        law_broken("stopping", "process %u took %.3f s to stop", process->number, (double)took / 1e9);
}

void law_handed_back(const struct process *process)
{
    if (process->alive || process->end != PROCESS_ENDED || process->disturbed_ns > 0 ||
        !is_steady(SIM_QUEUE, plan->timeout_ns))
        return;
    size_t kept = queue_leased_to(process);
    if (kept > 0)
        law_broken("stopping", "process %u has ended and has not handed back %zu messages", process->number,
                   kept);
}

void law_lease(bool runs)
{
    if (!runs && is_well(process_self()) && !plan->again_permille &&
        is_steady(SIM_QUEUE, plan->visibility_ns))
        law_broken("leases", "a lease ended while a process that is well worked on its message");
}

void law_call(enum sim_stage stage, int64_t not_before, const char *op)
{
    /* The poller has a lease to keep: it looks again sooner.  The depth is only for people.  And what a stop
     * hands back is handed back at once. */
    if (stage != SIM_STATE && !process_self()->stopping && strcmp(op, "depth") != 0 && sim_now() < not_before)
        law_broken("retry after", "%s is called %.3f s before it was allowed", op,
                   (double)(not_before - sim_now()) / 1e9);
}

void law_memory(const struct process *process)
{
    if (process->heap.peak > plan->heap_max)
        law_broken("memory has a ceiling", "process %u held %zu bytes, more than %zu", process->number,
                   process->heap.peak, plan->heap_max);
    if (!process->alive && process->end == PROCESS_ENDED && process->heap.bytes > 0)
        law_broken("memory is freed", "process %u leaves %zu bytes", process->number, process->heap.bytes);
}

bool laws_settled(void)
{
    return state_cursor() == (int64_t)feed.place_count && queue_left() == 0;
}

static void law_row(unsigned key)
{
    struct summary want = feed_summary(key), have;
    sink_row(key, &have);
    if (want.present != have.present)
        law_broken("the table", "key %u is %s", key, have.present ? "there, and must not be" : "missing");
    if (want.last_id != have.last_id || want.last_type != have.last_type ||
        want.picked_up != have.picked_up || want.picked_up_id != have.picked_up_id ||
        want.picked_up_amount != have.picked_up_amount || want.most != have.most || want.least != have.least)
        law_broken("the table",
                   "key %u: last %" PRId64 "/%u, picked up %" PRId64 "/%" PRId64 ", %" PRId64 " to %" PRId64
                   "; it must be %" PRId64 "/%u, %" PRId64 "/%" PRId64 ", %" PRId64 " to %" PRId64,
                   key, have.last_id, have.last_type, have.picked_up_id, have.picked_up_amount, have.least,
                   have.most, want.last_id, want.last_type, want.picked_up_id, want.picked_up_amount,
                   want.least, want.most);
}

void laws_final(void)
{
    size_t dead = 0;
    bool blamed = false;
    for (size_t i = 0; i < feed.count; i++) {
        const struct event *event = &feed.events[i];
        dead += event->dead;
        blamed = blamed || (event->dead && !event_is_poison(event));
        if (!is_home(event) && !event->dead)
            law_broken("nothing is lost", "event %zu (%s) is nowhere in the end", i,
                       event_kinds[event->kind]);
    }
    if (letters_count() != dead)
        law_broken("poison stays alone", "%zu dead letters of %zu events", letters_count(), dead);
    for (unsigned key = 1; plan->table && !blamed && key <= plan->keys; key++)
        law_row(key);
}
