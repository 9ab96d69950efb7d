/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "seen.h"

#include "bare.h"
#include "md5.h"

#include <scanpipe/time.h>
#include <stdlib.h>

/* From 0001-01-01, where ticks begin, to 1970-01-01. */
#define TICKS_OF_1970 INT64_C(621355968000000000)

static const char *attribute(json_object *item, const char *name)
{
    return answer_text(answer_member(answer_member(item, "MessageAttributes"), name), "StringValue");
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
    SP_AUTO(answer_free) json_object *envelope = answer_parse(body);
    const char *first = answer_text(envelope, "first");
    int64_t ticks, attempts = json_object_get_int64(answer_member(envelope, "attempts"));
    if (!read_id(answer_text(envelope, "id"), out->id))
        return false;
    out->copy.attempts = attempts < 0 ? 0 : attempts < COPY_NUMBER_MOST ? attempts : COPY_NUMBER_MOST;
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

bool seen_read(json_object *item, struct seen *out)
{
    const char *format = attribute(item, LETTERS_FORMAT);
    *out = (struct seen){.body = answer_bytes(item, "Body"), .receipt = answer_text(item, "ReceiptHandle")};
    struct held_message *message = &out->message;
    message->sent_ms = answer_number(answer_member(item, "Attributes"), "SentTimestamp", 0);
    if (!md5_fits(out->body, answer_text(item, "MD5OfBody")) || !*out->receipt ||
        strlen(out->receipt) > RECEIPT_MOST)
        return false;
    message->bare = strcmp(format, "envelope") != 0 || !read_envelope(out->body, message);
    if (message->bare)
        message->lines = bare_open(out->body, format).lines;
    else
        read_copy(item, message);
    return true;
}
