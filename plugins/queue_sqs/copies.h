/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_COPIES_H
#define QUEUE_SQS_COPIES_H

/* A letter lies in the queue as often as it was put; together these copies are one letter.  Pure. */

#include <scanpipe/letters.h>

/* What a copy brings with it.  One that upkeep has sent again stands for all that it knew of then: its times
 * and attempts are those of the letter, and it is no put. */
struct copy {
    int64_t put_ms; /* by the service's clock */
    uint64_t order; /* of those that were put in the same millisecond, as far as one process put them */
    int64_t attempts, first_ms;
    bool renewed;
};

struct history {
    int64_t attempts, first_ms;
    int64_t version; /* 0: no copy yet */
};

/* Earlier (-1), later (1), or nobody knows (0). */
int copies_compare(const struct copy *a, const struct copy *b);

/* {0}, and then each copy in their order: as if each had been put where the ones before were. */
void copies_fold(struct history *history, const struct copy *copy);

/* The copy that stands for the history up to `newest`. */
struct copy copies_renewed(const struct history *history, const struct copy *newest);

#define LETTERS_FORMAT  "scanpipe-format" /* as the core's framing calls it */
#define LETTERS_ORDER   "scanpipe-order"  /* of puts in the same millisecond */
#define LETTERS_RENEWED "scanpipe-renewed"

/* A copy's times and attempts are no larger, so that nothing is that is made of them. */
#define COPY_NUMBER_MOST INT64_C(0xffffffffffff)

/* That copy's attribute LETTERS_RENEWED, "<put_ms> <order> <attempts> <first_ms>", and back; false: it is
 * none. */
enum { COPIES_TEXT = 96 };
void copies_format(const struct copy *renewed, char out[COPIES_TEXT]);
bool copies_parse(const char *text, struct copy *out);

/* More than three quarters of the time for which SQS keeps a message are over. */
bool copies_are_old(int64_t sent_ms, int64_t wall_ms, int64_t retention_s);

/* When to look again: `seen_ns` ago all was seen, and the oldest had been sent at `oldest_ms` (0: there was
 * none).  SQS moves messages here that are old already, so that it is never long. */
bool copies_are_due(int64_t seen_ns, int64_t oldest_ms, int64_t wall_ms, int64_t retention_s);

#endif
