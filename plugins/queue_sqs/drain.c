/* SPDX-License-Identifier: Apache-2.0 */
/* Seeing all that is in the queue: it is received until nothing more comes. */
#include <config.h>

#include "holding.h"
#include "seen.h"

#include <inttypes.h>

/* A crash hides letters for so long; and for longer only where so many are there that a minute is too short
 * to make all their leases longer, one call after the other. */
enum { LEASE_S = 60, LEASE_MOST_S = 900 };

/* Of two calls one makes leases longer, when two thirds of them are over; and a bit. */
enum { ROUNDS = 4 };

/* A receive that does not wait asks some of SQS's servers, one that waits a second asks all. */
enum { EMPTIES = 2 };

static int take_message(struct sqs_handle *handle, json_object *item, int64_t asked_at, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    struct seen seen;
    struct held_message *there;
    if (!seen_read(item, &seen)) {
        sp_log(SP_WARN, "a letter was changed on its way: it is left out, and comes again");
        return 0;
    }
    seen.message.message = held_digest(&holding->held, answer_text(item, "MessageId"));
    seen.message.lease_end = asked_at + holding->lease_s * SP_SECOND;
    return held_add(&holding->held, &seen.message, seen.body, seen.receipt, &there, err);
}

/* As many letters as are there need as many calls to be kept: a lease must last for more than one round. */
static void choose_lease(struct holding *holding)
{
    int64_t wanted = holding->call_ns * (int64_t)holding->held.count / SQS_ENTRIES * ROUNDS / SP_SECOND;
    if (wanted <= holding->lease_s)
        return;
    bool first = holding->lease_s == LEASE_S;
    holding->lease_s = wanted < LEASE_MOST_S ? wanted : LEASE_MOST_S;
    if (first)
        sp_log(SP_INFO,
               "so many letters are there that one call after the other cannot hold them for a minute "
               "at a time: they are held for longer");
}

static int receive(struct sqs_handle *handle, int64_t deadline, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    SP_AUTO(answer_free) json_object *answer = NULL;
    int64_t wait_s = holding->empties > 0, asked_at = sp_clock_now();
    sqs_ask_receive(handle, SQS_ENTRIES, holding->lease_s, wait_s);
    if (sqs_call(handle, "ReceiveMessage", wait_s * SP_SECOND, &answer, deadline, err) != 0)
        return -1;
    size_t many;
    json_object *items = answer_list(answer, "Messages", &many);
    if (many > 0)
        holding->call_ns += (sp_clock_now() - asked_at - holding->call_ns) / 8;
    for (size_t i = 0; i < many; i++)
        if (take_message(handle, json_object_array_get_idx(items, i), asked_at, err) != 0)
            return -1;
    holding->empties = many > 0 ? 0 : holding->empties + 1;
    choose_lease(holding);
    return 0;
}

/* Whether others hold letters that a person would miss. */
static int look_at_others(struct sqs_handle *handle, int64_t deadline, struct sp_error *err)
{
    struct sqs_attributes attributes;
    uint64_t ours = 0;
    const struct held *held = &handle->holding->held;
    if (sqs_read_attributes(handle, 0, &attributes, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < held->count; i++)
        ours += held->messages[i].state == HELD_LEASED;
    if (attributes.leased > ours)
        sp_log(SP_INFO,
               "about %" PRIu64
               " messages of letters are held by another scan, or by one that was killed: they "
               "are not shown, and come back within a minute",
               attributes.leased - ours);
    return 0;
}

static void end(struct holding *holding)
{
    struct held *held = &holding->held;
    held_sort(held);
    holding->phase = HOLDING_ALL;
    holding->seen_at = sp_clock_now();
    holding->oldest_ms = 0;
    holding->extend_at = 0;
    holding->extend_from = 0;
    for (size_t i = 0; i < held->count; i++)
        if (holding->oldest_ms == 0 || held->messages[i].sent_ms < holding->oldest_ms)
            holding->oldest_ms = held->messages[i].sent_ms;
}

void drain_begin(struct holding *holding)
{
    held_keep_leased(&holding->held, sp_clock_now() + 5 * SP_SECOND);
    holding->phase = HOLDING_DRAINS;
    holding->scan = sp_random();
    holding->empties = 0;
    holding->lease_s = LEASE_S;
    holding->extend_at = holding->bare_at = holding->bare_done = 0;
    holding->extend_from = 0;
}

int drain_on(struct sqs_handle *handle, int64_t until, int64_t deadline, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    while (holding->phase == HOLDING_DRAINS) {
        bool full = holding->held.count >= HELD_MOST, none;
        if (convert_some(handle, deadline, &none, err) != 0 ||
            leases_extend(handle, 1, until, deadline, err) != 0)
            return -1;
        if (none && (full || holding->empties >= EMPTIES)) {
            if (full)
                sp_log(SP_WARN,
                       "%d messages of letters were looked at, and there are more: work on these first",
                       HELD_MOST);
            else if (look_at_others(handle, deadline, err) != 0)
                return -1;
            end(holding);
        } else if (none && receive(handle, deadline, err) != 0)
            return -1;
        if (sp_clock_now() >= until)
            break;
    }
    return 0;
}
