/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_QUEUE_KIT_H
#define TESTS_KIT_QUEUE_KIT_H

/* What checks of queues have in common. */

#include "kit.h"

/* A stage with two handles; its queue is empty at first. */
struct queue {
    struct kit *kit;
    struct kit_stage *stage;
    const struct sp_queue_ops *ops;
    void *one, *other;
};

struct received {
    const struct sp_received *items;
    size_t count;
};

/* A lease that outlives any check. */
#define QUEUE_LONG (60 * SP_SECOND)

struct queue queue_begin(struct kit *kit);
/* The same on a queue that is used already. */
struct queue queue_join(struct kit *kit);

/* All must be taken. */
void queue_send(struct queue *queue, void *handle, const struct sp_message *messages, size_t count);
void queue_send_text(struct queue *queue, void *handle, const char *text);
/* So many messages with the bodies {"n":FROM}, {"n":FROM+1}, ... */
void queue_send_numbers(struct queue *queue, void *handle, int64_t from, size_t count);
int64_t queue_number(const struct sp_received *message);

struct received queue_receive(struct queue *queue, void *handle, size_t max, int64_t lease_ns,
                              int64_t wait_ns);
/* One that must come soon. */
const struct sp_received *queue_receive_one(struct queue *queue, void *handle, int64_t lease_ns);
/* Exactly so many that must come soon, with as many calls as that takes. */
struct received queue_receive_all(struct queue *queue, void *handle, size_t count, int64_t lease_ns);
/* Nothing is there for this handle. */
void queue_require_none(struct queue *queue, void *handle, const char *why);

void queue_settle(struct queue *queue, void *handle, const struct sp_received *messages, size_t count,
                  bool done);
enum sp_class queue_extend(struct queue *queue, void *handle, const struct sp_received *message,
                           int64_t lease_ns);
/* How many entries one call may have, at most `most`. */
size_t queue_batch(const struct queue *queue, size_t most);

/* What depth() says, or, where a server does, will say soon. */
void queue_require_depth(struct queue *queue, uint64_t visible, uint64_t leased);

/* Before helpers are started that use the queue. */
void queue_empty_first(struct kit *kit);

/* Sends until it is killed: numbers from `from` on, and says each that is safe. */
struct queue_sender {
    int64_t from;
    size_t batch;
};
void queue_send_forever(struct kit *kit, struct helper_side *side, void *sender);

#endif
