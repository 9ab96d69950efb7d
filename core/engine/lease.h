/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LEASE_H
#define ENGINE_LEASE_H

/*
 * Deciding who polls, without comparing clocks.  Pure: time is an argument, and always one's own
 * CLOCK_BOOTTIME.
 *
 * A standby takes over when the record's version has not changed for `lease` of its own time, in
 * which it could read the state; a holder steps down when its last good write began more than half a
 * lease ago.  So the holder stops before anybody can take over, however the clocks of the two
 * differ, as long as they run at nearly the same speed (Gray, Cheriton: "Leases", SOSP 1989).
 */

#include "engine/record.h"

/* What a standby remembers between looks. */
struct lease_watch {
    int64_t version;   /* that was seen last; 0: nothing yet */
    int64_t looked_at; /* when that look ended */
    int64_t still_ns;  /* how long that version was seen to stand still */
};

/* After each look that could read the state, with when the look began and ended.  `look_every_ns`
 * bounds what one gap between two looks counts for. */
void lease_look(struct lease_watch *watch, int64_t version, int64_t began, int64_t ended,
                int64_t look_every_ns);

/* Whether to try to take the record over. */
bool lease_may_take(const struct lease_watch *watch, const struct record *record, const struct holder *self,
                    int64_t lease_ns);

/* Whether a holder must stop moving the cursor. */
bool lease_lost(int64_t last_good_write_began, int64_t now, int64_t lease_ns);

#endif
