/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PACK_H
#define ENGINE_PACK_H

/* A page of the source as messages for the queue, and what of it can only be a dead letter.  Pure. */

#include "engine/framing.h"
#include "engine/pipeline.h"

struct packed {
    struct sp_message *messages;
    size_t message_count;
    struct sp_letter *letters; /* what was no event, and events that are too large */
    size_t letter_count;
};

struct pack_limits {
    size_t event_bytes;   /* a larger event is a dead letter */
    size_t message_bytes; /* of what is packed together */
};

/* What file and plugin say, and the queue itself; NULL: it says nothing. */
struct pack_limits pack_limits_of(const struct pipeline *pipeline, const struct sp_queue_limits *said);

/* All of it lives in `arena`, `scratch` is for the way; `cursor` is where the page began, as text that lives
 * as long as `arena`, or NULL. */
void pack_page(const struct pipeline *pipeline, const struct pack_limits *limits, const struct sp_page *page,
               const char *cursor, struct sp_arena *scratch, struct sp_arena *arena, struct packed *out);

#endif
