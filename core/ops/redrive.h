/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_REDRIVE_H
#define OPS_REDRIVE_H

/*
 * Dead letters back into the queue.  Each event goes as an envelope, a message of its own, so that its
 * history travels; when the queue has it durably, the letter is removed, with the version that was seen.  So
 * an event is never in neither place: what is killed on the way leaves it in both, which is repetition.  A
 * letter that failed again meanwhile has a newer version, and stays.
 *
 * What was stored after the start is not looked at: it never chases its own tail.  Nothing is sent where the
 * table was folded by other rules than the file's: nobody would write it, and a queue may forget sooner than
 * a store of dead letters.  A state that cannot be asked for those rules is told, and keeps nothing back.
 */

#include "ops/choose.h"

#include <scanpipe/option.h>

struct redrive_report {
    uint64_t selected; /* letters that were looked at */
    uint64_t bytes;    /* of their events */
    uint64_t sent;     /* that the queue has, or would get */
    uint64_t removed;  /* of those; the others have a newer version, or were removed by another */
    uint64_t left;     /* that cannot be sent: told one by one */
    bool stopped;      /* before the end */
};

struct redrive {
    struct letters_query query;
    struct sp_rate rate;                      /* {0}: as fast as it goes */
    bool dry_run;                             /* look only */
    void *context;                            /* of these, which are called by the calling thread: */
    bool (*pause)(void *context, int64_t ns); /* waits; false where the stop was asked for */
    void (*tell_left)(void *context, const struct sp_letter *letter, const struct sp_error *why);
    /* The state cannot say by which rules the table was folded, and why. */
    void (*tell_unasked)(void *context, const struct sp_error *why);
    void (*tell_progress)(void *context, const struct redrive_report *report); /* now and then */
};

/* *report_out is filled also where it fails.  Blocks as long as it takes. */
int redrive_run(const struct pipeline *pipeline, const struct redrive *redrive,
                struct redrive_report *report_out, struct sp_error *err) SP_MUST_CHECK;

#endif
