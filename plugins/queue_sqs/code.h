/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_CODE_H
#define QUEUE_SQS_CODE_H

/* What a code of SQS means.  Pure. */

#include <scanpipe/error.h>

enum { CODE_SIZE = 96 };

/* "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender",
 * "QueueDoesNotExist:http://...": the name alone, cut to CODE_SIZE - 1. */
void code_name(const char *type, char out[static CODE_SIZE]);

/* By the code, and only where it is in no list by the HTTP status.  SP_UNKNOWN for what is in neither;
 * SP_REJECTED where less of it might be taken: one entry, or half of the batch. */
enum sp_class code_class(const char *code, long status);

/* The class of an entry of a batch that failed: what the sender is not to blame for is tried again. */
enum sp_class code_entry_class(const char *code, bool sender_fault);

bool code_is_credentials(const char *code); /* newer credentials may be what it wants */
/* The signature's time is wrong; `message` tells it from another mismatch. */
bool code_is_clock(const char *code, const char *message);
bool code_is_no_queue(const char *code); /* there is none of that name */
bool code_is_denied(const char *code);

/* What a person can do, or NULL. */
const char *code_cure(const char *code);

#endif
