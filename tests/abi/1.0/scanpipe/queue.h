/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_QUEUE_H
#define SCANPIPE_QUEUE_H

/*
 * A queue with leases: what is received is invisible to others until its lease ends, it is settled,
 * or it is released.  At-least-once; no order is promised or needed.
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/host.h>

/* Frozen within an ABI major. */
struct sp_attribute {
    struct sp_slice name, value;
};

/* Frozen within an ABI major. */
struct sp_message {
    struct sp_slice body;
    const struct sp_attribute *attributes;
    size_t attribute_count;
    uint64_t event_count; /* in the body */
};

/* Frozen within an ABI major.  Slices live in the arena of the receive. */
struct sp_received {
    struct sp_slice body;
    struct sp_slice receipt; /* valid on every handle of the stage */
    const struct sp_attribute *attributes;
    size_t attribute_count;
    int64_t lease_end;    /* by sp_clock_now(); never later than the queue's own idea */
    int64_t sent_wall_ms; /* 0: not known */
    bool received_before; /* a suspect: somebody had it and did not settle it */
};

/* Frozen within an ABI major. */
struct sp_settle {
    struct sp_slice receipt;
    bool done; /* true: delete it; false: release it, visible again at once */
};

struct sp_receive {
    size_t size;
    size_t max_messages; /* >= 1 */
    size_t max_bytes;    /* of bodies together; one message is always allowed */
    int64_t lease_ns;
    int64_t wait_ns; /* how long to wait while nothing is there; 0: not at all */
};

struct sp_depth {
    size_t size;
    uint64_t visible, leased; /* messages */
    int64_t oldest_wall_ms;   /* when the oldest was sent; 0: none, or not known */
};

struct sp_queue_health {
    size_t size;
    const struct sp_finding *findings; /* an error is damage */
    size_t finding_count;
    bool damaged;              /* there is something that repair() mends */
    uint64_t messages, events; /* that the queue holds, where it is not damaged */
    uint64_t doubtful;         /* messages of these that are perhaps not what was sent; with `full` alone */
    bool absent;               /* there is no store yet, so no damage either */
};

enum sp_salvage {
    SP_SALVAGE_WHOLE = 0,
    SP_SALVAGE_DOUBTFUL = 1, /* it can be read, and is perhaps not what was sent */
    SP_SALVAGE_LOST = 2,     /* the body cannot be read, or more messages than one; the rest may be known */
};

/* A message as it lies in the store, whoever holds it.  Frozen within an ABI major. */
struct sp_salvaged {
    enum sp_salvage outcome;
    struct sp_slice body;
    const struct sp_attribute *attributes;
    size_t attribute_count;
    uint64_t event_count; /* as it was sent; 0: not known */
    int64_t sent_wall_ms; /* 0: not known */
    const char *text;     /* why it is doubtful or lost, as a sentence; NULL for what is whole */
};

struct sp_queue_repair {
    size_t size;
    bool needed;              /* false: the store is sound */
    bool applied;             /* it was done, and the store was found sound afterwards */
    const char *const *steps; /* what is done, or was done, in order: sentences without a full stop */
    size_t step_count;
};

/* Of this very queue, where they are tighter than the capabilities of all.  0: as those say. */
struct sp_queue_limits {
    size_t size;
    int64_t message_bytes, batch_bytes;
};

struct sp_queue_ops {
    size_t size;

    /* Durable when it returns 0 and results[i].class is SP_OK, as far as the plugin is SP_DURABLE.
     * -1: no entry is known to be sent.  Each call has at most the batch limits of the capabilities. */
    int (*send)(void *handle, const struct sp_message *messages, size_t count, struct sp_result *results,
                int64_t deadline, struct sp_error *err);

    /* 0 with *count 0 when nothing came within wait_ns. */
    int (*receive)(void *handle, const struct sp_receive *want, struct sp_arena *arena,
                   const struct sp_received **messages, size_t *count, int64_t deadline,
                   struct sp_error *err);

    /* Settling what another holds by now, or what is gone, is success for `done` and nothing for a release.
     */
    int (*settle)(void *handle, const struct sp_settle *entries, size_t count, struct sp_result *results,
                  int64_t deadline, struct sp_error *err);

    /* Leases end `lease_ns` from now.  A lease that is lost is SP_CONTENDED in its result. */
    int (*extend)(void *handle, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                  struct sp_result *results, int64_t deadline, struct sp_error *err);

    int (*depth)(void *handle, struct sp_depth *depth, int64_t deadline, struct sp_error *err);

    /*
     * For people, and NULL where a queue has no store of its own that could break.  They work on a handle
     * that is used for nothing else, also where every other call fails for the damage.  Texts live in the
     * arena.
     */

    /* Looks for damage and changes nothing; `full`: at all that there is, however long it takes. */
    int (*check)(void *handle, bool full, struct sp_arena *arena, struct sp_queue_health *health,
                 int64_t deadline, struct sp_error *err);

    /* The next messages behind `after` (empty: from the start), about `max`, in the order of sending as far
     * as that is known, and what is lost between them.  *next_out is what to hand in next time, empty at the
     * end. Leases nothing, changes nothing. */
    int (*salvage)(void *handle, struct sp_slice after, size_t max, struct sp_arena *arena,
                   const struct sp_salvaged **messages, size_t *count, struct sp_slice *next_out,
                   int64_t deadline, struct sp_error *err);

    /* Says what a repair does, and does it where `apply`: all or nothing, and what was there is kept.
     * SP_REFUSED where another process uses the store. */
    int (*repair)(void *handle, bool apply, struct sp_arena *arena, struct sp_queue_repair *repair,
                  int64_t deadline, struct sp_error *err);

    /* NULL where the capabilities say it all.  Asked for before the first message is packed, and again each
     * time that a message of several events was rejected: so what was said lately may be said again. */
    int (*limits)(void *handle, struct sp_queue_limits *limits, int64_t deadline, struct sp_error *err);
};

#endif
