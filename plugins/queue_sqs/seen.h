/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_SEEN_H
#define QUEUE_SQS_SEEN_H

/* What a receive brings of dead letters.  Pure. */

#include "answer.h"
#include "held.h"

/* A message of an answer, whose texts it shares. */
struct seen {
    struct held_message message; /* without its digest and its lease */
    struct sp_slice body;
    const char *receipt;
};

/* False: it is not what SQS holds, by its MD5, or can be neither held nor deleted. */
bool seen_read(json_object *item, struct seen *out);

#endif
