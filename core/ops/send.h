/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_SEND_H
#define OPS_SEND_H

/* Messages into the queue, and letters into their store, from the hand of a command: all of them durable, or
 * the error that lasted. */

#include "ops/hand.h"

/* SP_REFUSED where the queue ends with the process that keeps it; `instead`: what people can do then. */
int sending_check(const struct pipeline *pipeline, const char *instead, struct sp_error *err) SP_MUST_CHECK;

struct sending {
    const struct pipeline *pipeline;
    struct hand queue, letters;    /* the second is opened when there is one */
    struct sp_queue_limits limits; /* what the queue itself says */
    uint64_t messages, events, letters_stored;
};

int sending_open(struct sending *sending, const struct pipeline *pipeline,
                 struct sp_error *err) SP_MUST_CHECK;
void sending_close(struct sending *sending);

/* A message that the queue can never hold goes event by event; an event that it can never hold is a letter.
 */
int sending_send(struct sending *sending, const struct sp_message *messages, size_t count,
                 struct sp_error *err) SP_MUST_CHECK;

/* Fills in what all letters have.  One that is larger than its store can hold leaves its bytes in the folder,
 * as it does in a pipeline; without a folder that is the error. */
int sending_bury(struct sending *sending, struct sp_letter *letters, size_t count,
                 struct sp_error *err) SP_MUST_CHECK;

#endif
