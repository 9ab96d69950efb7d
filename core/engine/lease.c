/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/lease.h"

void lease_look(struct lease_watch *watch, int64_t version, int64_t began, int64_t ended,
                int64_t look_every_ns)
{
    int64_t gap = began - watch->looked_at;
    if (watch->version != version)
        watch->still_ns = 0;
    else
        watch->still_ns += gap < 2 * look_every_ns ? gap : 0;
    watch->version = version;
    watch->looked_at = ended;
}

bool lease_may_take(const struct lease_watch *watch, const struct record *record, const struct holder *self,
                    int64_t lease_ns)
{
    if (!record->held)
        return true;
    /* Somebody with our own identity who is not us: our pid was used before. */
    if (holder_is(&record->holder, self) || holder_gone(&record->holder, self))
        return true;
    return watch->still_ns >= lease_ns;
}

bool lease_lost(int64_t last_good_write_began, int64_t now, int64_t lease_ns)
{
    return now - last_good_write_began > lease_ns / 2;
}
