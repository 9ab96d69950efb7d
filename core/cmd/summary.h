/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_SUMMARY_H
#define CMD_SUMMARY_H

#include "base/buffer.h"
#include "engine/engine.h"

/* What a run did, for people, or as one JSON object on one line. */
void summary_add(struct buffer *out, const char *pipeline, const struct engine_report *report, bool stopped,
                 bool json);

/* Adds what was before to a report: of one process that has started its pipeline several times. */
void summary_add_before(struct engine_report *report, const struct engine_report *before);

#endif
