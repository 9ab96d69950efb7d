/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/verdicts.h"

void verdicts_init(struct verdicts *verdicts, uint64_t window, uint64_t percent)
{
    *verdicts = (struct verdicts){.window = window, .percent = percent};
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The oldest step makes room for the next. */
static void step_on(struct verdicts *verdicts)
{
    verdicts->at = (verdicts->at + 1) % VERDICT_STEPS;
    struct verdict_step *step = &verdicts->steps[verdicts->at];
    verdicts->sum.judged -= step->judged;
    verdicts->sum.rejected -= step->rejected;
    *step = (struct verdict_step){0, 0};
}

void verdicts_add(struct verdicts *verdicts, uint64_t judged, uint64_t rejected)
{
    uint64_t room = (verdicts->window + VERDICT_STEPS - 1) / VERDICT_STEPS, all = judged, bad = rejected;
    while (verdicts->window > 0 && judged > 0) {
        if (verdicts->steps[verdicts->at].judged >= room)
            step_on(verdicts);
        struct verdict_step *step = &verdicts->steps[verdicts->at];
        uint64_t some = smaller(judged, room - step->judged);
        /* Spread evenly: which of a batch were rejected does not matter here. */
        uint64_t some_bad = judged == some ? rejected : smaller(rejected, (some * bad + all - 1) / all);
        step->judged += some;
        step->rejected += some_bad;
        verdicts->sum.judged += some;
        verdicts->sum.rejected += some_bad;
        judged -= some;
        rejected -= some_bad;
    }
}

bool verdicts_too_many(const struct verdicts *verdicts)
{
    /* The step that is being filled has only just begun when the window is full. */
    uint64_t full = verdicts->window - verdicts->window / VERDICT_STEPS;
    return verdicts->window > 0 && verdicts->sum.judged >= full && verdicts->sum.judged > 0 &&
           verdicts->sum.rejected * 100 > verdicts->percent * verdicts->sum.judged;
}

bool verdicts_strike(unsigned *strikes)
{
    return ++*strikes >= UNKNOWN_STRIKES;
}
