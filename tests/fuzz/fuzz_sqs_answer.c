/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of SQS, read as each that there is: a receive, also of dead letters, a batch, a queue's
 * attributes, an error.  Whatever came, texts are whole, results say something, and receipts come back. */
#include <config.h>

#include "base/arena.h"

#include <assert.h>
#include <queue_sqs/entries.h>
#include <queue_sqs/findings.h>
#include <queue_sqs/intake.h>
#include <queue_sqs/message.h>
#include <queue_sqs/receipt.h>
#include <queue_sqs/seen.h>
#include <queue_sqs/wanted.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = 5000 * SP_SECOND;

static void read_receive(json_object *answer, struct sp_arena *arena)
{
    struct sp_received *messages;
    size_t spoilt, count = message_read_all(answer, now, SP_SECOND, arena, &messages, &spoilt);
    for (size_t i = 0; i < count; i++) {
        const struct sp_received *one = &messages[i];
        struct receipt receipt = receipt_parse(one->receipt, 1);
        assert(one->body.data && one->sent_wall_ms >= 0 && one->lease_end == now + SP_SECOND);
        assert(receipt.received_at == now && receipt.handle.size > 0);
        assert(receipt.sent_wall_ms == one->sent_wall_ms);
        for (size_t j = 0; j < one->attribute_count; j++)
            assert(one->attributes[j].name.data && one->attributes[j].value.data);
    }
    assert(count == 0 || intake_fits(messages, count, 1) >= 1);
    assert(intake_learn(0, messages, count) <= 64 << 20);
}

static void read_letters(json_object *answer)
{
    struct history history = {0};
    size_t count;
    json_object *items = answer_list(answer, "Messages", &count);
    for (size_t i = 0; i < count; i++) {
        struct seen seen;
        if (!seen_read(json_object_array_get_idx(items, i), &seen))
            continue;
        const struct held_message *message = &seen.message;
        assert(*seen.receipt && seen.body.data && message->sent_ms >= 0);
        if (message->bare)
            continue;
        copies_fold(&history, &message->copy);
        assert(history.version >= 0 && history.attempts >= 0);
        (void)copies_are_old(message->sent_ms, now, now);
    }
}

static void read_batch(json_object *answer)
{
    struct sqs_handle handle = {.large_bytes = 0};
    const struct entries entries = {{2, 0, 9}, 3};
    struct sp_result results[SQS_ENTRIES];
    for (size_t i = 0; i < SQS_ENTRIES; i++)
        results[i] = (struct sp_result){SP_STOPPED, SP_NO_COLUMN, NULL};
    entries_read(&handle, "Operation", &entries, answer, results, NULL, NULL);
    for (size_t i = 0; i < SQS_ENTRIES; i++) {
        bool ours = i == 0 || i == 2 || i == 9;
        assert(ours ? results[i].class != SP_STOPPED : results[i].class == SP_STOPPED);
        assert(!ours || results[i].class == SP_OK || (results[i].text && *results[i].text));
    }
}

static void read_attributes(json_object *answer, struct sp_arena *arena)
{
    struct sqs_attributes attributes;
    struct findings findings = {.arena = arena};
    const struct sp_create want = {.lease_ns = 60 * SP_SECOND, .dead_letters = "arn:aws:sqs:r:1:d"};
    (void)sqs_take_attributes(answer, &attributes);
    assert(attributes.message_bytes >= 1024 && attributes.message_bytes <= SQS_MESSAGE_BYTES);
    assert(attributes.retention_s >= 0 && attributes.visibility_s >= 0 && attributes.max_receive_count >= 0);
    findings_of_queue(&findings, &attributes, false);
    assert(findings.count >= 3);
    (void)wanted_is_there(&want, &attributes);
    (void)intake_is_old(now, attributes.retention_s, 0, now);
    assert(wanted_policy(NULL, attributes.arn, arena));
}

static void read_refusal(struct sp_slice body)
{
    const struct answer_regions regions = {"eu-west-1", "the file", "us-east-1"};
    struct refusal refusal;
    struct sp_error err = {0};
    answer_read_refusal(body, NULL, &refusal);
    assert(memchr(refusal.code, '\0', sizeof refusal.code) &&
           memchr(refusal.message, '\0', sizeof refusal.message) && !strpbrk(refusal.message, "\r\n"));
    assert(answer_fail("Operation", &refusal, 400, &regions, &err) == -1 && err.class != SP_OK && *err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    struct sp_slice body = {copy, size};
    read_refusal(body);
    SP_AUTO(answer_free) json_object *answer = answer_parse(body);
    if (answer) {
        read_receive(answer, arena);
        read_letters(answer);
        read_batch(answer);
        read_attributes(answer, arena);
    }
    free(copy);
    return 0;
}
