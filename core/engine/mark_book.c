/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/mark_book.h"

/* Looks go on for so long after a mark of another was met: it is met again sooner. */
static const int64_t wanted_for_ns = 60 * SP_SECOND;

/* What kills at once does it sooner; who is killed in an outage has lived longer, but for a chance. */
static const int64_t moment_ns = 100 * SP_MILLISECOND;

void mark_book_init(struct mark_book *book, int64_t lease_ns)
{
    *book = (struct mark_book){.lease_ns = lease_ns, .run = sp_random() | 1};
    pthread_mutex_init(&book->lock, NULL);
    holder_self(&book->self);
}

void mark_book_fini(struct mark_book *book)
{
    pthread_mutex_destroy(&book->lock);
}

static struct mark_watch *find(struct mark_book *book, uint64_t nonce)
{
    for (size_t i = 0; i < book->watch_count; i++)
        if (book->watches[i].nonce == nonce)
            return &book->watches[i];
    return NULL;
}

bool mark_book_gone(const struct mark_entry *mark, void *context)
{
    struct mark_book *book = context;
    if (mark->run == book->run)
        return false;
    /* Somebody with our own identity who is not us: our pid was used before. */
    if (holder_is(&mark->holder, &book->self) || holder_gone(&mark->holder, &book->self))
        return true;
    pthread_mutex_lock(&book->lock);
    const struct mark_watch *watch = find(book, mark->nonce);
    bool gone =
        watch && watch->lease.version == (int64_t)mark->beat && watch->lease.still_ns >= book->lease_ns;
    pthread_mutex_unlock(&book->lock);
    return gone;
}

void mark_book_hold(struct mark_book *book, uint64_t nonce)
{
    pthread_mutex_lock(&book->lock);
    book->nonce = nonce;
    book->entered_at = 0;
    book->told = MARK_BEGINS;
    book->held_any = book->held_any || nonce;
    pthread_mutex_unlock(&book->lock);
}

uint64_t mark_book_held(struct mark_book *book, bool *held_any_out)
{
    pthread_mutex_lock(&book->lock);
    uint64_t nonce = book->nonce;
    *held_any_out = book->held_any;
    pthread_mutex_unlock(&book->lock);
    return nonce;
}

void mark_book_enter(struct mark_book *book, int64_t lasts_ns)
{
    pthread_mutex_lock(&book->lock);
    book->entered_at = sp_clock_now();
    book->lasts_ns = lasts_ns;
    pthread_mutex_unlock(&book->lock);
}

/* When the write that has begun comes to the phase. */
static int64_t phase_at(const struct mark_book *book, enum mark_phase phase)
{
    return book->entered_at + (phase == MARK_LASTS ? moment_ns : book->lasts_ns);
}

int64_t mark_book_due(struct mark_book *book)
{
    pthread_mutex_lock(&book->lock);
    bool never = book->entered_at == 0 || book->told == MARK_OVERDUE;
    int64_t due = never ? INT64_MAX : phase_at(book, book->told + 1);
    pthread_mutex_unlock(&book->lock);
    return due;
}

enum mark_phase mark_book_phase(struct mark_book *book, int64_t now)
{
    pthread_mutex_lock(&book->lock);
    enum mark_phase phase = MARK_BEGINS;
    while (book->entered_at && phase < MARK_OVERDUE && now >= phase_at(book, phase + 1))
        phase++;
    pthread_mutex_unlock(&book->lock);
    return phase;
}

void mark_book_renewed(struct mark_book *book, uint64_t nonce, enum mark_phase phase)
{
    pthread_mutex_lock(&book->lock);
    if (book->nonce == nonce)
        book->told = phase;
    pthread_mutex_unlock(&book->lock);
}

int64_t mark_book_entered_at(struct mark_book *book)
{
    pthread_mutex_lock(&book->lock);
    int64_t entered_at = book->entered_at;
    pthread_mutex_unlock(&book->lock);
    return entered_at;
}

void mark_book_want(struct mark_book *book)
{
    pthread_mutex_lock(&book->lock);
    book->wanted_at = sp_clock_now();
    pthread_mutex_unlock(&book->lock);
}

bool mark_book_wanted(struct mark_book *book, int64_t now)
{
    pthread_mutex_lock(&book->lock);
    bool wanted = book->wanted_at && now - book->wanted_at < wanted_for_ns;
    pthread_mutex_unlock(&book->lock);
    return wanted;
}

static bool is_there(const struct marks *marks, uint64_t nonce)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->entries[i].held && marks->entries[i].nonce == nonce)
            return true;
    return false;
}

void mark_book_look(struct mark_book *book, const struct marks *marks, int64_t began, int64_t ended)
{
    pthread_mutex_lock(&book->lock);
    for (size_t i = book->watch_count; i > 0; i--)
        if (!is_there(marks, book->watches[i - 1].nonce))
            book->watches[i - 1] = book->watches[--book->watch_count];
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark_entry *mark = &marks->entries[i];
        if (!mark->held || mark->run == book->run)
            continue;
        struct mark_watch *watch = find(book, mark->nonce);
        if (!watch && book->watch_count < MARK_WATCHES) {
            watch = &book->watches[book->watch_count++];
            *watch = (struct mark_watch){.nonce = mark->nonce};
        }
        if (watch)
            lease_look(&watch->lease, (int64_t)mark->beat, began, ended, book->lease_ns / 5);
    }
    pthread_mutex_unlock(&book->lock);
}
