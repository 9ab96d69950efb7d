/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/marks.h"

#include <assert.h>

/* The third death halves, and each after it; so many telling ones need no witness. */
enum { DEATHS_TO_HALVE = 3, TELLING_DEATHS = 5 };

static const int64_t conviction_kept_ms = INT64_C(3600) * 1000,
                     deaths_kept_ms = INT64_C(15) * 24 * 3600 * 1000;

struct mark_digest mark_digest_of(struct sp_slice body)
{
    unsigned char whole[SP_SHA256_SIZE];
    struct mark_digest digest;
    sp_sha256(body.data, body.size, whole);
    memcpy(digest.bytes, whole, sizeof digest.bytes);
    return digest;
}

static bool same(struct mark_digest a, struct mark_digest b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static bool has(const struct mark_what *what, struct mark_digest digest)
{
    for (size_t i = 0; i < what->count; i++)
        if (same(what->digests[i], digest))
            return true;
    return false;
}

static void remove_at(struct marks *marks, size_t at)
{
    marks->entries[at] = marks->entries[--marks->count];
}

static struct mark_entry *add(struct marks *marks, const struct mark_entry *mark, struct sp_arena *arena)
{
    struct mark_entry *entries = sp_arena_alloc(arena, (marks->count + 1) * sizeof *entries);
    if (marks->count)
        memcpy(entries, marks->entries, marks->count * sizeof *entries);
    entries[marks->count] = *mark;
    marks->entries = entries;
    return &marks->entries[marks->count++];
}

/* Parts an entry; `*second` is only filled where there are two halves.  False: it is one event. */
static bool halve(struct mark_entry *mark, struct mark_entry *second)
{
    struct mark_what *what = &mark->what;
    *second = *mark;
    if (what->count > 1) {
        size_t half = what->count / 2;
        second->what.digests += half;
        second->what.count -= half;
        what->count = half;
        return true;
    }
    if (what->until - what->from > 1) {
        second->what.from = what->until = what->from + (what->until - what->from) / 2;
        return true;
    }
    return false;
}

/* One more death. */
static void die(struct marks *marks, size_t at, struct sp_arena *arena)
{
    struct mark_entry *mark = &marks->entries[at], second;
    bool witnessed = mark->witnessed;
    mark->held = mark->witnessed = false;
    mark->telling = mark->phase == MARK_LASTS ? 0 : mark->telling + 1;
    if (++mark->deaths < DEATHS_TO_HALVE)
        return;
    if (halve(mark, &second))
        add(marks, &second, arena);
    else
        mark->convicted = witnessed || mark->telling >= TELLING_DEATHS;
}

void marks_bury(struct marks *marks, bool (*gone)(const struct mark_entry *mark, void *context),
                void *context, struct sp_arena *arena)
{
    size_t before = marks->count;
    for (size_t i = 0; i < before; i++)
        if (marks->entries[i].held && gone(&marks->entries[i], context))
            die(marks, i, arena);
}

bool marks_waits(const struct mark_entry *mark)
{
    return mark->deaths >= DEATHS_TO_HALVE && !mark->convicted && mark->what.count == 1 &&
           mark->what.until - mark->what.from == 1;
}

void marks_witness(struct marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        marks->entries[i].witnessed = true;
}

static bool is_whole(const struct mark_what *what)
{
    return what->until == 0;
}

const struct mark_entry *marks_find(const struct marks *marks, struct mark_digest digest, uint64_t number,
                                    uint64_t *next_out)
{
    const struct mark_entry *found = NULL;
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark_entry *mark = &marks->entries[i];
        const struct mark_what *what = &mark->what;
        if (!has(what, digest))
            continue;
        if (is_whole(what) || (what->from <= number && number < what->until))
            found = mark;
        else if (what->from > number && what->from < next)
            next = what->from;
    }
    if (found && !is_whole(&found->what))
        next = found->what.until;
    *next_out = next;
    return found;
}

bool marks_held_by_other(const struct marks *marks, struct mark_digest digest, uint64_t run)
{
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark_entry *mark = &marks->entries[i];
        if (mark->held && mark->run != run && has(&mark->what, digest))
            return true;
    }
    return false;
}

static bool overlap(const struct mark_what *a, const struct mark_what *b)
{
    bool common = false;
    for (size_t i = 0; i < b->count && !common; i++)
        common = has(a, b->digests[i]);
    if (!common || is_whole(a) || is_whole(b))
        return common;
    return a->from < b->until && b->from < a->until;
}

