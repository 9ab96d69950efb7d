/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "advance.h"

#include <stdlib.h>

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t sort_distinct(int64_t *ids, size_t count)
{
    size_t distinct = 0;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || ids[i] != ids[distinct - 1])
            ids[distinct++] = ids[i];
    return distinct;
}

static struct advance stay(const struct cursor *cursor, bool full)
{
    return (struct advance){.id = cursor->id, .seen = cursor->seen, .back = cursor->back, .full = full};
}

/* Nothing follows the highest id there can be. */
static struct advance step_to(const struct cursor *cursor, uint64_t id)
{
    if (id > INT64_MAX)
        return stay(cursor, false);
    return (struct advance){.id = (int64_t)id, .moved = true, .full = true};
}

static struct advance past_full(const struct cursor *cursor, struct tally *tally, uint64_t bound)
{
    uint64_t step = cursor->seen ? cursor_next(cursor) : (uint64_t)cursor->id + 1;
    size_t count = tally->newer_count ? sort_distinct(tally->newer, tally->newer_count) : 0;
    if (count == 0 && tally->unknown == 0 && !cursor->seen) {
        struct advance advance = stay(cursor, true);
        advance.stale = true;
        return advance;
    }
    if (count >= 2) {
        uint64_t median = (uint64_t)tally->newer[(count - 1) / 2];
        if (median > step && median < bound)
            return (
                struct advance){.id = (int64_t)median, .back = (int64_t)step, .moved = true, .full = true};
    }
    return step_to(cursor, step);
}

struct advance advance_from(const struct cursor *cursor, struct tally *tally, uint64_t bound)
{
    bool full = tally->certain >= (uint64_t)tally->asked;
    bool doubtful = !full && tally->broken && tally->at_most >= (uint64_t)tally->asked;
    if (cursor->back && !tally->own)
        return step_to(cursor, (uint64_t)cursor->back);
    if (tally->any_good)
        return (
            struct advance){.id = tally->highest_good, .seen = true, .moved = true, .full = full || doubtful};
    if (full)
        return past_full(cursor, tally, bound);
    struct advance advance = stay(cursor, doubtful);
    advance.doubtful = doubtful;
    return advance;
}

bool pace_caught_up(struct pace *pace, const struct tally *tally, bool full)
{
    if (full) {
        pace->largest = 0;
        return false;
    }
    bool small = tally->certain * 20 < (uint64_t)tally->asked;
    if (!tally->any_good || small || tally->certain * 2 < pace->largest) {
        pace->largest = 0;
        return true;
    }
    if (tally->certain > pace->largest)
        pace->largest = tally->certain;
    return false;
}
