/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the source again. */
#include <config.h>

#include "ops/verify_inside.h"
#include "ops/walk.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/framing.h"
#include "engine/pack.h"

#include <stdlib.h>

/* One range at work. */
struct feeding {
    struct verify *verify;
    struct walk walk;
    struct sp_arena *pages; /* those of the chunk: its events and rows point into them */
    size_t events, bytes;   /* in the chunk */
    bool suspects_only;
    bool reached, over;
    unsigned quiet; /* pages in a row that say that this was all */
};

static void feeding_fini(struct feeding *feeding)
{
    arena_free(feeding->pages);
    walk_fini(&feeding->walk);
}

static int read_page(struct feeding *feeding, struct sp_page *page, struct sp_error *err)
{
    struct verify *verify = feeding->verify;
    clock_sleep(rate_take(&verify->rate, &verify->pipeline->source_options.rate_limit, sp_clock_now()));
    return walk_read(&feeding->walk, feeding->pages, page, err);
}

/* A letter has the event as the queue carried it, or, where it never came that far, as it was read. */
static int find_letter(struct feeding *feeding, struct sp_slice event, struct sp_slice line, bool *found,
                       struct sp_error *err)
{
    if (verify_find_letter(feeding->verify, line, found, err) != 0)
        return -1;
    if (*found || line.data == event.data)
        return 0;
    return verify_find_letter(feeding->verify, event, found, err);
}

/* What was read beyond the range for the suspects' sake is not looked for: it may be on its way. */
static int note_missing(struct feeding *feeding, struct sp_slice bytes, const struct verify_reject *reject,
                        struct sp_error *err)
{
    return feeding->suspects_only ? 0 : verify_note_reject(feeding->verify, bytes, reject, err);
}

static int note_reject(struct feeding *feeding, struct sp_slice line, const struct fold_reject *why,
                       struct sp_error *err)
{
    struct verify *verify = feeding->verify;
    struct fold_identity identity;
    fold_identify(verify->pipeline->table, line, feeding->pages, &identity);
    struct verify_reject reject = {
        .class = why->reason_class,
        .column = why->column,
        .pointer = why->pointer,
        .reason = why->reason,
        .event_id = identity.order,
        .event_key = identity.key,
    };
    return note_missing(feeding, line, &reject, err);
}

static int join_row(struct feeding *feeding, const struct sp_value *row, const char *event,
                    struct sp_error *err)
{
    struct verify *verify = feeding->verify;
    bool wanted = true, made;
    if (feeding->suspects_only && verify_has(verify, SHELF_SUSPECTS, row, &wanted, err) != 0)
        return -1;
    if (!wanted)
        return 0;
    if (verify_join(verify, SHELF_ROWS, row, event, &made, err) != 0)
        return -1;
    verify->report->rows += made;
    return 0;
}

static void widen_span(struct verify_span *span, const struct fold *fold)
{
    int64_t least, most;
    if (!fold_orders(fold, &least, &most))
        return;
    span->least = span->any && span->least < least ? span->least : least;
    span->most = span->any && span->most > most ? span->most : most;
    span->any = true;
}

/* Joins the folded rows into the spill, and begins anew. */
static int flush(struct feeding *feeding, struct fold *fold, const char *event, struct sp_error *err)
{
    struct sp_batch batch;
    widen_span(&feeding->verify->span, fold);
    fold_finish(fold, &batch);
    for (size_t i = 0; i < batch.row_count; i++)
        if (join_row(feeding, batch.values + i * feeding->verify->table->column_count, event, err) != 0)
            return -1;
    fold_start(fold);
    return 0;
}

/* A minimum or maximum does not know its event: there, events are joined one by one. */
static int fold_event(struct feeding *feeding, struct sp_slice line, struct sp_error *err)
{
    struct verify *verify = feeding->verify;
    bool alone = verify->layout.has_notes;
    struct fold_identity identity;
    struct fold_reject why;
    switch (fold_add(alone ? verify->single : verify->fold, line, 0, &why)) {
    case FOLD_TAKEN:
        if (!alone)
            return 0;
        fold_identify(verify->pipeline->table, line, feeding->pages, &identity);
        return flush(feeding, verify->single, identity.order, err);
    case FOLD_UNWANTED:
        verify->report->unwanted++;
        return 0;
    case FOLD_REJECTED:
        return note_reject(feeding, line, &why, err);
    }
    return 0;
}

