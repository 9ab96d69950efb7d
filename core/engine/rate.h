/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RATE_H
#define ENGINE_RATE_H

/* A rate limit without bursts: calls are spaced evenly.  Pure: time is an argument. */

#include <scanpipe/option.h>

struct rate {
    int64_t next; /* when the next call may begin */
};

/* Takes one turn and says how long to wait before using it; 0 where there is no limit. */
int64_t rate_take(struct rate *rate, const struct sp_rate *limit, int64_t now);

#endif
