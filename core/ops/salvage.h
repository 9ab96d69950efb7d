/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_SALVAGE_H
#define OPS_SALVAGE_H

/*
 * Everything that a queue still holds, damaged or not, and where in the source that stood which is lost: a
 * message says where the page of the source began that its events are of.
 */

#include "ops/hand.h"

#define SALVAGE_RANGES 20

/* Events of the source behind `from`, up to `to`, are lost, or may be. */
struct salvage_range {
    const char *from; /* as a place; NULL: nothing is known, so the start */
    const char *to;   /* NULL: nothing is known, so the cursor */
};

struct salvage_report {
    uint64_t messages, events; /* that can be read */
    uint64_t doubtful;         /* of these messages */
    uint64_t lost;             /* messages, and places where some may be missing */
    struct salvage_range
        ranges[SALVAGE_RANGES]; /* texts live in the arena; the last is as wide as it must be */
    size_t range_count;
};

/* False: it could not be taken; the salvage ends with SP_STOPPED. */
typedef bool salvage_take(void *context, const struct sp_salvaged *message);

/* `take` may be NULL. */
int salvage_run(const struct pipeline *pipeline, struct hand *queue, salvage_take *take, void *context,
                struct sp_arena *arena, struct salvage_report *out, struct sp_error *err) SP_MUST_CHECK;

#endif
