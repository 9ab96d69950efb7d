/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/trial.h"

static bool is_open(const struct suspect *suspect)
{
    return !suspect->others && suspect->done < suspect->events;
}

/* Whether the suspect is untouched, and as a whole in the same entry (or in none) as the one that leads. */
static bool goes_with(const struct marks *marks, const struct suspect *suspect,
                      const struct mark_entry *entry)
{
    uint64_t next;
    return is_open(suspect) && suspect->done == 0 && marks_find(marks, suspect->digest, 0, &next) == entry &&
           next == UINT64_MAX;
}

static bool is_among(struct mark_digest digest, const struct mark_digest *digests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(digests[i].bytes, digest.bytes, sizeof digest.bytes) == 0)
            return true;
    return false;
}

/* The messages that share the leading one's entry are tried together.  Of copies the first goes alone: an
 * entry of nothing but copies could be halved for ever, and would never come down to one event. */
static void pick_group(const struct marks *marks, const struct mark_entry *entry,
                       const struct suspect *suspects, size_t count, struct sp_arena *arena,
                       struct trial_pick *out)
{
    struct mark_digest *digests = sp_arena_alloc(arena, count * sizeof *digests);
    uint32_t *members = sp_arena_alloc(arena, count * sizeof *members);
    for (uint32_t i = 0; i < count; i++)
        if (goes_with(marks, &suspects[i], entry) &&
            !is_among(suspects[i].digest, digests, out->member_count)) {
            digests[out->member_count] = suspects[i].digest;
            members[out->member_count++] = i;
        }
    out->members = members;
    out->what = (struct mark_what){.digests = digests, .count = out->member_count};
}

static void pick_one(const struct suspect *suspect, uint32_t number, uint64_t until, struct sp_arena *arena,
                     struct trial_pick *out)
{
    uint32_t *member = sp_arena_alloc(arena, sizeof *member);
    *member = number;
    out->members = member;
    out->member_count = 1;
    out->from = suspect->done;
    out->until = until < suspect->events ? until : suspect->events;
    struct mark_digest *digest = sp_arena_alloc(arena, sizeof *digest);
    *digest = suspect->digest;
    out->what = (struct mark_what){digest, 1, out->from, out->until};
}

static void add_waiting(struct suspect *suspect, struct sp_arena *arena)
{
    if (suspect->waiting_count == suspect->waiting_room) {
        uint64_t *more = sp_arena_alloc(arena, (2 * suspect->waiting_room + 4) * sizeof *more);
        if (suspect->waiting_count)
            memcpy(more, suspect->waiting, suspect->waiting_count * sizeof *more);
        suspect->waiting = more;
        suspect->waiting_room = 2 * suspect->waiting_room + 4;
    }
    suspect->waiting[suspect->waiting_count++] = suspect->done++;
}

/* Passes over events that need a witness; what comes behind them may be it.  False: all has been passed. */
static bool find_next(const struct marks *marks, struct suspect *suspect, struct sp_arena *arena,
                      const struct mark_entry **entry_out, uint64_t *next_out)
{
    while (is_open(suspect)) {
        *entry_out = marks_find(marks, suspect->digest, suspect->done, next_out);
        if (!*entry_out || !marks_waits(*entry_out))
            return true;
        add_waiting(suspect, arena);
    }
    return false;
}

/* Of what waits, once nothing else is left, that which died least: it bears witness for the others. */
static void pick_waiting(const struct marks *marks, const struct suspect *suspects, size_t count,
                         struct sp_arena *arena, struct trial_pick *out)
{
    struct suspect one;
    const struct mark_entry *best = NULL;
    uint32_t member = 0;
    uint64_t next;
    bool any = false;
    for (uint32_t i = 0; i < count; i++)
        for (size_t at = 0; at < suspects[i].waiting_count && !suspects[i].others; at++) {
            uint64_t number = suspects[i].waiting[at];
            const struct mark_entry *entry = marks_find(marks, suspects[i].digest, number, &next);
            if (any && (!best || (entry && entry->deaths >= best->deaths)))
                continue;
            any = true;
            best = entry;
            member = i;
            one = suspects[i];
            one.done = number;
        }
    if (!any)
        return;
    pick_one(&one, member, one.done + 1, arena, out);
    out->waited = true;
    out->deaths = best ? best->deaths : 0;
    out->choice = best && best->convicted ? TRIAL_CONVICT : TRIAL_WRITE;
}

void trial_pick(const struct marks *marks, uint64_t run, struct suspect *suspects, size_t count,
                struct sp_arena *arena, struct trial_pick *out)
{
    *out = (struct trial_pick){.choice = TRIAL_NOTHING};
    for (size_t i = 0; i < count; i++)
        suspects[i].others = suspects[i].others || marks_held_by_other(marks, suspects[i].digest, run);
    uint32_t leader = 0;
    uint64_t next = 0;
    const struct mark_entry *entry = NULL;
    while (leader < count && !find_next(marks, &suspects[leader], arena, &entry, &next))
        leader++;
    if (leader == count) {
        pick_waiting(marks, suspects, count, arena, out);
        return;
    }
    struct suspect *suspect = &suspects[leader];
    out->deaths = entry ? entry->deaths : 0;
    out->choice = entry && entry->convicted ? TRIAL_CONVICT : TRIAL_WRITE;
    if (suspect->done == 0 && next == UINT64_MAX)
        pick_group(marks, entry, suspects, count, arena, out);
    /* A message alone is entered with its events, so that it can be halved. */
    if (out->member_count <= 1)
        pick_one(suspect, leader, next, arena, out);
}

static void take_waiting(struct suspect *suspect, uint64_t number)
{
    size_t at = 0;
    while (suspect->waiting[at] != number)
        at++;
    suspect->waiting[at] = suspect->waiting[--suspect->waiting_count];
}

void trial_take(const struct trial_pick *pick, struct suspect *suspects)
{
    for (size_t i = 0; i < pick->member_count; i++) {
        struct suspect *suspect = &suspects[pick->members[i]];
        if (pick->waited)
            take_waiting(suspect, pick->from);
        else
            suspect->done = pick->member_count > 1 ? suspect->events : pick->until;
    }
}

bool trial_is_done(const struct suspect *suspect)
{
    return suspect->done == suspect->events && suspect->waiting_count == 0;
}
