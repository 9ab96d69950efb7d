/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "messages.h"

#include <assert.h>
#include <stdlib.h>

void messages_init(struct messages *messages)
{
    memset(messages, 0, sizeof *messages);
    TAILQ_INIT(&messages->all);
    TAILQ_INIT(&messages->visible);
    TAILQ_INIT(&messages->leased);
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        LIST_INIT(&messages->tickets[i]);
}

void messages_fini(struct messages *messages)
{
    struct message *message;
    while ((message = TAILQ_FIRST(&messages->all)))
        messages_remove(messages, message);
}

size_t message_cost(const struct sp_message *sent)
{
    size_t cost = sizeof(struct message) + sent->body.size;
    for (size_t i = 0; i < sent->attribute_count; i++)
        cost += sizeof sent->attributes[i] + sent->attributes[i].name.size + sent->attributes[i].value.size;
    return cost;
}

static struct sp_slice put_bytes(char **room, struct sp_slice bytes)
{
    struct sp_slice copy = {*room, bytes.size};
    if (bytes.size > 0)
        memcpy(*room, bytes.data, bytes.size);
    *room += bytes.size;
    return copy;
}

struct message *message_new(const struct sp_message *sent)
{
    size_t cost = message_cost(sent);
    struct message *message = malloc(cost);
    if (!message)
        return NULL;
    memset(message, 0, sizeof *message);
    message->cost = cost;
    message->attribute_count = sent->attribute_count;
    char *room = (char *)&message->attributes[sent->attribute_count];
    for (size_t i = 0; i < sent->attribute_count; i++) {
        message->attributes[i].name = put_bytes(&room, sent->attributes[i].name);
        message->attributes[i].value = put_bytes(&room, sent->attributes[i].value);
    }
    message->body = put_bytes(&room, sent->body);
    message->sent_wall_ms = sp_clock_wall_ms();
    return message;
}

void messages_add(struct messages *messages, struct message *message)
{
    TAILQ_INSERT_TAIL(&messages->all, message, by_age);
    TAILQ_INSERT_TAIL(&messages->visible, message, by_place);
    messages->visible_count++;
    messages->cost += message->cost;
}

/* Out of `visible` or `leased`, on its way elsewhere. */
static void take_out(struct messages *messages, struct message *message)
{
    if (message->leased) {
        TAILQ_REMOVE(&messages->leased, message, by_place);
        messages->leased_count--;
    } else {
        TAILQ_REMOVE(&messages->visible, message, by_place);
        messages->visible_count--;
    }
}

void messages_remove(struct messages *messages, struct message *message)
{
    take_out(messages, message);
    TAILQ_REMOVE(&messages->all, message, by_age);
    if (message->ticket)
        LIST_REMOVE(message, by_ticket);
    messages->cost -= message->cost;
    free(message);
}

/* To the end of the line, so that a message that comes back again and again holds nobody up. */
void messages_release(struct messages *messages, struct message *message)
{
    assert(message->leased);
    take_out(messages, message);
    message->leased = false;
    TAILQ_INSERT_TAIL(&messages->visible, message, by_place);
    messages->visible_count++;
}

void messages_expire(struct messages *messages, int64_t now)
{
    struct message *message;
    while ((message = TAILQ_FIRST(&messages->leased)) && message->lease_end <= now)
        messages_release(messages, message);
}

/* Leases are mostly of one length: the search from the back ends at once. */
static void put_among_leased(struct messages *messages, struct message *message, int64_t lease_end)
{
    struct message *before;
    TAILQ_FOREACH_REVERSE(before, &messages->leased, message_list, by_place)
    {
        if (before->lease_end <= lease_end)
            break;
    }
    if (before)
        TAILQ_INSERT_AFTER(&messages->leased, before, message, by_place);
    else
        TAILQ_INSERT_HEAD(&messages->leased, message, by_place);
    messages->leased_count++;
    message->leased = true;
    message->lease_end = lease_end;
}

void messages_lease(struct messages *messages, struct message *message, int64_t lease_end)
{
    assert(!message->leased);
    take_out(messages, message);
    if (message->ticket)
        LIST_REMOVE(message, by_ticket);
    message->ticket = ++messages->last_ticket;
    LIST_INSERT_HEAD(&messages->tickets[message->ticket % TICKET_BUCKETS], message, by_ticket);
    put_among_leased(messages, message, lease_end);
}

void messages_extend(struct messages *messages, struct message *message, int64_t lease_end)
{
    assert(message->leased);
    take_out(messages, message);
    put_among_leased(messages, message, lease_end);
}

struct message *messages_find(const struct messages *messages, struct sp_slice receipt)
{
    uint64_t ticket;
    if (receipt.size != sizeof ticket)
        return NULL;
    memcpy(&ticket, receipt.data, sizeof ticket);
    struct message *message;
    LIST_FOREACH(message, &messages->tickets[ticket % TICKET_BUCKETS], by_ticket)
    {
        if (message->ticket == ticket)
            return message;
    }
    return NULL;
}
