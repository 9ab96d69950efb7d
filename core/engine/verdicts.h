/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_VERDICTS_H
#define ENGINE_VERDICTS_H

/*
 * What is held against events, and how much of it is too much.  Pure.
 *
 * How many of the last events were rejected, to stop before a bad deploy empties a feed into the dead
 * letters.  It looks back over the last `window` events, in steps of a hundredth of it.
 */

#include <scanpipe/base.h>

enum { VERDICT_STEPS = 100 };

struct verdicts {
    uint64_t window; /* events looked back over; 0: never too many */
    uint64_t percent;
    struct verdict_step {
        uint64_t judged, rejected;
    } steps[VERDICT_STEPS];
    size_t at; /* the step that is being filled */
    struct verdict_step sum;
};

void verdicts_init(struct verdicts *verdicts, uint64_t window, uint64_t percent);

/* Takes note of a batch. */
void verdicts_add(struct verdicts *verdicts, uint64_t judged, uint64_t rejected);

/* Whether a whole window was seen, and more than `percent` of it was rejected. */
bool verdicts_too_many(const struct verdicts *verdicts);

/*
 * An event fails alone, in a way that nobody knows: its fault, or the sink's?  It is rejected after eight
 * strikes in a row: each time it failed, and the sink took another write since the failure before; pauses
 * that grow are between them.  Where that other write fails too, or the event is taken, nothing is held
 * against it; where there is none, it waits.  A sink that fails so in three writes of ten, by itself, strikes
 * an innocent eight times once in a hundred thousand times that its batch comes down to it alone.
 */
enum { UNKNOWN_STRIKES = 8 };

/* The event has failed again, and the other write was taken.  True where it is rejected now. */
bool verdicts_strike(unsigned *strikes);

#endif
