/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_FINDINGS_H
#define QUEUE_SQS_FINDINGS_H

/* What a queue's place and attributes mean for who relies on it, in sentences.  Pure. */

#include "sqs.h"

enum { FINDINGS = 12 };

struct findings {
    struct sp_arena *arena;
    struct sp_finding list[FINDINGS];
    size_t count;
};

void findings_say(struct findings *findings, enum sp_level level, const char *text);
void findings_of_place(struct findings *findings, const struct aws_place *place);
/* `letters`: it is not the queue of events, but holds dead letters. */
void findings_of_queue(struct findings *findings, const struct sqs_attributes *attributes, bool letters);

#endif
