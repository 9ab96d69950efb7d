/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_RECEIPT_H
#define QUEUE_SQS_RECEIPT_H

/*
 * Our receipts: when the message was received, by sp_clock_now() in milliseconds, when it was sent, and the
 * handle that SQS gave, as "<hex>.<hex>.<handle>", with 12 digits at most.  A message may be leased for
 * twelve hours from its receive on, and SQS forgets to say when those are over; and what is held through an
 * outage grows old.
 */

#include <scanpipe/arena.h>

struct receipt {
    int64_t received_at;  /* sp_clock_now() */
    int64_t sent_wall_ms; /* 0: not known */
    struct sp_slice handle;
};

struct sp_slice receipt_format(const struct receipt *receipt, struct sp_arena *arena);
/* What is none of ours is taken as a handle that was received just now. */
struct receipt receipt_parse(struct sp_slice text, int64_t now);

/* How long a lease may be from now on, in whole seconds: `lease_ns` rounded up; 0: the twelve hours are over.
 */
int64_t receipt_lease_s(const struct receipt *receipt, int64_t lease_ns, int64_t now);

#endif
