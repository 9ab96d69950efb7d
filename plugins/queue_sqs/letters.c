/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the store: put, scan, remove. */
#include <config.h>

#include "letters.h"

#include "holding.h"

#include <inttypes.h>
#include <scanpipe/envelope.h>
#include <stdio.h>
#include <stdlib.h>

/* One page looks at no more, so that what is asked of it is answered soon and in little memory. */
enum { LOOKED_AT = 1000, PAGE_BYTES = 16 << 20 };

/* At its end a handle shows what it holds, but not for ever. */
#define CLOSE_NS (3 * SP_SECOND)

struct holding *holding_of(struct sqs_handle *handle, struct sp_error *err)
{
    if (!handle->holding) {
        handle->holding = calloc(1, sizeof *handle->holding);
        if (handle->holding)
            held_init(&handle->holding->held);
        else
            (void)sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    }
    return handle->holding;
}

void letters_close(struct sqs_handle *handle)
{
    struct sp_error ignored = {0};
    bool done;
    if (!handle->holding)
        return;
    int64_t until = sp_clock_now() + CLOSE_NS;
    if (leases_show(handle, until, until, &done, &ignored) != 0)
        done = false; /* their leases end by themselves */
    held_fini(&handle->holding->held);
    free(handle->holding->why);
    free(handle->holding);
    handle->holding = NULL;
}

/* ---- put */

size_t outgoing_fit(const struct outgoing *all, size_t count)
{
    size_t bytes = 0, fit = 0;
    for (; fit < count && fit < SQS_ENTRIES; fit++) {
        bytes += all[fit].size + SQS_ATTRIBUTE_ROOM;
        if (fit > 0 && bytes > SQS_MESSAGE_BYTES)
            break;
    }
    return fit;
}

int outgoing_send(struct sqs_handle *handle, const struct outgoing *all, size_t count,
                  struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct sp_message messages[SQS_ENTRIES];
    struct sp_attribute attributes[SQS_ENTRIES][2];
    char values[SQS_ENTRIES][COPIES_TEXT];
    for (size_t i = 0; i < count; i++) {
        const char *name = all[i].renewed ? LETTERS_RENEWED : LETTERS_ORDER;
        if (all[i].renewed)
            copies_format(all[i].renewed, values[i]);
        else
            snprintf(values[i], sizeof values[i], "%016" PRIx64, all[i].order);
        attributes[i][0] = (struct sp_attribute){sp_slice_of(LETTERS_FORMAT), sp_slice_of("envelope")};
        attributes[i][1] = (struct sp_attribute){sp_slice_of(name), sp_slice_of(values[i])};
        messages[i] = (struct sp_message){{all[i].text, all[i].size}, attributes[i], 2, 1};
    }
    return sqs_send(handle, messages, count, results, deadline, err);
}

/* Letters of one put, some of them on their way. */
struct putting {
    struct sqs_handle *handle;
    const struct sp_letter *letters;
    size_t count, at; /* the next one */
    struct sp_result *results;
    uint64_t order; /* of the first: later puts of a process have larger ones */
};

static void say(struct putting *putting, size_t index, const struct sp_result *result)
{
    char *why = putting->handle->holding->why[index];
    snprintf(why, sizeof putting->handle->holding->why[index], "%s", result->text ? result->text : "");
    putting->results[index] = (struct sp_result){result->class, SP_NO_COLUMN, *why ? why : NULL};
}

/* Sends the next ones, as many as go together. */
static int put_some(struct putting *putting, int64_t deadline, struct sp_error *err)
{
    struct outgoing all[SQS_ENTRIES];
    struct sp_result results[SQS_ENTRIES];
    size_t indexes[SQS_ENTRIES], count = 0;
    for (; count < SQS_ENTRIES && putting->at < putting->count; putting->at++) {
        struct outgoing *one = &all[count];
        *one = (struct outgoing){.order = putting->order + putting->at};
        one->text = sp_envelope_text(&putting->letters[putting->at], &one->size);
        indexes[count] = putting->at;
        if (one->size > LETTERS_BYTES) {
            say(putting, putting->at,
                &(struct sp_result){SP_REJECTED, SP_NO_COLUMN, "it is larger than a message may be"});
            free(one->text);
        } else if (outgoing_fit(all, count + 1) <= count) {
            free(one->text);
            break;
        } else
            count++;
    }
    int rc = count ? outgoing_send(putting->handle, all, count, results, deadline, err) : 0;
    for (size_t i = 0; i < count; i++) {
        if (rc == 0)
            say(putting, indexes[i], &results[i]);
        free(all[i].text);
    }
    if (rc != 0)
        putting->at = indexes[0];
    return rc;
}

