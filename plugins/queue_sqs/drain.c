/* SPDX-License-Identifier: Apache-2.0 */
/* Seeing all that is in the queue: it is received until nothing more comes. */
#include <config.h>

#include "entries.h"
#include "holding.h"
#include "md5.h"

#include <inttypes.h>
#include <scanpipe/time.h>
#include <stdlib.h>

/* A crash hides letters for so long; and for longer only where so many are there that a minute is too short
 * to make all their leases longer, one call after the other. */
enum { LEASE_S = 60, LEASE_MOST_S = 900 };

/* Of two calls one makes leases longer, when two thirds of them are over; and a bit. */
enum { ROUNDS = 4 };

/* A receive that does not wait asks some of SQS's servers, one that waits a second asks all. */
enum { EMPTIES = 2 };

/* From 0001-01-01, where ticks begin, to 1970-01-01. */
#define TICKS_OF_1970 INT64_C(621355968000000000)

static json_object *member(json_object *object, const char *name)
{
    json_object *found = NULL;
    json_object_object_get_ex(object, name, &found);
    return found;
}

static struct sp_slice bytes_of(json_object *text)
{
    if (!json_object_is_type(text, json_type_string))
        return (struct sp_slice){"", 0};
    return (struct sp_slice){json_object_get_string(text), (size_t)json_object_get_string_len(text)};
}

static const char *attribute(json_object *item, const char *name)
{
    return answer_text(member(member(item, "MessageAttributes"), name), "StringValue");
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_id(const char *text, unsigned char id[SP_SHA256_SIZE])
{
    for (size_t i = 0; i < SP_SHA256_SIZE; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        id[i] = (unsigned char)(high << 4 | low);
    }
    return text[2 * SP_SHA256_SIZE] == '\0';
}

/* Which letter an envelope is, and how often it had failed.  False: it is no envelope. */
static bool read_envelope(struct sp_slice body, struct held_message *out)
{
    struct json_tokener *tokener = json_tokener_new();
    SP_AUTO(answer_free)
    json_object *envelope = tokener ? json_tokener_parse_ex(tokener, body.data, (int)body.size) : NULL;
    if (tokener)
        json_tokener_free(tokener);
    int64_t ticks;
    const char *first = answer_text(envelope, "first");
    if (!read_id(answer_text(envelope, "id"), out->id))
        return false;
    out->copy.attempts = json_object_get_int64(member(envelope, "attempts"));
    out->copy.first_ms =
        sp_time_parse(sp_slice_of(first), &ticks) == NULL ? (ticks - TICKS_OF_1970) / 10000 : out->sent_ms;
    return true;
}

static void read_copy(json_object *item, struct held_message *out)
{
    struct copy renewed;
    out->copy.put_ms = out->sent_ms;
    out->copy.order = strtoull(attribute(item, LETTERS_ORDER), NULL, 16);
    if (copies_parse(attribute(item, LETTERS_RENEWED), &renewed))
        out->copy = renewed;
}

static int take_message(struct sqs_handle *handle, json_object *item, int64_t asked_at, bool *new_out,
                        struct sp_error *err)
{
    struct holding *holding = handle->holding;
    struct sp_slice body = bytes_of(member(item, "Body"));
    const char *receipt = answer_text(item, "ReceiptHandle"), *format = attribute(item, LETTERS_FORMAT);
    struct held_message message = {
        .message = held_digest(&holding->held, answer_text(item, "MessageId")),
        .sent_ms = strtoll(answer_text(member(item, "Attributes"), "SentTimestamp"), NULL, 10),
        .lease_end = asked_at + holding->lease_s * SP_SECOND,
    };
    struct held_message *there;
    if (!md5_fits(body, answer_text(item, "MD5OfBody")) || strlen(receipt) > RECEIPT_MOST) {
        sp_log(SP_WARN, "a letter was changed on its way: it is left out, and comes again");
        return 0;
    }
    message.bare = strcmp(format, "envelope") != 0 || !read_envelope(body, &message);
    if (message.bare)
        message.lines = bare_open(body, format).lines;
    else
        read_copy(item, &message);
    size_t before = holding->held.count;
    if (held_add(&holding->held, &message, body, receipt, &there, err) != 0)
        return -1;
    *new_out = *new_out || holding->held.count > before;
    return 0;
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
    json_object *items = member(answer, "Messages");
    size_t many = json_object_is_type(items, json_type_array) ? json_object_array_length(items) : 0;
    bool any_new = false;
    if (many > 0)
        holding->call_ns += (sp_clock_now() - asked_at - holding->call_ns) / 8;
    for (size_t i = 0; i < many; i++)
        if (take_message(handle, json_object_array_get_idx(items, i), asked_at, &any_new, err) != 0)
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
