/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_MESSAGE_H
#define QUEUE_SQS_MESSAGE_H

/* What an answer of ReceiveMessage brings.  Pure. */

#include "answer.h"

#include <scanpipe/queue.h>

/* Copies all of it into the arena; leases are counted from when it was asked for.  Returns how many messages
 * there are; *spoilt_out more are not what SQS holds, by their MD5, or cannot be settled: those come again
 * when their lease ends. */
size_t message_read_all(json_object *answer, int64_t asked_at, int64_t lease_ns, struct sp_arena *arena,
                        struct sp_received **out, size_t *spoilt_out);

#endif
