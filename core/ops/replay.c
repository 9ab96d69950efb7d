/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/replay.h"

#include "base/arena.h"
#include "base/mem.h"
#include "engine/pack.h"
#include "engine/rate.h"
#include "ops/send.h"
#include "ops/spot.h"
#include "ops/walk.h"

#include <stdio.h>
#include <stdlib.h>

struct replaying {
    const struct pipeline *pipeline;
    const struct replay *replay;
    struct replay_report *report;
    struct hand source;
    struct sending sending;
    struct pack_limits limits;
    struct sp_arena *arena, *pages; /* for the whole, for a page */
    struct walk walk;
    struct rate reads, events;
    bool over;
};

static bool wait_turn(struct replaying *replaying, int64_t ns)
{
    bool go_on = replaying->replay->pause(replaying->replay->context, ns);
    replaying->report->stopped = replaying->report->stopped || !go_on;
    return go_on;
}

/* Sends message by message in their turns where there is a rate.  False: the stop was asked for. */
static int send_in_turn(struct replaying *replaying, const struct packed *packed, bool *stopped_out,
                        struct sp_error *err)
{
    const struct sp_rate *rate = &replaying->replay->rate;
    size_t some = rate->count > 0 ? 1 : packed->message_count;
    *stopped_out = false;
    for (size_t at = 0; at < packed->message_count; at += some) {
        int64_t wait = 0, now = sp_clock_now();
        for (uint64_t i = 0; rate->count > 0 && i < packed->messages[at].event_count; i++)
            wait = rate_take(&replaying->events, rate, now);
        *stopped_out = !wait_turn(replaying, wait);
        if (*stopped_out)
            return 0;
        if (sending_send(&replaying->sending, packed->messages + at, some, err) != 0)
            return -1;
    }
    return 0;
}

static void count_dry(struct replaying *replaying, const struct packed *packed)
{
    replaying->sending.messages += packed->message_count;
    replaying->sending.letters_stored += packed->letter_count;
    for (size_t i = 0; i < packed->message_count; i++)
        replaying->sending.events += packed->messages[i].event_count;
}

static void take_counts(struct replaying *replaying)
{
    replaying->report->messages = replaying->sending.messages;
    replaying->report->sent = replaying->sending.events;
    replaying->report->letters = replaying->sending.letters_stored;
}

/* *done_out false: it was stopped on the way. */
static int send_page(struct replaying *replaying, const struct sp_page *page, bool *done_out,
                     struct sp_error *err)
{
    struct sp_arena *pages = replaying->pages;
    struct packed packed;
    const char *at =
        replaying->walk.at.size ? spot_text(&replaying->source, replaying->walk.at, pages) : NULL;
    bool stopped = false;
    int failed = 0;
    pack_page(replaying->pipeline, &replaying->limits, page, at, pages, pages, &packed);
    if (replaying->replay->dry_run)
        count_dry(replaying, &packed);
    else
        failed = send_in_turn(replaying, &packed, &stopped, err);
    if (failed == 0 && !stopped && !replaying->replay->dry_run)
        failed = sending_bury(&replaying->sending, packed.letters, packed.letter_count, err);
    take_counts(replaying);
    *done_out = !stopped;
    return failed;
}

/* Where reading goes on, and whether it does. */
static int follow(struct replaying *replaying, const struct sp_page *page, struct sp_error *err)
{
    struct replay_report *report = replaying->report;
    int result = walk_on(&replaying->walk, page, err);
    report->reached = walk_is_through(&replaying->walk);
    report->ended = !report->reached && (page->ended || (page->caught_up && !walk_page_has_any(page)));
    replaying->over = report->reached || report->ended;
    snprintf(report->at, sizeof report->at, "%s",
             spot_text(&replaying->source, replaying->walk.at, replaying->pages));
    return result;
}

/* One page.  *done_out false: it was stopped. */
static int turn(struct replaying *replaying, bool *done_out, struct sp_error *err)
{
    struct replay_report *report = replaying->report;
    const struct sp_rate *limit = &replaying->pipeline->source_options.rate_limit;
    struct sp_page page;
    *done_out = wait_turn(replaying, rate_take(&replaying->reads, limit, sp_clock_now()));
    if (!*done_out)
        return 0;
    arena_reset(replaying->pages, (size_t)4 << 20);
    if (walk_read(&replaying->walk, replaying->pages, &page, err) != 0)
        return -1;
    if (page.gap)
        replaying->replay->note(replaying->replay->context, page.gap);
    report->pages++;
    report->events += page.event_count;
    report->not_events += page.not_event_count;
    if (send_page(replaying, &page, done_out, err) != 0)
        return -1;
    if (!*done_out)
        return 0;
    if (follow(replaying, &page, err) != 0)
        return -1;
    replaying->replay->tell_progress(replaying->replay->context, report);
    if (!replaying->over)
        *done_out = wait_turn(replaying, walk_pause_ns(&page));
    return 0;
}

static int find_range(struct replaying *replaying, struct sp_error *err)
{
    const struct replay *replay = replaying->replay;
    struct sp_slice from, until;
    if (spot_of(&replaying->source, replay->from, replaying->arena, &from, err) != 0) {
        sp_error_context(err, "--from");
        return -1;
    }
    if (spot_behind(&replaying->source, replay->to, replaying->arena, &until, err) != 0) {
        sp_error_context(err, "--to");
        return -1;
    }
    if (spot_compare(&replaying->source, from, until) >= 0) {
        sp_fail(err, SP_REJECTED, "there is nothing from %s to %s", replay->from, replay->to);
        return sp_fail_cure(err, "--from names the place that comes first");
    }
    walk_start(&replaying->walk, &replaying->source, from, until);
    return 0;
}

static int run(struct replaying *replaying, struct sp_error *err)
{
    bool go_on = true;
    if (spot_open(&replaying->source, replaying->pipeline, err) != 0 || find_range(replaying, err) != 0)
        return -1;
    if (!replaying->replay->dry_run && sending_open(&replaying->sending, replaying->pipeline, err) != 0)
        return -1;
    replaying->limits = pack_limits_of(replaying->pipeline, &replaying->sending.limits);
    while (go_on && !replaying->over)
        if (turn(replaying, &go_on, err) != 0)
            return -1;
    return 0;
}

int replay_run(const struct pipeline *pipeline, const struct replay *replay, struct replay_report *report_out,
               struct sp_error *err)
{
    struct replaying replaying = {.pipeline = pipeline,
                                  .replay = replay,
                                  .report = report_out,
                                  .arena = arena_new(4096),
                                  .pages = arena_new((size_t)512 << 10)};
    *report_out = (struct replay_report){0};
    int result = run(&replaying, err);
    take_counts(&replaying);
    sending_close(&replaying.sending);
    hand_close(&replaying.source);
    walk_fini(&replaying.walk);
    arena_free(replaying.arena);
    arena_free(replaying.pages);
    return result;
}
