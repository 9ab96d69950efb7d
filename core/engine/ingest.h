/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_INGEST_H
#define ENGINE_INGEST_H

/*
 * From the source into the queue.
 *
 *   reader ── pages ──▶ senders ──▶ queue
 *      ▲                   │ done
 *      └─ term begins ── poller ──▶ cursor
 *
 * The poller holds the pipeline's record and with it the right to move the cursor.  While it does,
 * a term runs: the reader reads ahead from the term's cursor, senders send what was packed, and the
 * poller moves the cursor over the contiguous prefix of pages that are durable.  When the record is
 * lost the term ends: what is in flight is dropped, for the next term reads it again.
 *
 * A page is durable when each of its messages is in the queue and what was no event is among the
 * dead letters.
 */

#include "engine/framing.h"
#include "engine/pack.h"
#include "engine/work.h"

/* A page that was read and is not yet behind the cursor. */
struct page {
    struct page *next;
    struct sp_arena *arena; /* its messages and letters; given back once nothing waits */
    size_t bytes;           /* counted against read_ahead; 0 once given back */
    size_t waiting;         /* parcels that are not durable yet */
    uint64_t term;
    struct sp_slice cursor; /* heap, owned */
};

/* What a sender takes: a message, or the letters of a page. */
struct parcel {
    struct parcel *next;
    struct page *page;
    struct sp_message message;
    struct sp_letter *letters; /* NULL for a message */
    size_t letter_count;
};

struct ingest {
    struct work *work;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* anything below */

    uint64_t term;              /* 0: no term runs */
    uint64_t terms;             /* that there were */
    struct sp_slice term_start; /* the cursor that the term began with; heap */

    struct page *pages, **pages_tail;       /* in the order of reading */
    struct parcel *parcels, **parcels_tail; /* not taken by a sender yet */
    size_t bytes;                           /* of all pages */
    struct sp_arena *spare[4];              /* emptied arenas, to be used again */

    bool limits_asked, limits_known; /* what the queue itself says of the size of messages */
    struct pack_limits limits;

    uint64_t page_count; /* pages handed over, ever */

    bool paused;    /* by people, or it is not known yet: no page is read */
    bool caught_up; /* the source's last answer */
    bool ended;     /* there will never be more */
    char at[128];   /* the cursor that was committed, as text */
};

void ingest_init(struct ingest *ingest, struct work *work);
void ingest_fini(struct ingest *ingest);

/* The poller's side. */
void ingest_begin_term(struct ingest *ingest, struct sp_slice cursor);
void ingest_end_term(struct ingest *ingest);
/* The cursor behind the durable prefix, taken over by the caller (heap); false where it did not move. */
bool ingest_take_progress(struct ingest *ingest, struct sp_slice *cursor_out);

/* People pause reading, or let it go on. */
void ingest_pause(struct ingest *ingest, bool paused);

/* A sender is the one that asks the queue for its limits at first; and what it said, then or later. */
bool ingest_must_ask_limits(struct ingest *ingest);
void ingest_set_limits(struct ingest *ingest, const struct sp_queue_limits *said);

/* Waits at most `ns` until there is progress to take. */
void ingest_await_progress(struct ingest *ingest, int64_t ns);

/* Says that parcels are durable; what they hold of the read-ahead is given back. */
void ingest_mark_durable(struct ingest *ingest, struct parcel **parcels, size_t count);

/* Whether everything the source has is durable in the queue; and how many pages there were so far. */
bool ingest_quiet(struct ingest *ingest, uint64_t *pages_out);
/* Whether the source said that there will never be more. */
bool ingest_ended(struct ingest *ingest);

/* A cursor as text for people, or NULL; pure, so that it needs no call's frame. */
const char *ingest_cursor_text(struct seat *source, struct sp_slice cursor, struct sp_arena *arena);

/* The threads.  Arguments are struct reader, struct sender, struct poller. */
struct reader {
    struct ingest *ingest;
    struct seat source;
};
struct sender {
    struct ingest *ingest;
    struct seat queue, letters;
};
struct poller {
    struct ingest *ingest;
    struct seat state, source; /* the source's handle only turns cursors into text */
    const char *missing; /* the queue's file, which was not there at the start; NULL: it was, or has none */
    _Atomic bool holds;
};
void *reader_run(void *reader);
void *sender_run(void *sender);
void *poller_run(void *poller);

#endif
