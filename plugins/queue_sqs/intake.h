/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_INTAKE_H
#define QUEUE_SQS_INTAKE_H

/* How much a receive asks for and keeps, and when the age of messages is told.  Pure. */

#include <scanpipe/queue.h>

/* Rounded up: sooner than was said, a lease must not end. */
int64_t intake_seconds(int64_t ns, int64_t least, int64_t most);

/* How many to ask for, one to ten: an answer is not bounded in bytes, so what came last says what will come;
 * `large_bytes`: about the largest message that came lately, 0: none did. */
size_t intake_count(size_t large_bytes, const struct sp_receive *want);

/* `large_bytes` after these came: up at once, down slowly. */
size_t intake_learn(size_t large_bytes, const struct sp_received *messages, size_t count);

/* How many of these are within `max_bytes`; the first always is. */
size_t intake_fits(const struct sp_received *messages, size_t count, size_t max_bytes);

/* An outage may last as long as SQS keeps messages, and no longer: half of that is time to act.  It is told
 * once an hour; `told_at`: when last, 0: never. */
bool intake_is_old(int64_t age_ms, int64_t retention_s, int64_t told_at, int64_t now);

#endif
