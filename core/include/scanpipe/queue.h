/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_QUEUE_H
#define SCANPIPE_QUEUE_H

/*
 * A queue with leases: what is received is invisible to others until its lease ends, it is settled,
 * or it is released.  At-least-once; no order is promised or needed.
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>

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
};

#endif
