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
static const int64_t claimed_within_ns = 5 * SP_SECOND;

static struct {
    uint64_t nonce;
    struct writer writer;
} entered[NONCES];
static size_t entered_count;

void law_marks_open(void)
{
    memset(entered, 0, sizeof entered);
    entered_count = 0;
}

static const struct writer *writer_of(uint64_t nonce)
{
    for (size_t i = 0; i < NONCES; i++)
        if (entered[i].nonce == nonce)
            return &entered[i].writer;
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

/* Who is well and renews his mark does not count as dead. */
static void law_burial(const struct writer *owner, const struct writer *writer)
{
    if (!owner || (owner->process == writer->process && owner->life == writer->life))
        return;
    tally(A_BURIAL);
    if (law_writer_is_well(owner) && law_is_steady(SIM_STATE))
        law_broken("poison stays alone", "process %u.%u counts process %u.%u as dead, which is well",
                   writer->process->number, writer->life, owner->process->number, owner->life);
}

static void compare(const struct marks *before, const struct marks *after, const struct writer *writer)
{
    for (size_t i = 0; i < before->count; i++)
        if (before->entries[i].held && !holds(after, before->entries[i].nonce))
            law_burial(writer_of(before->entries[i].nonce), writer);
    for (size_t i = 0; i < after->count; i++) {
        const struct mark_entry *mark = &after->entries[i];
        if (!mark->held && mark->deaths == 0)
            law_broken("poison stays alone", "a mark stays that nobody holds and nobody died of");
        if (!mark->held || holds(before, mark->nonce))
            continue;
        law_claim(writer);
        entered[entered_count].nonce = mark->nonce;
        entered[entered_count].writer = *writer;
        entered_count = (entered_count + 1) % NONCES;
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
