/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "read.h"

#include "judge.h"

#include <assert.h>
#include <inttypes.h>

/* One read. */
struct reading {
    struct handle *handle;
    struct sp_arena *arena;
    struct sp_page *page;
    struct sp_slice text; /* the cursor as it was handed in */
    struct cursor cursor;
    struct cursor at; /* the cursor that the request stands for: while narrowed, a step further */
    uint64_t bound;   /* the first id that is not asked for */
    bool beyond;      /* the page has it, or a later one */
    int64_t limit;
    struct tally tally;
};

int read_cursor(const struct scanapi_config *config, struct sp_slice text, struct cursor *out)
{
    if (text.size)
        return cursor_parse(text, out);
    *out = (struct cursor){.id = config->start};
    return 0;
}

static void remember_cursor(struct handle *handle, struct sp_slice text)
{
    assert(text.size <= sizeof handle->last);
    if (text.size)
        memcpy(handle->last, text.data, text.size);
    handle->last_size = text.size;
    handle->has_last = true;
}

/* Goes on where the last read ended, or starts anew: see struct handle. */
static void follow_cursor(struct handle *handle, struct sp_slice text, struct cursor *cursor)
{
    struct sp_slice last = {handle->last, handle->last_size};
    if (!handle->has_last || !sp_slice_equal(last, text)) {
        repeats_clear(handle->repeats);
        narrow_reset(&handle->narrow);
        handle->pace = (struct pace){0};
        bool keyed = cursor->key[0] || cursor->key[1];
        handle->key[0] = keyed ? cursor->key[0] : sp_random();
        handle->key[1] = keyed ? cursor->key[1] : sp_random();
        remember_cursor(handle, text);
    }
    memcpy(cursor->key, handle->key, sizeof cursor->key);
    for (size_t i = 0; i < cursor->digest_count; i++)
        (void)repeats_add(handle->repeats, cursor->digests[i]);
}

static void return_cursor(struct reading *reading, struct sp_slice text)
{
    reading->page->cursor = text;
    remember_cursor(reading->handle, text);
}

/* Nothing yet: ask again, in another way. */
static void return_again(struct reading *reading)
{
    return_cursor(reading, sp_arena_copy(reading->arena, reading->text));
}

static void return_reached(struct reading *reading)
{
    reading->page->caught_up = true;
    reading->page->wait_ns = reading->handle->config->poll_interval;
    return_again(reading);
}

/* The page that could not be read even with one event in it is a dead letter, and behind us. */
static void return_poison(struct reading *reading)
{
    const struct narrow *narrow = &reading->handle->narrow;
    struct sp_not_event *poison = sp_arena_alloc(reading->arena, sizeof *poison);
    *poison = (struct sp_not_event){
        .bytes = sp_arena_copy(reading->arena, (struct sp_slice){narrow->poison, narrow->poison_size}),
        .reason = "is a page with one event that cannot be read, again and again",
    };
    reading->page->not_events = poison;
    reading->page->not_event_count = 1;
    struct cursor cursor = {.id = (int64_t)(cursor_next(&reading->cursor) + (uint64_t)narrow->ahead),
                            .mark = sp_random(),
                            .key = {reading->handle->key[0], reading->handle->key[1]}};
    return_cursor(reading, cursor_text(&cursor, reading->arena));
}

static int unreadable(struct reading *reading, const struct feed_answer *answer, enum page_step step,
                      const struct sp_json_fault *fault, struct sp_error *err)
{
    struct handle *handle = reading->handle;
    enum narrow_shape shape = answer->markup ? NARROW_MARKUP : step == PAGE_CUT ? NARROW_CUT : NARROW_OTHER;
    struct sp_digest128 digest = sp_siphash128(handle->key, answer->body.data, answer->body.size);
    switch (narrow_unreadable(&handle->narrow, reading->limit, answer->body, digest, shape)) {
    case NARROW_AGAIN:
    case NARROW_TAKE:
        return_again(reading);
        return 0;
    case NARROW_POISON:
        return_poison(reading);
        return 0;
    case NARROW_OUTAGE:
        break;
    }
    (void)sp_fail(err, SP_UNAVAILABLE, "the feed's page cannot be read (at byte %zu: %s): it %s",
                  fault->offset, fault->reason, feed_describe(handle->feed));
    if (answer->body.size && !answer->markup && step == PAGE_NO_ARRAY)
        (void)sp_fail_cure(err, "if this is the feed's answer, check events");
    return -1;
}

