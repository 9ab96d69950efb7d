/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_FEED_H
#define SIM_FEED_H

/*
 * The events of a run, where each of them has got to, and what the table must be in the end.  Every event
 * says its number ("S"), so that bytes which turn up anywhere are known again.
 */

#include "plan.h"

#include <scanpipe/sink.h>

enum { TYPES = 4 };

struct event {
    enum event_kind kind;
    bool foreign; /* another program put it into the queue; the source does not have it */
    struct sp_slice text;
    int64_t id, amount;
    unsigned key, type;
    bool queued;      /* it was in the queue once, durably */
    bool written;     /* the sink took it, where there is no table */
    bool dead;        /* it is among the dead letters */
    unsigned deaths;  /* of processes that held it and died of something else */
    unsigned strikes; /* of processes that died of it, or of another of its row */
};

/* What a key's row must hold: said by hand, not by folding. */
struct summary {
    bool present;
    int64_t last_id, picked_up_id, picked_up_amount, most, least;
    unsigned last_type;
    bool picked_up;
};

struct feed {
    struct event *events;
    size_t count;
    uint32_t *places; /* what the source has, in its order: numbers of events, some of them more than once */
    int64_t *at;      /* since when it has it */
    size_t place_count;
};

extern struct feed feed;
extern const char *const event_types[TYPES];
extern const char *const event_kinds[EVENT_KINDS];

void feed_make(const struct plan *plan);

/* The event that the bytes are, or NULL; line ends are spaces by then. */
struct event *feed_event(struct sp_slice bytes);

/* Whether it is to end in the table (or in the sink, without one), or among the dead letters. */
bool event_is_good(const struct event *event);
bool event_is_poison(const struct event *event);
/* The class of its dead letter. */
const char *event_letter_class(const struct event *event);

/* The expected row of a key; without poison. */
struct summary feed_summary(unsigned key);

#endif