static int take_event(struct feeding *feeding, struct sp_slice event, struct sp_error *err)
{
    struct verify *verify = feeding->verify;
    struct sp_slice line = framing_one_line(event, feeding->pages);
    bool buried;
    verify->report->events++;
    feeding->events++;
    feeding->bytes += event.size;
    if (find_letter(feeding, event, line, &buried, err) != 0)
        return -1;
    if (buried) {
        verify->report->buried++;
        return 0;
    }
    if (event.size <= verify->limits.event_bytes)
        return fold_event(feeding, line, err);
    struct verify_reject reject = {.class = "too_large", .reason = "is larger than the queue takes"};
    return note_missing(feeding, event, &reject, err);
}

static int take_other(struct feeding *feeding, const struct sp_not_event *other, struct sp_error *err)
{
    struct verify *verify = feeding->verify;
    bool buried;
    if (verify_find_letter(verify, other->bytes, &buried, err) != 0)
        return -1;
    if (buried) {
        verify->report->buried++;
        return 0;
    }
    /* What is no event has no id that could be believed: it may stand behind the bound. */
    struct verify_reject reject = {
        .class = other->bytes.size > verify->limits.event_bytes ? "too_large" : "malformed",
        .pointer = other->pointer,
        .reason = other->reason,
        .perhaps_after = feeding->reached,
    };
    return note_missing(feeding, other->bytes, &reject, err);
}

/* Where reading goes on, and whether it does. */
static int follow(struct feeding *feeding, const struct sp_page *page, struct sp_error *err)
{
    int result = walk_on(&feeding->walk, page, err);
    feeding->quiet = page->caught_up && !walk_page_has_any(page) ? feeding->quiet + 1 : 0;
    feeding->reached = walk_is_through(&feeding->walk);
    feeding->over = feeding->reached || page->ended || feeding->quiet >= 2;
    return result;
}

static int take_page(struct feeding *feeding, const struct sp_page *page, struct sp_error *err)
{
    if (page->gap)
        verify_say(feeding->verify, "a gap in the source: %s", page->gap);
    for (size_t i = 0; i < page->event_count; i++)
        if (take_event(feeding, page->events[i], err) != 0)
            return -1;
    for (size_t i = 0; i < page->not_event_count; i++)
        if (take_other(feeding, &page->not_events[i], err) != 0)
            return -1;
    return 0;
}

static bool is_full(const struct feeding *feeding)
{
    const struct sink_options *options = &feeding->verify->pipeline->sink_options;
    return feeding->events >= (size_t)options->batch_events ||
           feeding->bytes >= (size_t)options->batch_bytes ||
           sp_arena_footprint(feeding->pages) >= 2 * (size_t)options->batch_bytes;
}

static int end_chunk(struct feeding *feeding, struct sp_error *err)
{
    if (flush(feeding, feeding->verify->fold, NULL, err) != 0)
        return -1;
    feeding->events = feeding->bytes = 0;
    arena_reset(feeding->pages, (size_t)4 << 20);
    return 0;
}

static void tell_end(const struct feeding *feeding)
{
    struct verify *verify = feeding->verify;
    const struct sp_source_ops *ops = verify->source.stage->plugin->about.source;
    const char *at, *until;
    struct sp_error err;
    if (feeding->reached ||
        ops->text_of(verify->source.handle, feeding->walk.at, feeding->pages, &at, &err) != 0 ||
        ops->text_of(verify->source.handle, feeding->walk.until, feeding->pages, &until, &err) != 0)
        return;
    verify_say(verify, "the source ends at %s, before %s, up to which it was read", at, until);
}

int verify_read(struct verify *verify, struct sp_slice from, struct sp_slice until, bool suspects_only,
                struct sp_error *err)
{
    SP_AUTO(feeding_fini)
    struct feeding feeding = {
        .verify = verify,
        .pages = arena_new((size_t)256 << 10),
        .suspects_only = suspects_only,
    };
    walk_start(&feeding.walk, &verify->source, from, until);
    fold_start(verify->fold);
    fold_start(verify->single);
    while (!feeding.over) {
        struct sp_page page;
        if (read_page(&feeding, &page, err) != 0 || follow(&feeding, &page, err) != 0 ||
            take_page(&feeding, &page, err) != 0)
            return -1;
        if ((feeding.over || is_full(&feeding)) && end_chunk(&feeding, err) != 0)
            return -1;
        verify_progress(verify);
        if (!feeding.over)
            clock_sleep(walk_pause_ns(&page));
    }
    tell_end(&feeding);
    return 0;
}