static bool is_newer(const struct reading *reading, const struct element *element)
{
    return element->id >= 0 && (uint64_t)element->id >= cursor_next(&reading->at);
}

/* A well-formed event beyond the bound is another reader's. */
static bool is_beyond(const struct reading *reading, const struct element *element)
{
    return !element->reason && (uint64_t)element->id >= reading->bound;
}

static void count_good(struct tally *tally, int64_t id)
{
    if (!tally->any_good || id < tally->lowest_good)
        tally->lowest_good = id;
    if (!tally->any_good || id > tally->highest_good)
        tally->highest_good = id;
    tally->any_good = true;
}

static void count_elements(struct reading *reading, const struct elements *elements)
{
    struct tally *tally = &reading->tally;
    *tally = (struct tally){.asked = reading->limit,
                            .certain = elements->certain,
                            .at_most = elements->at_most,
                            .broken = elements->broken};
    for (size_t i = 0; i < elements->count; i++) {
        const struct element *element = &elements->items[i];
        tally->own = tally->own || element->id == reading->at.id;
        if (is_beyond(reading, element))
            reading->beyond = true;
        else if (!is_newer(reading, element))
            tally->unknown += element->reason != NULL; /* what it says of its id may be wrong */
        else if (!element->reason)
            count_good(tally, element->id);
        else {
            if (!tally->newer)
                tally->newer = sp_arena_alloc(reading->arena, elements->count * sizeof *tally->newer);
            tally->newer[tally->newer_count++] = element->id;
        }
    }
}

/* What was not read before goes into the page. */
static void return_elements(struct reading *reading, const struct elements *elements)
{
    struct sp_page *page = reading->page;
    struct sp_slice *events = sp_arena_alloc(reading->arena, elements->count * sizeof *events);
    struct sp_not_event *others = NULL;
    for (size_t i = 0; i < elements->count; i++) {
        const struct element *element = &elements->items[i];
        if (is_beyond(reading, element))
            continue;
        if (!repeats_add(reading->handle->repeats, element->digest)) {
            page->repeated++;
        } else if (!element->reason) {
            events[page->event_count++] = element->bytes;
        } else {
            if (!others)
                others = sp_arena_alloc(reading->arena, (elements->count - i) * sizeof *others);
            others[page->not_event_count++] =
                (struct sp_not_event){element->bytes, element->reason, element->pointer};
        }
    }
    page->events = events;
    page->not_events = others;
}

static struct cursor next_cursor(const struct reading *reading, const struct elements *elements,
                                 const struct advance *advance, bool reached)
{
    struct cursor next = reading->cursor;
    if (reached)
        next = (struct cursor){.id = (int64_t)reading->bound};
    else if (advance->moved)
        next = (struct cursor){.id = advance->id, .seen = advance->seen, .back = advance->back};
    bool returned = reading->page->event_count || reading->page->not_event_count;
    next.mark = returned ? sp_random() : reading->cursor.mark;
    memcpy(next.key, reading->handle->key, sizeof next.key);
    for (size_t i = 0; i < elements->count; i++)
        if (elements->items[i].id == next.id && !is_beyond(reading, &elements->items[i]))
            cursor_add_digest(&next, elements->items[i].digest);
    return next;
}

/* An inclusive feed returns the cursor's own event as long as it has it. */
static void look_for_gap(struct reading *reading)
{
    struct handle *handle = reading->handle;
    const struct tally *tally = &reading->tally;
    if (tally->own)
        handle->gap_told = false;
    if (tally->own || !reading->at.seen || !tally->any_good || tally->broken || handle->gap_told)
        return;
    handle->gap_told = true; /* a feed that is not inclusive would have us tell it with each page */
    reading->page->gap = sp_arena_printf(reading->arena,
                                         "the feed no longer has event %" PRId64
                                         ", which was the last one read; it goes on with event %" PRId64
                                         ", and what was between them may be lost",
                                         reading->at.id, tally->lowest_good);
}

