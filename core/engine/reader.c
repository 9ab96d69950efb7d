/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/ingest.h"
#include "engine/pack.h"
#include "engine/rate.h"

#include <stdlib.h>

/* Small: what a page holds counts against read_ahead, and large bodies get blocks of their own. */
enum { PAGE_BLOCK = 16 << 10 };

/* One term of reading: from the cursor that the poller handed over. */
struct reading {
    struct reader *reader;
    struct ingest *ingest;
    struct sp_arena *arena; /* of the page that is being read */
    uint64_t term, ended_term;
    struct sp_slice cursor; /* heap */
    struct rate rate;
    bool told_ended;
};

static void set_cursor(struct reading *reading, struct sp_slice cursor)
{
    struct sp_slice copy = mem_slice(cursor);
    free((char *)reading->cursor.data);
    reading->cursor = copy;
}

/* Waits until a term runs, it is known what the queue can hold, and there is room to read ahead; follows a
 * change of term.  False: stop. */
static bool await_turn(struct reading *reading)
{
    struct ingest *ingest = reading->ingest;
    size_t limit = (size_t)ingest->work->pipeline->source_options.read_ahead_bytes;
    pthread_mutex_lock(&ingest->lock);
    while (!stop_asked(&ingest->work->stop) &&
           (ingest->term == 0 || ingest->paused || !ingest->limits_known || ingest->bytes >= limit))
        cond_wait_ns(&ingest->changed, &ingest->lock, SP_SECOND / 10);
    if (ingest->term != reading->term && ingest->term != 0) {
        reading->term = ingest->term;
        set_cursor(reading, ingest->term_start);
    }
    pthread_mutex_unlock(&ingest->lock);
    return !stop_asked(&ingest->work->stop);
}

/* Waits; a change of term, or the stop, ends it: false. */
static bool pause_reading(struct reading *reading, int64_t ns)
{
    struct ingest *ingest = reading->ingest;
    int64_t until = sp_clock_now() + ns;
    pthread_mutex_lock(&ingest->lock);
    for (int64_t left = ns; left > 0 && !stop_asked(&ingest->work->stop) && ingest->term == reading->term;
         left = until - sp_clock_now())
        cond_wait_ns(&ingest->changed, &ingest->lock, left < SP_SECOND / 5 ? left : SP_SECOND / 5);
    bool same = ingest->term == reading->term && !stop_asked(&ingest->work->stop);
    pthread_mutex_unlock(&ingest->lock);
    return same;
}

static int read_page(struct reading *reading, struct sp_page *page, struct sp_error *err)
{
    struct seat *seat = &reading->reader->source;
    const struct sp_source_ops *ops = seat->crew->stage->plugin->about.source;
    arena_reset(reading->arena, (size_t)2 << 20);
    *page = (struct sp_page){.size = sizeof *page};
    int64_t deadline = call_begin(seat, 0);
    int rc = ops->read(seat->handle, reading->cursor, (struct sp_slice){NULL, 0}, reading->arena, page,
                       deadline, err);
    return call_end(seat, rc, err) ? -1 : 0;
}

static struct sp_arena *take_arena(struct ingest *ingest)
{
    struct sp_arena *arena = NULL;
    pthread_mutex_lock(&ingest->lock);
    for (size_t i = 0; !arena && i < sizeof ingest->spare / sizeof *ingest->spare; i++) {
        arena = ingest->spare[i];
        ingest->spare[i] = NULL;
    }
    pthread_mutex_unlock(&ingest->lock);
    return arena ? arena : arena_new(PAGE_BLOCK);
}

/* Makes the parcels of a page; returns their list. */
static struct parcel *pack(struct reading *reading, const struct sp_page *read, struct page *page)
{
    const char *cursor = ingest_cursor_text(&reading->reader->source, reading->cursor, page->arena);
    struct packed packed;
    pthread_mutex_lock(&reading->ingest->lock);
    const struct pack_limits limits = reading->ingest->limits;
    pthread_mutex_unlock(&reading->ingest->lock);
    pack_page(reading->ingest->work->pipeline, &limits, read, cursor, reading->arena, page->arena, &packed);
    page->waiting = packed.message_count + (packed.letter_count > 0);
    struct parcel *parcels = sp_arena_zalloc(page->arena, page->waiting * sizeof *parcels);
    for (size_t i = 0; i < page->waiting; i++) {
        parcels[i].page = page;
        parcels[i].next = i + 1 < page->waiting ? &parcels[i + 1] : NULL;
        if (i < packed.message_count)
            parcels[i].message = packed.messages[i];
    }
    if (packed.letter_count > 0) {
        parcels[packed.message_count].letters = packed.letters;
        parcels[packed.message_count].letter_count = packed.letter_count;
    }
    return page->waiting ? parcels : NULL;
}