int letters_put(void *opened, const struct sp_letter *letters, size_t count, struct sp_result *results,
                int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct holding *holding = holding_of(handle, err);
    if (!holding)
        return -1;
    void *why = realloc(holding->why, (count + 1) * sizeof *holding->why);
    if (!why)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    holding->why = why;
    struct putting putting = {handle, letters, count, 0, results, (uint64_t)sp_clock_now()};
    while (putting.at < count) {
        if (put_some(&putting, deadline, err) == 0)
            continue;
        if (putting.at == 0)
            return -1;
        for (; putting.at < count; putting.at++) /* the others are stored */
            say(&putting, putting.at, &(struct sp_result){err->class, SP_NO_COLUMN, err->text});
    }
    return 0;
}

/* ---- scan */

/* The letter whose newest copy it is.  What says that it is an envelope and is none is a letter too. */
static int read_letter(const struct sqs_handle *handle, const struct held_message *newest,
                       const struct history *history, struct sp_arena *arena, struct sp_letter *out,
                       struct sp_error *err)
{
    struct sp_error why = {0};
    char *body = sp_arena_alloc(arena, (size_t)newest->body_size + 1);
    if (held_read(&handle->holding->held, newest->body_at, newest->body_size, body, err) != 0)
        return -1;
    struct sp_slice text = {body, newest->body_size};
    if (sp_envelope_parse(text, arena, out, &why) != 0)
        *out = (struct sp_letter){.event = text,
                                  .pipeline = handle->sqs->pipeline,
                                  .stage = "dead_letters",
                                  .plugin = "sqs",
                                  .class = "malformed",
                                  .reason = sp_arena_text(arena, why.text, strlen(why.text)),
                                  .last_wall_ms = newest->sent_ms};
    memcpy(out->id, newest->id, sizeof out->id);
    out->version = history->version;
    out->attempts = history->attempts;
    out->first_wall_ms = history->first_ms;
    return 0;
}

/* Where a scan stands: which scan, at which message; and a count, so that no two places are equal. */
static bool parse_place(struct sp_slice after, const struct holding *holding, size_t *at_out)
{
    char text[64];
    uint64_t scan, at;
    if (after.size >= sizeof text)
        return false;
    memcpy(text, after.data, after.size);
    text[after.size] = '\0';
    if (sscanf(text, "%16" SCNx64 ".%" SCNu64 ".", &scan, &at) != 2 || scan != holding->scan ||
        at > holding->held.count)
        return false;
    *at_out = (size_t)at;
    return true;
}

static struct sp_slice format_place(struct holding *holding, size_t at, struct sp_arena *arena)
{
    return sp_slice_of(
        sp_arena_printf(arena, "%016" PRIx64 ".%zu.%" PRIu64, holding->scan, at, ++holding->step));
}

struct page {
    const struct sp_letter_filter *filter;
    struct sp_letter *letters;
    size_t count, capacity, max;
};

static void add(struct page *page, const struct sp_letter *letter, struct sp_arena *arena)
{
    if (page->count == page->capacity) {
        size_t more = page->capacity ? page->capacity * 2 : 64;
        page->letters = sp_arena_resize(arena, page->letters, page->capacity * sizeof *page->letters,
                                        more * sizeof *page->letters);
        page->capacity = more;
    }
    page->letters[page->count++] = *letter;
}

/* Letters from *at on; *at is behind them. */
static int fill(struct sqs_handle *handle, struct page *page, size_t *at, int64_t until,
                struct sp_arena *arena, struct sp_error *err)
{
    const struct held *held = &handle->holding->held;
    size_t looked_at = 0, bytes = 0;
    for (; *at < held->count && !held->messages[*at].bare; *at += held_group(held, *at)) {
        const struct held_message *newest;
        struct sp_letter letter;
        if (page->count == page->max || looked_at++ == LOOKED_AT || bytes > PAGE_BYTES ||
            (looked_at % 64 == 0 && sp_clock_now() > until))
            return 0;
        struct history history = held_fold(held, *at, &newest);
        if (!newest)
            continue;
        if (read_letter(handle, newest, &history, arena, &letter, err) != 0)
            return -1;
        bytes += newest->body_size;
        if (sp_letter_passes(&letter, page->filter))
            add(page, &letter, arena);
    }
    *at = held->count;
    return 0;
}

/* Half of the time that there is: what is begun must come to its end. */
static int64_t half_of(int64_t deadline)
{
    int64_t now = sp_clock_now();
    return now + (deadline - now) / 2;
}