static void pace_reading(struct reading *reading, const struct advance *advance)
{
    struct handle *handle = reading->handle;
    struct sp_page *page = reading->page;
    if (advance->doubtful) {
        narrow_halve(&handle->narrow, reading->limit);
        return;
    }
    page->caught_up = !advance->stale && pace_caught_up(&handle->pace, &reading->tally, advance->full);
    if (page->caught_up || advance->stale)
        page->wait_ns = handle->config->poll_interval;
    if (advance->stale && !handle->stale_told)
        sp_log(SP_WARN,
               "the feed was asked from event %" PRId64 " on and answers with a full page of older events; "
               "it is asked again",
               reading->at.id);
    handle->stale_told = advance->stale;
}

static void readable(struct reading *reading, const struct elements *elements)
{
    struct sp_page *page = reading->page;
    count_elements(reading, elements);
    look_for_gap(reading);
    struct advance advance = advance_from(&reading->at, &reading->tally, reading->bound);
    return_elements(reading, elements);
    pace_reading(reading, &advance);
    bool trial_failed = reading->at.back && !reading->tally.own;
    uint64_t next_id = (uint64_t)advance.id + advance.seen;
    bool reached = !trial_failed && (reading->beyond || (advance.moved && next_id >= reading->bound));
    if (!advance.moved && !reached && !page->event_count && !page->not_event_count) {
        return_again(reading);
        return;
    }
    struct cursor next = next_cursor(reading, elements, &advance, reached);
    return_cursor(reading, cursor_text(&next, reading->arena));
    if (reached) {
        page->caught_up = true;
        page->wait_ns = reading->handle->config->poll_interval;
    }
}

/* From where, and how much: as usual, or as narrow.h has it. */
static int choose_request(struct reading *reading, int64_t page_size, struct sp_error *err)
{
    const struct narrow *narrow = &reading->handle->narrow;
    reading->at = reading->cursor;
    reading->limit = narrow_limit(narrow, page_size);
    if (narrow->phase == NARROW_OFF)
        return 0;
    uint64_t from = cursor_next(&reading->cursor) + (uint64_t)narrow_ahead(narrow);
    if (from > INT64_MAX)
        return sp_fail(err, SP_UNAVAILABLE, "the feed's page cannot be read, whatever is asked for");
    if (from != (uint64_t)reading->cursor.id)
        reading->at = (struct cursor){.id = (int64_t)from};
    return 0;
}

static int ask(struct reading *reading, int64_t page_size, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = reading->handle;
    struct feed_answer answer;
    struct elements elements;
    struct sp_json_fault fault;
    struct rules rules;
    switch (feed_get(handle->feed, reading->at.id, reading->limit, reading->arena, &answer, deadline, err)) {
    case FEED_FAILED:
        return -1;
    case FEED_TOO_LARGE:
        if (!narrow_halve(&handle->narrow, reading->limit))
            return -1;
        return_again(reading);
        return 0;
    case FEED_PAGE:
        break;
    }
    rules_compile(&handle->config->well_formed, handle->config->id, reading->arena, &rules);
    struct judging judging = {handle->config->events, &rules, handle->key, (size_t)reading->limit};
    enum page_step step = judge_page(&judging, answer.body, reading->arena, &elements, &fault);
    if (step != PAGE_END)
        return unreadable(reading, &answer, step, &fault, err);
    if (narrow_readable(&handle->narrow, page_size) == NARROW_TAKE)
        readable(reading, &elements);
    else
        return_again(reading);
    return 0;
}

int read_page(struct handle *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
              struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    /* Asking for one event, an inclusive feed's end looks like an event that does not let us pass. */
    int64_t page_size = handle->config->page_size > 1 ? handle->config->page_size : 2;
    struct sp_page filled = {.size = page->size};
    struct reading reading = {
        .handle = handle, .arena = arena, .page = &filled, .text = cursor, .bound = UINT64_MAX};
    struct cursor end;
    if (read_cursor(handle->config, cursor, &reading.cursor) != 0 ||
        (until.size && cursor_parse(until, &end) != 0)) {
        (void)sp_fail(err, SP_REFUSED, "the cursor that is stored is none of scanapi's");
        return sp_fail_cure(err, "was the pipeline's source another one before? set the cursor anew");
    }
    if (until.size)
        reading.bound = cursor_next(&end);
    follow_cursor(handle, cursor, &reading.cursor);
    if (cursor_next(&reading.cursor) >= reading.bound)
        return_reached(&reading);
    else if (choose_request(&reading, page_size, err) != 0 || ask(&reading, page_size, deadline, err) != 0)
        return -1;
    *page = filled;
    return 0;
}
