/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_VERDICTS_H
#define ENGINE_VERDICTS_H

/*
 * How many of the last events were rejected, to stop before a bad deploy empties a feed into the dead
 * letters.  Pure.  It looks back over the last `window` events, in steps of a hundredth of it.
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

#endif
