/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/retry.h"

enum { REFUSED_GROWTH = 15 };

/* What lost a race tries again soon: the winner is done in milliseconds. */
static const int64_t contended_initial_ns = 5 * SP_MILLISECOND;
static const int64_t contended_max_ns = 500 * SP_MILLISECOND;

static int64_t doubled(int64_t initial, int64_t max, unsigned times)
{
    int64_t bound = initial;
    while (times-- > 0 && bound < max)
        bound *= 2;
    return bound < max ? bound : max;
}

static int64_t drawn(int64_t low, int64_t high, uint64_t random)
{
    return high > low ? low + (int64_t)(random % (uint64_t)(high - low + 1)) : low;
}

int64_t retry_pause(struct retry *retry, const struct retry_policy *policy, const struct sp_error *err,
                    uint64_t random)
{
    unsigned before = retry->failures++;
    int64_t bound, floor = err->retry_after_ns;
    switch (err->class) {
    case SP_CONTENDED:
        return drawn(floor, floor + doubled(contended_initial_ns, contended_max_ns, before), random);
    case SP_REFUSED:
    case SP_REJECTED: /* where nobody takes it for one event's fault, a person must act */
        bound = doubled(policy->refused_ns, policy->refused_ns * REFUSED_GROWTH, before);
        return drawn(floor + bound - bound / 10, floor + bound, random);
    default:
        bound = doubled(policy->initial_ns, policy->max_ns, before);
        return drawn(floor, floor + bound, random);
    }
}
