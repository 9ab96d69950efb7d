/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_DELIVER_H
#define ENGINE_DELIVER_H

/*
 * From the queue into the sink: workers with handles of their own receive, unpack, fold, write and
 * settle.  A message is settled when each of its events is written or is a dead letter; the dead
 * letter is stored first.
 *
 * What was received before is a suspect: its holder may have died of it.  Suspects are gathered into batches
 * of their own and written under a mark (marks.h), one batch at a time in a process.
 */

#include "engine/batch.h"
#include "engine/mark_book.h"
#include "engine/verdicts.h"
#include "engine/work.h"
#include "table/fold.h"

struct deliver {
    struct work *work;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool polling; /* one worker waits at the empty queue; the others park */
    bool idle;    /* the last receive found nothing */
    bool paused;  /* by people, or it is not known yet */
    bool stopped; /* too many events were rejected */
    struct verdicts verdicts;
    struct worker *workers;
    size_t worker_count;
    _Atomic int64_t accepted_at; /* when the latest of the writes began that the sink accepted */

    pthread_mutex_t preparing;
    _Atomic bool prepared;

    pthread_mutex_t trying; /* one batch of suspects at a time: a death tells on one batch then */
    struct seat state;      /* used by the worker that prepares, then by the one that tries suspects */
    struct mark_book book;
};

/* A worker's batches: one that is filled, one of suspects, one that was put aside. */
enum { BATCHES = 3 };

struct worker {
    struct deliver *deliver;
    struct seat queue, sink, letters;
    struct batch batches[BATCHES];
    struct batch *fresh, *suspects, *aside; /* each is one of them */
    struct fold *fold;                      /* NULL without a table */
    unsigned turned_away;                   /* batches that found no place aside ... */
    int64_t turned_away_at;                 /* ... of late; the last of them */
    struct trial *trial;                    /* NULL: what is written needs no mark */
    size_t events_each;                     /* events a message had in the last batch: how much to ask for */
};

void deliver_init(struct deliver *deliver, struct work *work);
void deliver_fini(struct deliver *deliver);

void worker_init(struct worker *worker, struct deliver *deliver);
void worker_fini(struct worker *worker);
void *worker_run(void *worker);

/* People pause it, or let it go on: then also after it stopped by itself. */
void deliver_pause(struct deliver *deliver, bool paused);
void deliver_resume(struct deliver *deliver);

/* Takes note of events that were judged; stops receiving where too many of late were rejected. */
void deliver_count_verdicts(struct deliver *deliver, size_t judged, size_t rejected);

/* prepare.c: makes the table, probes the sink and compares the table's rules, once; the other workers
 * wait for it.  False: the stop came first. */
bool deliver_prepare(struct worker *worker);

enum outcome {
    WRITE_DONE,    /* each event is written, a dead letter, or in doubt */
    WRITE_ASIDE,   /* the sink failed in a way that is not known: to be tried again behind another write */
    WRITE_STOPPED, /* the stop came first */
};

/* judge.c: stores what the table rejects among the dead letters; what fits goes to *taken (in the batch's
 * arena).  Counts.  A batch that was judged is not judged again.  False: the stop came first. */
bool judge_batch(struct worker *worker, struct batch *batch, struct set *taken);
/* A dead letter for an event of the batch; its texts live until the next try to write it. */
struct sp_letter judge_letter(struct worker *worker, struct batch *batch, uint32_t event, const char *stage,
                              const char *plugin);

/* write.c: writes a set that was judged, but for what has ended before, whatever it takes; what can never be
 * written is stored among the dead letters.  Where some is in doubt afterwards, the batch comes aside. */
enum outcome write_set(struct worker *worker, struct batch *batch, struct set set);
/* Judges, and writes; the whole batch. */
enum outcome write_batch(struct worker *worker, struct batch *batch);

/* trial.c: writes a batch of suspects under marks and settles it; one that comes aside is not settled. */
enum outcome trial_run(struct worker *worker, struct batch *batch);
/* Before and after each write of a worker that is on trial; nothing for others.  Enter: false: the stop came
 * first, or the marks have changed, and the write must not be made. */
bool trial_enter(struct worker *worker);
void trial_leave(struct worker *worker, bool survived);

/* settle.c: settles each message by its fate; then the batch holds nothing. */
void settle_batch(struct worker *worker, struct batch *batch);

/* keeper.c: extends leases that end soon. */
struct keeper {
    struct deliver *deliver; /* its workers hold the messages */
    struct seat queue;
    _Atomic uint64_t visible, leased; /* the queue's depth, as last seen */
    _Atomic bool known;
    _Atomic bool eager;           /* somebody waits for the queue to be empty */
    _Atomic uint64_t empty_looks; /* how often in a row it was seen with nothing visible and nothing leased */
};
void *keeper_run(void *keeper);

/* clerk.c: obeys the record `pause`, renews this process's mark, watches those of others. */
struct clerk {
    struct deliver *deliver;
    struct ingest *ingest; /* NULL: no source */
    struct seat state;
};
void *clerk_run(void *clerk);

#endif
