/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_MEMORY_MESSAGES_H
#define QUEUE_MEMORY_MESSAGES_H

/*
 * The messages of a queue and their leases, as data: time is an argument, and nothing here locks or
 * waits.
 *
 * Invariants: a message stands in `all`, and in exactly one of `visible` and `leased`; `leased` is
 * sorted by the lease's end; a message that was ever received is found by the ticket of its latest
 * receive, and by no other.
 */

#include <scanpipe/plugin.h>

#include <sys/queue.h>

enum { TICKET_BUCKETS = 1024 };

struct message {
    TAILQ_ENTRY(message) by_age;
    TAILQ_ENTRY(message) by_place;
    LIST_ENTRY(message) by_ticket;
    uint64_t ticket; /* of the latest receive; 0: nobody ever had it */
    bool leased;
    int64_t lease_end;
    int64_t sent_wall_ms;
    size_t cost; /* bytes of memory */
    struct sp_slice body;
    size_t attribute_count;
    struct sp_attribute attributes[];
};

TAILQ_HEAD(message_list, message);
LIST_HEAD(message_bucket, message);

struct messages {
    struct message_list all, visible, leased;
    struct message_bucket tickets[TICKET_BUCKETS];
    uint64_t last_ticket;
    uint64_t visible_count, leased_count;
    size_t cost;
};

void messages_init(struct messages *messages);
void messages_fini(struct messages *messages);

/* A copy of what is sent, in one piece; NULL where there is no memory. */
struct message *message_new(const struct sp_message *sent);
size_t message_cost(const struct sp_message *sent);

/* Takes the message over, visible. */
void messages_add(struct messages *messages, struct message *message);
void messages_remove(struct messages *messages, struct message *message);

/* Leases that ended by `now` end. */
void messages_expire(struct messages *messages, int64_t now);

/* Under a new ticket. */
void messages_lease(struct messages *messages, struct message *message, int64_t lease_end);
void messages_extend(struct messages *messages, struct message *message, int64_t lease_end);
void messages_release(struct messages *messages, struct message *message);

/* What the receipt still stands for; NULL: somebody else received it since, or it is gone. */
struct message *messages_find(const struct messages *messages, struct sp_slice receipt);

#endif
