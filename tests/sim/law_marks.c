/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "laws.h"

#include "base/arena.h"
#include "engine/marks.h"
#include "tally.h"
#include "world.h"

#include <inttypes.h>

/* Who entered the last marks: the record itself knows runs, and we know processes. */
enum { NONCES = 256 };

/* A sink that has answered a probe is marked for within so much time. */
static const int64_t claimed_within_ns = SP_SECOND;

struct entered {
    uint64_t nonce, beat;
    int64_t renewed_at;
    struct writer writer;
};
static struct entered entered[NONCES];
static size_t entered_count;

void law_marks_open(void)
{
    memset(entered, 0, sizeof entered);
    entered_count = 0;
}

static struct entered *find(uint64_t nonce)
{
    for (size_t i = 0; i < NONCES; i++)
        if (entered[i].nonce == nonce)
            return &entered[i];
    return NULL;
}

static bool holds(const struct marks *marks, uint64_t nonce)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->entries[i].held && marks->entries[i].nonce == nonce)
            return true;
    return false;
}

/* While the sink is away nobody is marked: who is killed then did not die of what he holds. */
static void law_claim(const struct writer *writer)
{
    int64_t away_ns = sink_away_for();
    tally(A_MARK);
    if (law_writer_is_well(writer) && law_is_steady(SIM_STATE) && away_ns > claimed_within_ns)
        law_broken("an outage is not a failure", "process %u.%u is marked, and the sink is away for %.3f s",
                   writer->process->number, writer->life, (double)away_ns / 1e9);
}

/* Who is well renews his mark while he writes.  What he could not take out then goes with his next claim. */
static void law_release(const struct entered *mark, bool claims)
{
    int64_t still_ns = sim_now() - mark->renewed_at;
    if (!claims && law_writer_is_well(&mark->writer) && law_is_steady(SIM_STATE) && still_ns > law_lease_ns())
        law_broken("poison stays alone", "process %u.%u has not renewed its mark for %.3f s",
                   mark->writer.process->number, mark->writer.life, (double)still_ns / 1e9);
}

/* Who is well and renews his mark does not count as dead. */
static void law_burial(const struct writer *owner, const struct writer *writer)
{
    tally(A_BURIAL);
    if (law_writer_is_well(owner) && law_is_steady(SIM_STATE))
        law_broken("poison stays alone", "process %u.%u counts process %u.%u as dead, which is well",
                   writer->process->number, writer->life, owner->process->number, owner->life);
}

/* True where the mark is new; it takes the place of one that nobody holds any more. */
static bool note_mark(const struct marks *after, const struct mark_entry *mark, const struct writer *writer)
{
    struct entered *known = find(mark->nonce);
    if (known && known->beat == mark->beat)
        return false;
    bool new = !known;
    if (new) {
        while (holds(after, entered[entered_count].nonce))
            entered_count = (entered_count + 1) % NONCES;
        known = &entered[entered_count];
        known->writer = *writer;
        entered_count = (entered_count + 1) % NONCES;
    }
    known->nonce = mark->nonce;
    known->beat = mark->beat;
    known->renewed_at = sim_now();
    return new;
}

static bool note_marks(const struct marks *after, const struct writer *writer)
{
    bool claims = false;
    for (size_t i = 0; i < after->count; i++) {
        const struct mark_entry *mark = &after->entries[i];
        if (!mark->held && mark->deaths == 0)
            law_broken("poison stays alone", "a mark stays that nobody holds and nobody died of");
        if (mark->held && note_mark(after, mark, writer)) {
            law_claim(writer);
            claims = true;
        }
    }
    return claims;
}

static void compare(const struct marks *before, const struct marks *after, const struct writer *writer)
{
    bool claims = note_marks(after, writer);
    for (size_t i = 0; i < before->count; i++) {
        const struct mark_entry *mark = &before->entries[i];
        const struct entered *known = mark->held && !holds(after, mark->nonce) ? find(mark->nonce) : NULL;
        if (known && known->writer.process == writer->process && known->writer.life == writer->life)
            law_release(known, claims);
        else if (known)
            law_burial(&known->writer, writer);
    }
}

void law_marks(struct sp_slice before, struct sp_slice after, const struct writer *writer)
{
    struct heap *kept = heap_use(NULL);
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks old, new;
    struct sp_error err;
    if (marks_parse(before, arena, &old, &err) != 0 || marks_parse(after, arena, &new, &err) != 0)
        law_broken("poison stays alone", "the marks cannot be read");
    compare(&old, &new, writer);
    heap_use(kept);
}
