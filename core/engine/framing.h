/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_FRAMING_H
#define ENGINE_FRAMING_H

/*
 * Events in messages: one event a line (NDJSON), or one envelope a message.  Pure.
 *
 * Raw CR and LF between an event's tokens become spaces; otherwise an event stays byte for byte.  In an
 * envelope it stays what it is, whatever it is.
 */

#include <scanpipe/queue.h>

#define FRAMING_FORMAT   "scanpipe-format"
#define FRAMING_NDJSON   "ndjson"
#define FRAMING_ENVELOPE "envelope" /* the body is one dead letter on its way back: scanpipe/envelope.h */
#define FRAMING_CURSOR   "scanpipe-cursor" /* where in the source the message's page began, as text */

struct framing_limits {
    size_t events; /* of one message */
    size_t bytes;  /* of one message's body; a single larger event gets a message of its own */
};

/*
 * Packs events into messages, in order.  Bodies and the array live in the arena; every message
 * carries `attributes`.  Events that the queue cannot hold are the caller's to keep away.
 */
struct sp_message *framing_pack(const struct sp_slice *events, size_t count,
                                const struct framing_limits *limits, const struct sp_attribute *attributes,
                                size_t attribute_count, struct sp_arena *arena, size_t *count_out);

/* Goes through the events of a body; {0} is the start. */
struct framing_reader {
    struct sp_slice left;
    bool whole;    /* the body is one event */
    bool envelope; /* the body is one envelope */
};

/* What an event brings with it that was among the dead letters before. */
struct framing_history {
    int64_t attempts;      /* how often it has failed */
    int64_t first_wall_ms; /* when it failed first; 0: not known */
    const char *wrong; /* the body should have been an envelope, and is none: why; the event is the body */
};

/* A body is read line by line with our attribute, or where its first line alone is a JSON object; else it is
 * one event, valid or not.  An envelope is known by its attribute only. */
struct framing_reader framing_open(const struct sp_received *message);
/* The next event's bytes, in the body or in the arena; *history_out is NULL but for envelopes. */
bool framing_next_event(struct framing_reader *reader, struct sp_arena *arena, struct sp_slice *event_out,
                        const struct framing_history **history_out);
/* The same where no envelope can be: in what ingest has packed. */
bool framing_next(struct framing_reader *reader, struct sp_slice *event_out);

/* Whether it is a JSON object and nothing else. */
bool framing_is_object(struct sp_slice text);

/* The event with raw line ends as spaces; in the arena where it had any. */
struct sp_slice framing_one_line(struct sp_slice event, struct sp_arena *arena);

/* The value of an attribute; NULL data where it is not there. */
struct sp_slice framing_attribute(const struct sp_received *message, const char *name);

#endif
