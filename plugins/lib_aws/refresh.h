/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_REFRESH_H
#define LIB_AWS_REFRESH_H

/* When credentials are got anew, and by whom.  Pure: times are of sp_clock_now(). */

#include <scanpipe/base.h>

struct refresh_facts {
    bool have;                      /* there are some */
    bool refused;                   /* these were refused by the service */
    bool busy;                      /* somebody is getting new ones */
    int64_t refresh_at, expires_at; /* INT64_MAX: never */
};

enum refresh_step { REFRESH_USE, REFRESH_GET, REFRESH_WAIT };

enum refresh_step refresh_decide(const struct refresh_facts *facts, int64_t now);

/* Some time from 15 to 10 minutes before they expire; for those that live shortly, in the last quarter of
 * their life at the latest. */
int64_t refresh_plan(int64_t now, int64_t expires_at, uint64_t random);

/* After a failure, while the old are still good: in half a minute to a minute. */
int64_t refresh_plan_again(int64_t now, uint64_t random);

#endif
