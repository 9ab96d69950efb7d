/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_HALVES_H
#define OPS_HALVES_H

/* Pausing and resuming the halves of a pipeline, in every process that runs it. */

#include "engine/pause.h"
#include "engine/pipeline.h"

enum halves_act { HALVES_LOOK, HALVES_PAUSE, HALVES_RESUME };

struct halves_report {
    struct pause before, after;
    bool unreadable; /* what was there was no record of ours */
    bool written;
};

/*
 * Does it to the halves that `which` names.  Pausing what is paused writes nothing; resuming always writes,
 * which also lets a deliver go on that stopped by itself.
 */
int halves_run(const struct pipeline *pipeline, enum halves_act act, const struct pause *which,
               struct halves_report *report, struct sp_error *err) SP_MUST_CHECK;

#endif