/* Hands a page over to the senders, unless its term is over. */
static void hand_over(struct reading *reading, const struct sp_page *read, struct page *page,
                      struct parcel *parcels)
{
    struct ingest *ingest = reading->ingest;
    pthread_mutex_lock(&ingest->lock);
    bool current = ingest->term == reading->term;
    if (current && page) {
        *ingest->pages_tail = page;
        ingest->pages_tail = &page->next;
        ingest->bytes += page->bytes;
        ingest->page_count++;
        for (; parcels; parcels = parcels->next) {
            *ingest->parcels_tail = parcels;
            ingest->parcels_tail = &parcels->next;
        }
    }
    if (current) {
        ingest->caught_up = read->caught_up;
        ingest->ended = ingest->ended || read->ended;
    }
    pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
    if (!current && page) {
        arena_free(page->arena);
        free((char *)page->cursor.data);
        free(page);
    }
}

static void count_page(struct counters *counters, const struct sp_page *read)
{
    count_add(&counters->pages_read, 1);
    count_add(&counters->events_read, read->event_count);
    count_add(&counters->events_repeated, read->repeated);
    count_add(&counters->not_events, read->not_event_count);
}

static void take_page(struct reading *reading, const struct sp_page *read)
{
    bool empty = read->event_count == 0 && read->not_event_count == 0;
    struct page *page = NULL;
    struct parcel *parcels = NULL;
    count_page(&reading->ingest->work->counters, read);
    if (read->gap)
        sp_log(SP_WARN, "a gap in the source: %s", read->gap);
    if (!empty || !sp_slice_equal(read->cursor, reading->cursor)) {
        page = mem_zalloc(sizeof *page);
        page->term = reading->term;
        page->arena = take_arena(reading->ingest);
        parcels = pack(reading, read, page);
        page->bytes = sp_arena_footprint(page->arena);
        set_cursor(reading, read->cursor);
        page->cursor = mem_slice(read->cursor);
    }
    hand_over(reading, read, page, parcels);
}

/* A source that has ended is read no more; the thread waits for the stop or a new term. */
static void rest(struct reading *reading)
{
    if (!reading->told_ended)
        sp_log(SP_INFO, "the source has ended");
    reading->told_ended = true;
    (void)pause_reading(reading, SP_SECOND);
}

/* A source that cannot be read may have more by now.  At a stop it is only broken off. */
static void note_failure(struct reading *reading)
{
    struct ingest *ingest = reading->ingest;
    pthread_mutex_lock(&ingest->lock);
    if (!stop_asked(&ingest->work->stop))
        ingest->caught_up = false;
    pthread_mutex_unlock(&ingest->lock);
}

/* One turn: at most one page.  Returns how long to wait before the next. */
static int64_t turn(struct reading *reading)
{
    struct seat *seat = &reading->reader->source;
    const struct sp_rate *limit = &reading->ingest->work->pipeline->source_options.rate_limit;
    struct sp_page read;
    struct sp_error err = {0};
    if (!pause_reading(reading, rate_take(&reading->rate, limit, sp_clock_now())))
        return 0;
    if (read_page(reading, &read, &err) != 0) {
        note_failure(reading);
        return call_pause_ns(seat, &err);
    }
    take_page(reading, &read);
    if (read.ended)
        reading->ended_term = reading->term;
    return read.ended ? 0 : read.wait_ns;
}

void *reader_run(void *argument)
{
    struct reader *reader = argument;
    struct reading reading = {.reader = reader,
                              .ingest = reader->ingest,
                              .arena = arena_new((size_t)512 << 10)};
    log_name("source");
    atomic_store(&reader->source.at_stop, BREAK_AT_ONCE);
    while (await_turn(&reading)) {
        if (reading.term == 0 || reading.ended_term == reading.term)
            rest(&reading);
        else
            (void)pause_reading(&reading, turn(&reading));
    }
    arena_free(reading.arena);
    free((char *)reading.cursor.data);
    return NULL;
}
