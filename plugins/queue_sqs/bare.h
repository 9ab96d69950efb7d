/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_BARE_H
#define QUEUE_SQS_BARE_H

/*
 * A message that is no envelope: SQS moved it here by its RedrivePolicy, or somebody put it here.  Each of
 * its events is a letter.  Pure.
 */

#include <scanpipe/letters.h>

/* What is left of a body.  {body, lines} is the start. */
struct bare {
    struct sp_slice left;
    bool lines; /* one event a line; else all of it is one */
};

/* By the attribute `scanpipe-format` ("": none), as the core reads messages: see FRAMING in the core. */
struct bare bare_open(struct sp_slice body, const char *format);
bool bare_next(struct bare *bare, struct sp_slice *event_out);

/* The letter of one of its events; false: there is no memory. */
bool bare_letter(const char *pipeline, struct sp_slice event, int64_t sent_ms, struct sp_letter *out);

#endif
