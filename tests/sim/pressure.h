/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PRESSURE_H
#define SIM_PRESSURE_H

/*
 * How hard a process calls a stage that is away.  Each of its threads may find out for itself, once; from
 * then on one of them asks at a time, with pauses that grow.
 */

#include "fate.h"

void pressure_open(const struct plan *plan);

/* A call begins and ends. */
void pressure_begin(const struct handle *handle, struct fate *fate);
void pressure_end(struct handle *handle, const struct fate *fate, bool answered);

#endif
