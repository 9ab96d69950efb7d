/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_REPLAY_H
#define OPS_REPLAY_H

/*
 * Sends a range of the source into the queue again, beside a pipeline that runs or without one, and leaves
 * the cursor alone.  What was sent twice is there twice, which is harmless, so what is broken off is begun
 * again. What is no event, or too large, becomes a dead letter, as when it was read first.
 */

#include "engine/pipeline.h"

struct replay_report {
    uint64_t pages, events, not_events;
    uint64_t messages, sent; /* that the queue has, or would get; events of them */
    uint64_t letters;
    bool reached; /* the range's end */
    bool ended;   /* the source ends before it */
    bool stopped;
    char at[128]; /* up to where all is in the queue, as a place; empty: nothing is */
};

struct replay {
    const char *from, *to;                    /* as a person names them; both belong to the range */
    struct sp_rate rate;                      /* events; {0}: as fast as it goes */
    bool dry_run;                             /* reads and counts, sends nothing */
    void *context;                            /* of these, which the calling thread calls: */
    bool (*pause)(void *context, int64_t ns); /* waits; false where the stop was asked for */
    void (*tell_progress)(void *context, const struct replay_report *report); /* after each page */
    void (*note)(void *context, const char *text); /* what a person should know of the range */
};

/* *report_out is filled also where it fails.  SP_REJECTED: `from` or `to` is no place, or they are the wrong
 * way round. */
int replay_run(const struct pipeline *pipeline, const struct replay *replay, struct replay_report *report_out,
               struct sp_error *err) SP_MUST_CHECK;

#endif
