/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_QUEUE_H
#define CMD_QUEUE_H

/* The parts of `scanpipe queue`. */

#include "cmd/cmd.h"
#include "ops/salvage.h"

struct queue_options_given {
    const char *file, *output;
    bool quick, messages, apply, dry_run, json;
};

int queue_do_check(const struct pipeline *pipeline, struct hand *hand,
                   const struct queue_options_given *given);
int queue_do_export(const struct pipeline *pipeline, struct hand *hand,
                    const struct queue_options_given *given);
int queue_do_repair(const struct pipeline *pipeline, struct hand *hand,
                    const struct queue_options_given *given);

/* Of a queue that keeps no file: what check says, else what repair says.  False: it could not be printed. */
bool queue_tell_nothing(const struct pipeline *pipeline, const struct queue_options_given *given,
                        bool checks);
/* Makes the queue, and the one for dead letters, on their server. */
int queue_do_create(const struct pipeline *pipeline, const struct queue_options_given *given);

/* What can be read and what is lost, and how to get that again. */
void queue_add_loss(struct buffer *out, const char *file, const struct salvage_report *report);
/* `,"messages":...` and so on. */
void queue_add_loss_json(struct buffer *out, const struct salvage_report *report);

#endif