/* Events are only taken from entries that know events, or whole messages; whole messages not from events. */
static bool same_shape(const struct mark_what *entry, const struct mark_what *what)
{
    return is_whole(entry) || !is_whole(what);
}

static bool may_claim(const struct marks *marks, uint64_t run, const struct mark_what *what)
{
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark_entry *mark = &marks->entries[i];
        bool free = (!mark->held || mark->run == run) && !mark->convicted;
        if (overlap(&mark->what, what) && !(free && same_shape(&mark->what, what)))
            return false;
    }
    return true;
}

/* What of the entry's messages is not in `what`. */
static void subtract_messages(struct mark_entry *mark, const struct mark_what *what, struct sp_arena *arena)
{
    struct mark_digest *left = sp_arena_alloc(arena, mark->what.count * sizeof *left);
    size_t count = 0;
    for (size_t i = 0; i < mark->what.count; i++)
        if (!has(what, mark->what.digests[i]))
            left[count++] = mark->what.digests[i];
    mark->what.digests = left;
    mark->what.count = count;
}

/* Takes `what` out of the entry at `at`, which it overlaps; what is left of it stays, as far as it has deaths
 * to remember.  True where the entry is gone. */
static bool subtract(struct marks *marks, size_t at, const struct mark_what *what, struct sp_arena *arena)
{
    struct mark_entry *mark = &marks->entries[at];
    mark->held = false;
    if (mark->deaths == 0) {
        remove_at(marks, at);
        return true;
    }
    if (is_whole(&mark->what)) {
        subtract_messages(mark, what, arena);
        if (mark->what.count > 0)
            return false;
    } else {
        struct mark_entry behind = *mark;
        bool before = mark->what.from < what->from;
        if (behind.what.until > what->until) {
            behind.what.from = what->until;
            if (before)
                add(marks, &behind, arena);
            else
                *mark = behind;
        }
        if (before)
            marks->entries[at].what.until = what->from;
        if (before || behind.what.from == what->until)
            return false;
    }
    remove_at(marks, at);
    return true;
}

static void inherit(struct mark_entry *mark, const struct mark_entry *from)
{
    if (from->deaths < mark->deaths)
        return;
    mark->deaths = from->deaths;
    mark->telling = from->telling;
    mark->witnessed = mark->witnessed || from->witnessed;
}

bool marks_claim(struct marks *marks, struct mark_entry *claim, const struct mark_what *what,
                 struct sp_arena *arena)
{
    if (!may_claim(marks, claim->run, what))
        return false;
    struct mark_entry mark = *claim;
    mark.held = true;
    mark.convicted = false;
    mark.telling = 0;
    mark.phase = MARK_BEGINS;
    mark.beat = 1;
    mark.what = *what;
    for (size_t i = 0; i < marks->count;) {
        if (!overlap(&marks->entries[i].what, what)) {
            i++;
            continue;
        }
        inherit(&mark, &marks->entries[i]);
        if (!subtract(marks, i, what, arena))
            i++;
    }
    add(marks, &mark, arena);
    claim->deaths = mark.deaths;
    return true;
}

static void let_go(struct marks *marks, size_t at, bool survived)
{
    struct mark_entry *mark = &marks->entries[at];
    mark->held = mark->witnessed = false;
    mark->telling = 0;
    if (survived || mark->deaths == 0)
        remove_at(marks, at);
}

bool marks_renew(struct marks *marks, uint64_t nonce, enum mark_phase phase)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->entries[i].held && marks->entries[i].nonce == nonce) {
            marks->entries[i].beat++;
            marks->entries[i].phase = phase;
            return true;
        }
    return false;
}

bool marks_release(struct marks *marks, uint64_t nonce, bool survived)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->entries[i].held && marks->entries[i].nonce == nonce) {
            let_go(marks, i, survived);
            return true;
        }
    return false;
}

bool marks_release_run(struct marks *marks, uint64_t run)
{
    bool any = false;
    for (size_t i = marks->count; i > 0; i--)
        if (marks->entries[i - 1].held && marks->entries[i - 1].run == run) {
            let_go(marks, i - 1, false);
            any = true;
        }
    return any;
}

void marks_prune(struct marks *marks, int64_t now_wall_ms)
{
    for (size_t i = marks->count; i > 0; i--) {
        const struct mark_entry *mark = &marks->entries[i - 1];
        int64_t kept = mark->convicted ? conviction_kept_ms : deaths_kept_ms;
        if (!mark->held && mark->seen_wall_ms < now_wall_ms - kept)
            remove_at(marks, i - 1);
    }
}