static int scan_on(struct sqs_handle *handle, struct page *page, size_t *at, bool *done_out, int64_t deadline,
                   struct sp_arena *arena, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    int64_t until = half_of(deadline);
    *done_out = false;
    if (holding->phase == HOLDING_DRAINS) {
        if (drain_on(handle, until, deadline, err) != 0)
            return -1;
        if (holding->phase == HOLDING_DRAINS)
            return 0;
    }
    if (*at < holding->held.count) {
        if (leases_extend(handle, SIZE_MAX, until, deadline, err) != 0 ||
            fill(handle, page, at, until, arena, err) != 0)
            return -1;
    }
    return *at < holding->held.count || page->count > 0 ? 0
                                                        : leases_show(handle, until, deadline, done_out, err);
}

int letters_scan(void *opened, const struct sp_letter_filter *filter, struct sp_slice after, size_t max,
                 struct sp_arena *arena, const struct sp_letter **letters_out, size_t *count_out,
                 struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct holding *holding = holding_of(handle, err);
    struct page page = {.filter = filter, .max = max};
    size_t at = 0;
    bool done;
    if (!holding)
        return -1;
    if (after.size == 0)
        drain_begin(holding);
    else if (!parse_place(after, holding, &at))
        return sp_fail(err, SP_REFUSED,
                       "a scan of letters in SQS goes on where it began, and this is not of it: "
                       "begin anew");
    if (scan_on(handle, &page, &at, &done, deadline, arena, err) != 0)
        return -1;
    *letters_out = page.letters;
    *count_out = page.count;
    *next_out = done ? (struct sp_slice){NULL, 0} : format_place(holding, at, arena);
    return 0;
}

/* ---- remove */

/* Whether all of these were seen, so that it is known which versions they have. */
static bool knows(const struct holding *holding, const struct sp_letter_ref *refs, size_t count)
{
    for (size_t i = 0; i < count && holding->phase == HOLDING_ALL; i++)
        if (held_look_up(&holding->held, refs[i].id) == holding->held.count)
            return false;
    return holding->phase == HOLDING_ALL;
}

/* Looks at all there is, within the deadline; what was seen counts at the next try. */
static int see_all(struct sqs_handle *handle, int64_t deadline, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    if (holding->phase != HOLDING_DRAINS)
        drain_begin(holding);
    int64_t now = sp_clock_now();
    if (drain_on(handle, now + (deadline - now) * 3 / 4, deadline, err) != 0)
        return -1;
    return holding->phase == HOLDING_ALL
               ? 0
               : sp_fail(err, SP_UNAVAILABLE, "there are more letters than can be looked at in time");
}

/* Gathers messages to delete, and deletes where there are ten. */
struct removing {
    struct sqs_handle *handle;
    size_t indexes[SQS_ENTRIES];
    size_t count;
};

static int flush(struct removing *removing, int64_t deadline, struct sp_error *err)
{
    if (removing->count &&
        leases_delete(removing->handle, removing->indexes, removing->count, deadline, err) != 0)
        return -1;
    removing->count = 0;
    return 0;
}

/* The copies of one letter, from `at` on. */
static int remove_letter(struct removing *removing, size_t at, int64_t deadline, struct sp_error *err)
{
    const struct held *held = &removing->handle->holding->held;
    for (size_t end = at + held_group(held, at); at < end; at++) {
        if (held->messages[at].state == HELD_GONE)
            continue;
        removing->indexes[removing->count++] = at;
        if (removing->count == SQS_ENTRIES && flush(removing, deadline, err) != 0)
            return -1;
    }
    return 0;
}

int letters_remove(void *opened, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                   int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct holding *holding = holding_of(handle, err);
    uint64_t removed = 0;
    bool looked = false, done;
    if (!holding)
        return -1;
    if (!knows(holding, refs, count)) {
        if (see_all(handle, deadline, err) != 0)
            return -1;
        looked = true;
    } else if (leases_extend(handle, SIZE_MAX, half_of(deadline), deadline, err) != 0)
        return -1; /* who sends letters back slowly comes here more often than to a scan */
    struct removing removing = {.handle = handle};
    for (size_t i = 0; i < count; i++) {
        const struct held_message *newest = NULL;
        size_t at = held_look_up(&holding->held, refs[i].id);
        if (at == holding->held.count || held_fold(&holding->held, at, &newest).version != refs[i].version ||
            !newest)
            continue;
        if (remove_letter(&removing, at, deadline, err) != 0)
            return -1;
        removed++;
    }
    if (flush(&removing, deadline, err) != 0)
        return -1;
    if (looked && leases_show(handle, half_of(deadline), deadline, &done, err) != 0)
        return -1;
    *removed_out = removed;
    return 0;
}
