/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_MARK_BOOK_H
#define ENGINE_MARK_BOOK_H

/*
 * What this process knows of the record `marks`: its own mark, and how long those of others stood still.
 * A holder counts as gone by the poller's rule (lease.h).  Any thread may call any of it.
 */

#include "engine/lease.h"
#include "engine/marks.h"

#include <pthread.h>

enum { MARK_WATCHES = 32 }; /* where others hold more, those wait for a place */

struct mark_book {
    pthread_mutex_t lock;
    struct holder self;
    int64_t lease_ns;
    uint64_t run;         /* names this engine */
    uint64_t nonce;       /* of the mark that this process holds; 0: none */
    int64_t entered_at;   /* when that was entered in the record; 0: not yet */
    int64_t lasts_ns;     /* its write, at most, where the plugin keeps to its deadline */
    enum mark_phase told; /* how far the record says that it is */
    bool held_any;        /* it held one, some time */
    int64_t wanted_at;    /* when one of another was met last; 0: never */
    struct mark_watch {
        uint64_t nonce;
        struct lease_watch lease;
    } watches[MARK_WATCHES];
    size_t watch_count;
};

void mark_book_init(struct mark_book *book, int64_t lease_ns);
void mark_book_fini(struct mark_book *book);

/* For marks_bury(); `context` is the book. */
bool mark_book_gone(const struct mark_entry *mark, void *book);

/* This process holds the mark from now on; 0: none. */
void mark_book_hold(struct mark_book *book, uint64_t nonce);
uint64_t mark_book_held(struct mark_book *book, bool *held_any_out);

/* The mark is in the record, and its write begins.  The record is to tell how far that is, where it does not
 * return: renew it when that is due. */
void mark_book_enter(struct mark_book *book, int64_t lasts_ns);
/* INT64_MAX: never. */
int64_t mark_book_due(struct mark_book *book);
enum mark_phase mark_book_phase(struct mark_book *book, int64_t now);
void mark_book_renewed(struct mark_book *book, uint64_t nonce, enum mark_phase phase);
/* When it was entered; 0: none is. */
int64_t mark_book_entered_at(struct mark_book *book);

/* A suspect was met that another has marked: from now on the record is to be looked at. */
void mark_book_want(struct mark_book *book);
bool mark_book_wanted(struct mark_book *book, int64_t now);

/* After a look at the record, with when it began and ended. */
void mark_book_look(struct mark_book *book, const struct marks *marks, int64_t began, int64_t ended);

#endif
