/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/mem.h"
#include "engine/ingest.h"

#include <stdlib.h>

/* What an emptied arena keeps for the next page. */
enum { SPARE_KEPT = 64 << 10 };

void ingest_init(struct ingest *ingest, struct work *work)
{
    *ingest = (struct ingest){.work = work};
    ingest->pages_tail = &ingest->pages;
    ingest->parcels_tail = &ingest->parcels;
    pthread_mutex_init(&ingest->lock, NULL);
    cond_init_monotonic(&ingest->changed);
}

static void page_free(struct page *page)
{
    arena_free(page->arena);
    free((char *)page->cursor.data);
    free(page);
}

void ingest_fini(struct ingest *ingest)
{
    while (ingest->pages) {
        struct page *page = ingest->pages;
        ingest->pages = page->next;
        page_free(page);
    }
    for (size_t i = 0; i < sizeof ingest->spare / sizeof *ingest->spare; i++)
        arena_free(ingest->spare[i]);
    free((char *)ingest->term_start.data);
    pthread_cond_destroy(&ingest->changed);
    pthread_mutex_destroy(&ingest->lock);
}

void ingest_begin_term(struct ingest *ingest, struct sp_slice cursor)
{
    pthread_mutex_lock(&ingest->lock);
    free((char *)ingest->term_start.data);
    ingest->term_start = mem_slice(cursor);
    ingest->term = ++ingest->terms;
    ingest->caught_up = false;
    pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
}

/* Pages that a sender still works on stay until it is done with them; they are of an old term then. */
void ingest_end_term(struct ingest *ingest)
{
    pthread_mutex_lock(&ingest->lock);
    ingest->term = 0;
    ingest->caught_up = false;
    for (struct parcel *parcel = ingest->parcels; parcel; parcel = parcel->next)
        parcel->page->waiting--;
    ingest->parcels = NULL;
    ingest->parcels_tail = &ingest->parcels;
    pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
}

bool ingest_must_ask_limits(struct ingest *ingest)
{
    pthread_mutex_lock(&ingest->lock);
    bool must = !ingest->limits_asked;
    ingest->limits_asked = true;
    pthread_mutex_unlock(&ingest->lock);
    return must;
}

void ingest_set_limits(struct ingest *ingest, const struct sp_queue_limits *said)
{
    pthread_mutex_lock(&ingest->lock);
    ingest->limits = pack_limits_of(ingest->work->pipeline, said);
    ingest->limits_known = true;
    pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
}

void ingest_pause(struct ingest *ingest, bool paused)
{
    pthread_mutex_lock(&ingest->lock);
    ingest->paused = paused;
    pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
}

/* Called with the lock held. */
static void give_back_arena(struct ingest *ingest, struct page *page)
{
    ingest->bytes -= page->bytes;
    page->bytes = 0;
    arena_reset(page->arena, SPARE_KEPT);
    for (size_t i = 0; i < sizeof ingest->spare / sizeof *ingest->spare; i++)
        if (!ingest->spare[i]) {
            ingest->spare[i] = page->arena;
            page->arena = NULL;
            return;
        }
    arena_free(page->arena);
    page->arena = NULL;
}

void ingest_mark_durable(struct ingest *ingest, struct parcel **parcels, size_t count)
{
    bool page_done = false;
    pthread_mutex_lock(&ingest->lock);
    for (size_t i = 0; i < count; i++) {
        struct page *page = parcels[i]->page; /* the parcel lives in the page's arena */
        if (--page->waiting == 0) {
            give_back_arena(ingest, page);
            page_done = true;
        }
    }
    if (page_done)
        pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
}

bool ingest_take_progress(struct ingest *ingest, struct sp_slice *cursor_out)
{
    bool moved = false;
    pthread_mutex_lock(&ingest->lock);
    while (ingest->pages && ingest->pages->waiting == 0) {
        struct page *page = ingest->pages;
        ingest->pages = page->next;
        if (!ingest->pages)
            ingest->pages_tail = &ingest->pages;
        if (page->arena)
            give_back_arena(ingest, page);
        if (page->term == ingest->term) {
            if (moved)
                free((char *)cursor_out->data);
            *cursor_out = page->cursor;
            page->cursor.data = NULL;
            moved = true;
        }
        page_free(page);
    }
    pthread_cond_broadcast(&ingest->changed);
    pthread_mutex_unlock(&ingest->lock);
    return moved;
}

void ingest_await_progress(struct ingest *ingest, int64_t ns)
{
    int64_t until = sp_clock_now() + ns;
    pthread_mutex_lock(&ingest->lock);
    for (int64_t left = ns; left > 0 && !stop_asked(&ingest->work->stop); left = until - sp_clock_now()) {
        if (ingest->pages && ingest->pages->waiting == 0)
            break;
        cond_wait_ns(&ingest->changed, &ingest->lock, left < SP_SECOND / 5 ? left : SP_SECOND / 5);
    }
    pthread_mutex_unlock(&ingest->lock);
}

bool ingest_quiet(struct ingest *ingest, uint64_t *pages_out)
{
    pthread_mutex_lock(&ingest->lock);
    bool quiet = ingest->term != 0 && ingest->caught_up && !ingest->pages;
    *pages_out = ingest->page_count;
    pthread_mutex_unlock(&ingest->lock);
    return quiet;
}

bool ingest_ended(struct ingest *ingest)
{
    pthread_mutex_lock(&ingest->lock);
    bool ended = ingest->ended;
    pthread_mutex_unlock(&ingest->lock);
    return ended;
}

const char *ingest_cursor_text(struct seat *source, struct sp_slice cursor, struct sp_arena *arena)
{
    const struct sp_source_ops *ops = source->crew->stage->plugin->about.source;
    struct sp_error err;
    const char *text = NULL;
    return ops->text_of(source->handle, cursor, arena, &text, &err) == 0 ? text : NULL;
}
