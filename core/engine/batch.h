/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

/*
 * Messages that a worker holds, and their events: what one write is made of.  Its memory is used for one
 * batch after another.  It belongs to one worker; the keeper looks at the leases under `lock`.
 */

#include "engine/framing.h"
#include "engine/retry.h"
#include <scanpipe/letters.h>

#include <pthread.h>

/* What becomes of a message in the end. */
enum fate {
    FATE_BACK,  /* not done: visible to others at once */
    FATE_LATER, /* another's to try: visible in a while, so that it does not come back at once */
    FATE_DONE,  /* each of its events is written or a dead letter */
};

struct carried {
    struct sp_received message; /* its slices live in the batch's arena */
    enum fate fate;
    size_t first_event, event_count; /* in the batch's list */
};

/* How an event of a batch has ended. */
enum event_end {
    EVENT_OPEN,
    EVENT_WRITTEN,
    EVENT_BURIED,   /* a dead letter */
    EVENT_UNWANTED, /* the table's `where` says so */
};

/* One event of a batch: where it is, and which message brought it. */
struct delivered {
    struct sp_slice bytes;
    uint32_t carried;                      /* the message's number in the batch */
    const struct framing_history *history; /* NULL: it comes the first time */
    enum event_end end;
    unsigned strikes; /* see verdicts.h */
};

/* A set of events of a batch, by their number. */
struct set {
    const uint32_t *events;
    size_t count;
};

/* How long FATE_LATER is, where nothing else is said; up to twice of it. */
#define BATCH_LATER_NS (2 * SP_SECOND)

struct batch {
    struct sp_arena *arena;
    struct sp_arena *scratch; /* of one try to write it: there may be many */
    bool suspect;             /* its messages were received before */
    bool was_aside;           /* once at least */
    int64_t unknown_at;       /* of the last failure of a class that is not known; 0: there was none */
    bool unknown_rejects;     /* such a failure is the events' by now */
    struct retry doubts;      /* rounds in which some of the events were in doubt ... */
    int64_t try_at;           /* ... and when the next may begin */
    int64_t later_ns;         /* what FATE_LATER means */

    pthread_mutex_t lock; /* guards what the keeper reads: carried (up to count), count, and these */
    struct carried *carried;
    size_t count, capacity;
    int64_t lease_end; /* the earliest; meaningless while count is 0 */
    bool extending;    /* by the keeper, right now */
    bool given_back;   /* the keeper is to leave the leases alone */
    pthread_cond_t extended;

    struct delivered *events;
    size_t event_count, event_capacity;
    size_t bytes;
    bool judged;              /* what the table rejects is among the dead letters */
    struct set taken;         /* by the table, once judged */
    struct sp_letter *buried; /* what the sink rejected; stored when all is judged */
    size_t buried_count, buried_capacity;
};

void batch_init(struct batch *batch);
void batch_fini(struct batch *batch);

/* Holds nothing afterwards. */
void batch_clear(struct batch *batch);

/* Takes a message and unpacks its events.  `copy`: its slices live elsewhere and are copied. */
void batch_add(struct batch *batch, const struct sp_received *message, bool copy);

/* Before each try to write it: what `scratch` holds is gone. */
void batch_begin_try(struct batch *batch);

void batch_bury(struct batch *batch, const struct sp_letter *letter);

/* Whether some events have not ended, of all messages or of one: until then none is done. */
bool batch_is_open(const struct batch *batch);
bool batch_message_is_open(const struct batch *batch, size_t number);

/* Whether some events may be to blame for failures that are not known. */
bool batch_is_in_doubt(const struct batch *batch);
/* Somebody else was: they are to be seen failing from the start. */
void batch_forget_doubts(struct batch *batch);

/* Until the batch is cleared its leases are not made longer.  Waits for the keeper, where it is at it. */
void batch_give_back(struct batch *batch);

/* Gives all messages the same fate. */
void batch_decide(struct batch *batch, enum fate fate);

#endif
