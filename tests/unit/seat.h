/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SEAT_H
#define TESTS_UNIT_SEAT_H

/* A seat at a stage of a test's own, whose pauses are short. */

#include "engine/call.h"

static inline void seat_for(struct stop *stop, struct seat *seat, struct crew *crew, struct stage *stage,
                            const struct plugin *plugin)
{
    stage->plugin = plugin;
    stage->name = "test";
    stage->options = (struct stage_options){.timeout_ns = SP_SECOND,
                                            .retry.initial_ns = SP_MILLISECOND,
                                            .retry.max_ns = SP_MILLISECOND,
                                            .retry.refused_ns = SP_MILLISECOND};
    crew->stage = stage;
    pthread_mutex_init(&crew->lock, NULL);
    *seat = (struct seat){.crew = crew, .stop = stop};
}

#endif
