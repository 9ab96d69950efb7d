/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_LETTERS_H
#define QUEUE_SQS_LETTERS_H

/*
 * Dead letters in a queue of SQS: each message is an envelope, or what SQS moved there by itself, bare.
 *
 * SQS can only be read by receiving.  So a scan receives all there is, holds it invisible to others until the
 * scan is over, and then shows it again; who is killed meanwhile hides it until its leases end.  A letter
 * that is there in several messages is one letter: its version comes from the latest put, its history from
 * all. Removing deletes the messages of a letter that this handle's scan has seen.
 */

#include "sqs.h"

/* MaximumMessageSize of a queue is 256 KiB or more, older ones and newer ones, unless somebody has set it
 * lower. So a letter that one took fits where it is moved to; a queue that holds less rejects what is too
 * large. */
#define LETTERS_BYTES (256 * 1024 - SQS_ATTRIBUTE_ROOM)

int letters_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                int64_t deadline, struct sp_error *err);
int letters_scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after, size_t max,
                 struct sp_arena *arena, const struct sp_letter **letters_out, size_t *count_out,
                 struct sp_slice *next_out, int64_t deadline, struct sp_error *err);
int letters_remove(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                   int64_t deadline, struct sp_error *err);
int letters_upkeep(void *handle, int64_t deadline, struct sp_error *err);

/* Shows again what a scan left that did not end, as far as that is quick, and forgets it. */
void letters_close(struct sqs_handle *handle);

#endif
