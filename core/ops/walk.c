/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/walk.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ops/spot.h"

#include <stdlib.h>

/* A source that says neither that it has more nor that this was all is not waited for longer. */
static const int64_t stuck_ns = 60 * SP_SECOND;

/* What a source asks to wait is for followers; who reads what is there already need not. */
static const int64_t longest_wait_ns = SP_SECOND;

void walk_start(struct walk *walk, struct hand *source, struct sp_slice from, struct sp_slice until)
{
    *walk = (struct walk){source, mem_slice(from), until, sp_clock_now()};
}

void walk_fini(struct walk *walk)
{
    free((char *)walk->at.data);
    *walk = (struct walk){0};
}

int walk_read(struct walk *walk, struct sp_arena *arena, struct sp_page *page, struct sp_error *err)
{
    struct hand *hand = walk->source;
    const struct sp_source_ops *ops = hand->stage->plugin->about.source;
    bool failed;
    do {
        *page = (struct sp_page){.size = sizeof *page};
        failed = ops->read(hand->handle, walk->at, walk->until, arena, page, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    if (!failed)
        hand_well(hand);
    return failed ? -1 : 0;
}

bool walk_page_has_any(const struct sp_page *page)
{
    return page->event_count > 0 || page->not_event_count > 0;
}

int walk_on(struct walk *walk, const struct sp_page *page, struct sp_error *err)
{
    int64_t now = sp_clock_now();
    if (walk_page_has_any(page) || page->caught_up || !sp_slice_equal(page->cursor, walk->at))
        walk->standing_since = now;
    struct sp_slice next = mem_slice(page->cursor);
    free((char *)walk->at.data);
    walk->at = next;
    if (now - walk->standing_since > stuck_ns)
        return sp_fail(err, SP_UNAVAILABLE, "source: it gives no more, and does not say that this was all");
    return 0;
}

bool walk_is_through(const struct walk *walk)
{
    return spot_compare(walk->source, walk->at, walk->until) >= 0;
}

int64_t walk_pause_ns(const struct sp_page *page)
{
    return page->wait_ns < longest_wait_ns ? page->wait_ns : longest_wait_ns;
}
