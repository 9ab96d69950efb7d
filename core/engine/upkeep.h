/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_UPKEEP_H
#define ENGINE_UPKEEP_H

/*
 * The state's record `upkeep`: who looks after the store of dead letters just now, and when that was done
 * last.  One process at a time, about once an hour.  As JSON, for people.  Pure.
 *
 * It is taken and given back by one compare and swap each.  What its wall clock says only decides whether a
 * process that has just begun does it at once; who has watched the record goes by its own clock alone.
 */

#include "engine/lease.h"

#define UPKEEP_RECORD "upkeep"

struct upkeep {
    bool held;
    struct holder holder; /* where held */
    int64_t done_wall_ms; /* 0: never */
    uint64_t nonce;       /* each write is another */
};

/* An empty value: it was never done.  -1: no record of ours (SP_REFUSED). */
int upkeep_parse(struct sp_slice value, struct sp_arena *arena, struct upkeep *out,
                 struct sp_error *err) SP_MUST_CHECK;
struct sp_slice upkeep_format(const struct upkeep *upkeep, struct sp_arena *arena);

/* Whether to try to take it.  From a holder: where that is gone, or its record stood still for `every_ns`. */
bool upkeep_may_take(const struct upkeep *upkeep, const struct lease_watch *watch, const struct holder *self,
                     int64_t wall_ms, int64_t every_ns);

#endif
