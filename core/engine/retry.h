/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RETRY_H
#define ENGINE_RETRY_H

/*
 * How long to wait before a call is tried again.  Pure: randomness is an argument.
 *
 * Full jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015): a pause is drawn between
 * nothing and a bound that doubles, so that many processes do not come back together.
 */

#include <scanpipe/error.h>

struct retry_policy {
    int64_t initial_ns; /* the first bound: the first pause is at most this long */
    int64_t max_ns;     /* the last bound */
    int64_t refused_ns; /* after `refused`: grows to fifteen times as much */
};

struct retry {
    unsigned failures; /* in a row; 0 after a success */
};

/* Counts a failure and says how long to wait; retry_after_ns of the error is never undercut. */
int64_t retry_pause(struct retry *retry, const struct retry_policy *policy, const struct sp_error *err,
                    uint64_t random);

#endif
