/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_HAND_H
#define OPS_HAND_H

/*
 * A stage in the hand of a command: loaded and opened outside of any engine, used by one thread.
 *
 * The shape of every call, with a fresh deadline each time:
 *
 *     do {
 *         failed = ops->scan(hand.handle, ..., hand_begin(&hand), &err) != 0;
 *     } while (failed && hand_again(&hand, &err));
 *
 * Races are tried again, and so is what is away, for as long as the stage's `timeout`: a person waits at
 * the terminal, and is told once what it is that is waited for.
 */

#include "engine/pipeline.h"
#include "engine/retry.h"

struct hand {
    const struct stage *stage;
    void *loaded, *handle;
    struct retry retry;
    int64_t began;         /* the last call that was not after a failure */
    int64_t failing_since; /* the first of the failures in a row; 0: the last call went well */
    bool told;             /* of these failures */
    bool patient;          /* calls may take as long as the stage's timeout by now */
};

/* Called when it will be seconds before a call is tried again, by whoever waits: which stage, why, and for
 * how long it is still to be tried.  One for the program, set before the first hand is opened; without one
 * nothing is told. */
typedef void hand_teller(const char *stage, const struct sp_error *err, int64_t left_ns);
void hand_tell_with(hand_teller *tell);

/* The stage must have a plugin.  The error says which stage it was. */
int hand_open(struct hand *hand, const struct stage *stage, struct sp_error *err) SP_MUST_CHECK;
/* Does nothing to what is {0}; for SP_AUTO. */
void hand_close(struct hand *hand);

/* The deadline of a call that may take `extra_ns` longer than the stage's timeout.  Without that, calls have
 * two seconds at most until the first one that needs more: so that who waits is told. */
int64_t hand_begin_extra(struct hand *hand, int64_t extra_ns);
static inline int64_t hand_begin(struct hand *hand)
{
    return hand_begin_extra(hand, 0);
}

/* After a call that failed: pauses, and says whether to try again.  False: err says which stage it was. */
bool hand_again(struct hand *hand, struct sp_error *err);
/* After a call that went well, where the same hand is used for many. */
void hand_well(struct hand *hand);

/* What a queue itself says of the size of its messages; all 0 where it says nothing. */
int hand_limits(struct hand *queue, struct sp_queue_limits *out, struct sp_error *err) SP_MUST_CHECK;

#endif
