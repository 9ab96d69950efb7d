/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_HOLDING_H
#define QUEUE_SQS_HOLDING_H

/* What the files of letters share: what a handle holds, and what is done to it. */

#include "bare.h"
#include "held.h"
#include "sqs.h"

enum holding_phase {
    HOLDING_NOTHING,
    HOLDING_DRAINS, /* more may be there */
    HOLDING_ALL,    /* all was seen, and is sorted */
};

struct holding {
    struct held held;
    enum holding_phase phase;
    uint64_t scan, step; /* which scan it is; each answer's place is another */
    unsigned empties;    /* receives in a row that found nothing */
    int64_t call_ns;     /* how long a call takes, about */
    int64_t lease_s;
    size_t extend_at;    /* whose lease to look at next */
    int64_t extend_from; /* no lease needs anything before */
    size_t bare_at;      /* whose events become letters next */
    size_t bare_done;    /* bytes of its body that are letters */
    char (*why)[160];    /* what the results of a put say */
    int64_t seen_at;     /* when all had been seen; 0: never */
    int64_t oldest_ms;   /* of that; 0: there was none */
};

/* A letter as a message. */
struct outgoing {
    char *text;
    size_t size;
    uint64_t order;
    const struct copy *renewed; /* NULL: it is put */
};

/* The handle's, made where there is none. */
struct holding *holding_of(struct sqs_handle *handle, struct sp_error *err);

/* Ten at most, that are small enough together.  -1: none is known to be there. */
int outgoing_send(struct sqs_handle *handle, const struct outgoing *all, size_t count,
                  struct sp_result *results, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;
/* How many of them go together, from the first on; one at least. */
size_t outgoing_fit(const struct outgoing *all, size_t count);

/* drain.c */

/* A new look at all there is; what is held still need not come again. */
void drain_begin(struct holding *holding);
/* Goes on looking until all was seen, or the time is over; bare messages become letters on the way. */
int drain_on(struct sqs_handle *handle, int64_t until, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* lease.c: on messages of holding->held, by their indexes. */

/* Makes those leases longer that need it, at most so many calls, or none is left. */
int leases_extend(struct sqs_handle *handle, size_t calls, int64_t until, int64_t deadline,
                  struct sp_error *err) SP_MUST_CHECK;
/* Shows what is held; *done_out: nothing is held any more. */
int leases_show(struct sqs_handle *handle, int64_t until, int64_t deadline, bool *done_out,
                struct sp_error *err) SP_MUST_CHECK;
/* Deletes ten at most; those that went are HELD_GONE. */
int leases_delete(struct sqs_handle *handle, const size_t *indexes, size_t count, int64_t deadline,
                  struct sp_error *err) SP_MUST_CHECK;

/* convert.c: makes letters of some of the events of the first bare message; *none_out: there is no such. */
int convert_some(struct sqs_handle *handle, int64_t deadline, bool *none_out,
                 struct sp_error *err) SP_MUST_CHECK;

#endif
