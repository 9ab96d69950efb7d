/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_WANTED_H
#define QUEUE_SQS_WANTED_H

/* What a queue is to be like, what it is called, and who may use it.  Pure. */

#include "sqs.h"

/* Whether a queue that is there needs nothing. */
bool wanted_is_there(const struct sp_create *want, const struct sqs_attributes *attributes);

/* The members of Attributes. */
void wanted_add(const struct sp_create *want, struct text *request);

/* "kept for 14 days, ..." */
const char *wanted_summary(const struct sp_create *want, struct sp_arena *arena);

/* The last part of the URL. */
const char *wanted_name(const char *url);

/* The ARN that a queue of that URL has in a region, as far as the URL looks like one of SQS; else NULL. */
const char *wanted_arn(const char *url, const char *region, struct sp_arena *arena);

/* A policy of IAM: the statements of the one before, if any, and what a pipeline does with this queue. */
const char *wanted_policy(const char *before, const char *arn, struct sp_arena *arena);

#endif
