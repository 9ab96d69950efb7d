/* SPDX-License-Identifier: Apache-2.0 */
/* What queue_sqs makes of answers, without a connection: receives, batches, attributes, refusals; and what it
 * decides by them. */
#include <config.h>

#include "tap.h"

#include "base/arena.h"
#include "base/clock.h"

#include <openssl/evp.h>
#include <queue_sqs/entries.h>
#include <queue_sqs/findings.h>
#include <queue_sqs/intake.h>
#include <queue_sqs/md5.h>
#include <queue_sqs/message.h>
#include <queue_sqs/receipt.h>
#include <queue_sqs/seen.h>
#include <queue_sqs/wanted.h>
#include <scanpipe/host.h>
#include <stdlib.h>

static const int64_t day = 86400;

static json_object *answer_of(const char *text)
{
    json_object *answer = answer_parse(sp_slice_of(text));
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
    return answer;
}

/* ---- a receive */

static size_t receive(const char *text, struct sp_arena *arena, struct sp_received **out, size_t *spoilt)
{
    SP_AUTO(answer_free) json_object *answer = answer_of(text);
    return message_read_all(answer, 7 * SP_SECOND, 2 * SP_SECOND, arena, out, spoilt);
}

static void a_message_is_read(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_received *messages;
    size_t spoilt;
    size_t count =
        receive("{\"Messages\":[{\"ReceiptHandle\":\"AQEB+/==\",\"Body\":\"a\\u0000\\u00fc\","
                "\"MD5OfBody\":\"144e7741485b1431e9a31a3c1c2993c3\",\"Attributes\":{"
                "\"SentTimestamp\":\"1795403777294\",\"ApproximateReceiveCount\":\"2\"},"
                "\"MessageAttributes\":{\"b\":{\"DataType\":\"Binary\",\"BinaryValue\":\"AAE=\"},"
                "\"scanpipe-format\":{\"DataType\":\"String\",\"StringValue\":\"ndjson\"},\"n\":7}}]}",
                arena, &messages, &spoilt);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_EQUAL(spoilt, 0);
    CU_ASSERT(sp_slice_equal(messages->body, (struct sp_slice){"a\0\xc3\xbc", 4}));
    CU_ASSERT(messages->received_before);
    CU_ASSERT_EQUAL(messages->sent_wall_ms, 1795403777294);
    CU_ASSERT_EQUAL(messages->lease_end, 9 * SP_SECOND);
    CU_ASSERT_EQUAL_FATAL(messages->attribute_count, 1);
    CU_ASSERT(sp_slice_equal(messages->attributes->value, sp_slice_of("ndjson")));
    struct receipt receipt = receipt_parse(messages->receipt, 1);
    CU_ASSERT_EQUAL(receipt.received_at, 7 * SP_SECOND);
    CU_ASSERT_EQUAL(receipt.sent_wall_ms, 1795403777294);
    CU_ASSERT(sp_slice_equal(receipt.handle, sp_slice_of("AQEB+/==")));
}

static void an_empty_poll_has_no_messages(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_received *messages;
    size_t spoilt;
    CU_ASSERT_EQUAL(receive("{}", arena, &messages, &spoilt), 0);
    CU_ASSERT_EQUAL(receive("{\"Messages\":null}", arena, &messages, &spoilt), 0);
    CU_ASSERT_EQUAL(receive("{\"Messages\":[]}", arena, &messages, &spoilt), 0);
    CU_ASSERT_EQUAL(spoilt, 0);
}

static void what_is_no_message_is_left_out(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_received *messages;
    size_t spoilt, count = receive("{\"Messages\":[null,7,[],{},{\"Body\":\"x\"},"
                                   "{\"ReceiptHandle\":\"h\",\"Body\":\"x\",\"MD5OfBody\":\"00\"},"
                                   "{\"ReceiptHandle\":\"h\",\"Attributes\":{\"SentTimestamp\":"
                                   "\"99999999999999999999\",\"ApproximateReceiveCount\":\"-3\"}}]}",
                                   arena, &messages, &spoilt);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_EQUAL(spoilt, 6);
    CU_ASSERT_EQUAL(messages->body.size, 0);
    CU_ASSERT_EQUAL(messages->sent_wall_ms, 0);
    CU_ASSERT_FALSE(messages->received_before);
}

static void as_many_are_asked_for_as_there_is_room(void)
{
    struct sp_receive want = {.max_messages = 500, .max_bytes = 1 << 20};
    CU_ASSERT_EQUAL(intake_count(0, &want), 10);
    CU_ASSERT_EQUAL(intake_count(64 << 10, &want), 10);
    CU_ASSERT_EQUAL(intake_count(256 << 10, &want), 4);
    CU_ASSERT_EQUAL(intake_count((1 << 20) + 1, &want), 1);
    want.max_messages = 3;
    CU_ASSERT_EQUAL(intake_count(0, &want), 3);
    CU_ASSERT_EQUAL(intake_count(256 << 10, &want), 3);
    want.max_bytes = 0;
    CU_ASSERT_EQUAL(intake_count(1, &want), 1);
}

static void sizes_are_learnt_up_at_once_and_down_slowly(void)
{
    const struct sp_received large = {.body = {"", 160000}}, small = {.body = {"", 100}};
    size_t learnt = intake_learn(0, &large, 1);
    CU_ASSERT_EQUAL(learnt, 160000);
    learnt = intake_learn(learnt, &small, 1);
    CU_ASSERT_EQUAL(learnt, 150000);
    for (int i = 0; i < 200; i++)
        learnt = intake_learn(learnt, &small, 1);
    CU_ASSERT_EQUAL(learnt, 100);
    CU_ASSERT_EQUAL(intake_learn(learnt, NULL, 0), 94);
    CU_ASSERT_EQUAL(intake_learn(learnt, &large, 1), 160000);
}

static void what_is_too_much_is_given_back_but_for_the_first(void)
{
    const struct sp_received messages[] = {{.body = {"", 100}}, {.body = {"", 50}}, {.body = {"", 51}}};
    CU_ASSERT_EQUAL(intake_fits(messages, 3, 1), 1);
    CU_ASSERT_EQUAL(intake_fits(messages, 3, 150), 2);
    CU_ASSERT_EQUAL(intake_fits(messages, 3, 200), 2);
    CU_ASSERT_EQUAL(intake_fits(messages, 3, 201), 3);
    CU_ASSERT_EQUAL(intake_fits(messages, 0, 0), 0);
}

static void age_is_told_from_half_of_the_retention_on_and_hourly(void)
{
    const int64_t hour = 3600 * SP_SECOND, half = 2 * day * 1000;
    CU_ASSERT_FALSE(intake_is_old(half, 4 * day, 0, hour));
    CU_ASSERT(intake_is_old(half + 1000, 4 * day, 0, hour));
    CU_ASSERT_FALSE(intake_is_old(half + 1000, 4 * day, hour, 2 * hour));
    CU_ASSERT(intake_is_old(half + 1000, 4 * day, hour, 2 * hour + 1));
    CU_ASSERT_FALSE(intake_is_old(INT64_MAX, 0, 0, hour)); /* it is not known */
    CU_ASSERT_FALSE(intake_is_old(-half, 4 * day, 0, hour));
}

static void leases_are_whole_seconds_and_never_shorter(void)
{
    CU_ASSERT_EQUAL(intake_seconds(1, 0, 20), 1);
    CU_ASSERT_EQUAL(intake_seconds(0, 1, 20), 1);
    CU_ASSERT_EQUAL(intake_seconds(0, 0, 20), 0);
    CU_ASSERT_EQUAL(intake_seconds(19 * SP_SECOND + 1, 0, 20), 20);
    CU_ASSERT_EQUAL(intake_seconds(60 * SP_SECOND, 0, 20), 20);
}

static void digests_are_compared_where_there_are_any(void)
{
    const struct sp_slice text = sp_slice_of("This is a test message");
    CU_ASSERT(md5_fits(text, "fafb00f5732ab283681e124bf8747ed1"));
    CU_ASSERT(md5_fits(text, "FAFB00F5732AB283681E124BF8747ED1"));
    CU_ASSERT(md5_fits(text, ""));
    CU_ASSERT_FALSE(md5_fits(text, "fafb00f5732ab283681e124bf8747ed2"));
    CU_ASSERT_FALSE(md5_fits(text, "fafb"));
    CU_ASSERT(md5_fits((struct sp_slice){NULL, 0}, "d41d8cd98f00b204e9800998ecf8427e"));
    /* A machine under FIPS has no MD5: then nothing is compared. */
    CU_ASSERT_EQUAL_FATAL(EVP_default_properties_enable_fips(NULL, 1), 1);
    CU_ASSERT(md5_fits(text, "fafb00f5732ab283681e124bf8747ed2"));
    CU_ASSERT_EQUAL(EVP_default_properties_enable_fips(NULL, 0), 1);
    CU_ASSERT_FALSE(md5_fits(text, "fafb00f5732ab283681e124bf8747ed2"));
}

/* A machine that has run for 20 hours, three days after 1795000000. */
static int64_t later_now(void)
{
    return 20 * 3600 * SP_SECOND;
}

static int64_t later_wall_ms(void)
{
    return (INT64_C(1795000000) + 3 * day) * 1000;
}

/* What is held through an outage is seen by who makes its lease longer, also when SQS does that no more. */
static void leases_past_twelve_hours_are_lost_and_age_is_told(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    static const struct clock_source later = {later_now, later_wall_ms, sp_random};
    const struct sqs_config config = {.url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"};
    const struct aws_settings settings = {.service = "sqs", .url = config.url};
    const struct receipt receipt = {7 * 3600 * SP_SECOND, INT64_C(1795000000000), sp_slice_of("AQEB")};
    const struct sp_slice text = receipt_format(&receipt, arena);
    struct sqs sqs = {.config = &config, .lock = PTHREAD_MUTEX_INITIALIZER, .read_at = 1};
    struct sqs_handle handle = {.sqs = &sqs};
    struct sp_result results[1];
    struct sp_error err = {0};
    CU_ASSERT_FATAL(aws_new(&settings, &sqs.aws, &err) == 0);
    clock_replace(&later);
    for (int64_t retention_s = 14 * day; retention_s >= 4 * day; retention_s -= 10 * day) {
        /* Nothing is asked of the server: there is none here. */
        sqs.last.retention_s = retention_s;
        CU_ASSERT_EQUAL(sqs.age_told_at, 0);
        CU_ASSERT_EQUAL(sqs_extend(&handle, &text, 1, SP_SECOND, results, 0, &err), 0);
        CU_ASSERT_EQUAL(results[0].class, SP_CONTENDED);
    }
    CU_ASSERT_EQUAL(sqs.age_told_at, later_now());
    sqs.age_told_at = 0;
    sqs_watch_age(&handle, 0); /* when it was sent is not known */
    CU_ASSERT_EQUAL(sqs.age_told_at, 0);
    clock_replace(NULL);
    text_fini(&handle.request);
    aws_free(sqs.aws);
}

/* ---- a batch */

/* ---- dead letters */

#define LETTER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool see(const char *body, const char *rest, json_object **answer, struct seen *out)
{
    char text[1024];
    snprintf(text, sizeof text, "{\"ReceiptHandle\":\"h\",\"Body\":\"%s\",%s}", body, rest);
    *answer = answer_of(text);
    return seen_read(*answer, out);
}

#define ATTRIBUTES(sent, others)                                                                             \
    "\"Attributes\":{\"SentTimestamp\":\"" sent "\"},\"MessageAttributes\":{" others "}"
#define TEXT(name, value) "\"" name "\":{\"DataType\":\"String\",\"StringValue\":\"" value "\"}"
#define ENVELOPE          TEXT("scanpipe-format", "envelope")

static void a_letter_is_seen(void)
{
    SP_AUTO(answer_free) json_object *answer = NULL;
    struct seen seen;
    CU_ASSERT(see("{\\\"id\\\":\\\"" LETTER_ID
                  "\\\",\\\"attempts\\\":3,\\\"first\\\":\\\"1970-01-01T00:00:07Z\\\"}",
                  ATTRIBUTES("9000", ENVELOPE "," TEXT("scanpipe-order", "1f")), &answer, &seen));
    CU_ASSERT_FALSE(seen.message.bare);
    CU_ASSERT(seen.message.id[0] == 0x01 && seen.message.id[31] == 0xef);
    CU_ASSERT(seen.message.sent_ms == 9000 && seen.message.copy.put_ms == 9000);
    CU_ASSERT(seen.message.copy.order == 0x1f && seen.message.copy.attempts == 3);
    CU_ASSERT_EQUAL(seen.message.copy.first_ms, 7000);
    CU_ASSERT_STRING_EQUAL(seen.receipt, "h");
}

static void a_bare_message_is_seen(void)
{
    static const char *const formats[] = {"", TEXT("scanpipe-format", "ndjson"), ENVELOPE};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        SP_AUTO(answer_free) json_object *answer = NULL;
        struct seen seen;
        char rest[256];
        snprintf(rest, sizeof rest, ATTRIBUTES("9000", "%s"), formats[i]);
        CU_ASSERT(see("{\\\"id\\\":\\\"ab\\\"}\\n{}", rest, &answer, &seen));
        CU_ASSERT(seen.message.bare && seen.message.lines == (i < 2));
    }
}

/* Whoever may write to the queue may write that; what is made of it must not overflow. */
static void numbers_that_nobody_means_are_not_believed(void)
{
    SP_AUTO(answer_free) json_object *answer = NULL;
    struct seen seen;
    CU_ASSERT(see("{\\\"id\\\":\\\"" LETTER_ID "\\\",\\\"attempts\\\":9223372036854775807}",
                  ATTRIBUTES("9223372036854775807",
                             ENVELOPE "," TEXT("scanpipe-renewed", "1 2 9223372036854775807 4")),
                  &answer, &seen));
    CU_ASSERT(seen.message.sent_ms == 0 && seen.message.copy.first_ms == 0);
    CU_ASSERT_FALSE(seen.message.copy.renewed);
    struct history history = {0};
    for (int i = 0; i < 3; i++)
        copies_fold(&history, &seen.message.copy);
    CU_ASSERT(history.attempts > 0 && history.attempts <= COPY_NUMBER_MOST + 2);
}

static void what_cannot_be_held_is_left(void)
{
    SP_AUTO(answer_free) json_object *spoilt = NULL, *without = answer_of("{\"Body\":\"x\"}");
    struct seen seen;
    CU_ASSERT_FALSE(see("x", "\"MD5OfBody\":\"144e7741485b1431e9a31a3c1c2993c3\"", &spoilt, &seen));
    CU_ASSERT_FALSE(seen_read(without, &seen));
    CU_ASSERT_FALSE(seen_read(NULL, &seen));
}

/* Of the caller's entries 0 to 3, number 1 was not sent. */
struct batch {
    struct sqs_handle handle;
    struct sp_result results[4];
    size_t looked_at;
};

static void look(struct sqs_handle *handle, const void *context, size_t index, json_object *said,
                 struct sp_result *results)
{
    CU_ASSERT_STRING_EQUAL(context, "context");
    ((struct batch *)handle)->looked_at++;
    if (*answer_text(said, "Wrong"))
        entries_say(handle, results, index, SP_UNAVAILABLE, "wrong");
}

static void read_batch(const char *text, struct batch *batch)
{
    static const struct entries entries = {{0, 2, 3}, 3};
    SP_AUTO(answer_free) json_object *answer = answer_of(text);
    *batch = (struct batch){.results[1] = {SP_STOPPED, SP_NO_COLUMN, NULL}};
    entries_read(&batch->handle, "SendMessageBatch", &entries, answer, batch->results, look, "context");
    CU_ASSERT_EQUAL(batch->results[1].class, SP_STOPPED);
}

static void entries_are_answered_one_by_one(void)
{
    struct batch batch;
    read_batch("{\"Successful\":[{\"Id\":\"2\"}],\"Failed\":["
               "{\"Id\":\"0\",\"SenderFault\":true,\"Code\":\"InvalidMessageContents\",\"Message\":\"no\"},"
               "{\"Id\":\"1\",\"SenderFault\":false,\"Code\":\"InternalError\"}]}",
               &batch);
    CU_ASSERT_EQUAL(batch.results[0].class, SP_REJECTED);
    CU_ASSERT_STRING_EQUAL(batch.results[0].text, "InvalidMessageContents: no");
    CU_ASSERT_EQUAL(batch.results[2].class, SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(batch.results[3].class, SP_OK);
    CU_ASSERT_EQUAL(batch.looked_at, 1);
}

/* Both lists may be absent, and nothing is taken for done that was not said to be. */
static void what_is_not_answered_is_not_done(void)
{
    static const char *const answers[] = {
        "{}",
        "{\"Failed\":[]}",
        "{\"Successful\":null,\"Failed\":null}",
        "{\"Successful\":{\"Id\":\"0\"}}",
        "{\"Successful\":[\"0\",0,null,[],{\"Id\":0},{\"Id\":\"\"},{\"Id\":\"00\"},{\"Id\":\"3\"}]}",
        "{\"Successful\":[{\"Id\":\"-1\"},{\"Id\":\"a\"}]}",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct batch batch;
        read_batch(answers[i], &batch);
        for (size_t index = 0; index < 4; index++)
            if (index != 1)
                CU_ASSERT_EQUAL(batch.results[index].class, SP_UNAVAILABLE);
        CU_ASSERT_EQUAL(batch.looked_at, 0);
    }
}

static void an_entry_that_also_failed_has_failed(void)
{
    struct batch batch;
    read_batch(
        "{\"Failed\":[{\"Id\":\"0\",\"Code\":\"InternalError\"}],"
        "\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"0\"},{\"Id\":\"1\",\"Wrong\":\"x\"},{\"Id\":\"2\"}]}",
        &batch);
    CU_ASSERT_EQUAL(batch.results[0].class, SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(batch.results[2].class, SP_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(batch.results[2].text, "wrong");
    CU_ASSERT_EQUAL(batch.results[3].class, SP_OK);
}

static void an_entry_is_told_in_one_line(void)
{
    struct batch batch;
    read_batch(
        "{\"Failed\":[{\"Id\":\"0\",\"SenderFault\":1,\"Code\":\"a#Odd:x\",\"Message\":\"one\\r\\ntwo\"}]}",
        &batch);
    CU_ASSERT_STRING_EQUAL(batch.results[0].text, "Odd: one");
    CU_ASSERT_EQUAL(batch.results[0].class, SP_REJECTED);
}

/* ---- a refusal */

static void refused(const char *body, const char *header, long status, const struct answer_regions *regions,
                    struct sp_error *err)
{
    struct refusal refusal;
    *err = (struct sp_error){0};
    answer_read_refusal(sp_slice_of(body), header, &refusal);
    CU_ASSERT_EQUAL(answer_fail("SendMessage", &refusal, status, regions, err), -1);
}

static void a_refusal_is_told_by_its_code(void)
{
    static const struct {
        const char *body, *header;
        long status;
        enum sp_class class;
        const char *text;
    } cases[] = {
        {"{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"none\"}", "Other;Sender", 400,
         SP_REFUSED, "SendMessage: QueueDoesNotExist: none"},
        {"{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"not you\"}", NULL, 400,
         SP_REFUSED, "SendMessage: AccessDeniedException: not you"},
        {"{\"message\":\"none\"}", "AWS.SimpleQueueService.NonExistentQueue;Sender", 400, SP_REFUSED,
         "SendMessage: NonExistentQueue: none"},
        {"", "RequestThrottled;Sender", 403, SP_THROTTLED, "SendMessage: RequestThrottled"},
        {"<html>Bad gateway</html>", NULL, 502, SP_UNAVAILABLE,
         "SendMessage: the server answered 502, and nothing that SQS would say"},
        {"", NULL, 429, SP_THROTTLED, "SendMessage: the server answered 429, and nothing that SQS would say"},
        {"[]", NULL, 418, SP_UNKNOWN, "SendMessage: the server answered 418, and nothing that SQS would say"},
        {"{\"__type\":\"x#InvalidSignatureException\",\"message\":\"It does not match.\\n\\nThe Canonical "
         "String ... x-amz-security-token:SECRET\"}",
         NULL, 403, SP_REFUSED, "SendMessage: InvalidSignatureException: It does not match."},
        {"{\"__type\":\"x#IncompleteSignature\",\"message\":\"No Signature in Authorization=AWS4-HMAC-SHA256 "
         "Credential=AKID/20261123, Signature=abc\"}",
         NULL, 400, SP_REFUSED, "SendMessage: IncompleteSignature: No Signature in Authorization="},
        {"{\"__type\":\"x#OverLimit\"}", NULL, 403, SP_CONTENDED, "SendMessage: OverLimit"},
        {"{\"__type\":7,\"message\":[1]}", NULL, 500, SP_UNAVAILABLE,
         "SendMessage: the server answered 500, and nothing that SQS would say"},
    };
    const struct answer_regions nowhere = {NULL, NULL, NULL};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sp_error err;
        refused(cases[i].body, cases[i].header, cases[i].status, &nowhere, &err);
        CU_ASSERT_EQUAL(err.class, cases[i].class);
        CU_ASSERT_STRING_EQUAL(err.text, cases[i].text);
    }
}

static void another_region_is_the_cure(void)
{
    const struct answer_regions elsewhere = {"us-east-1", "AWS_REGION", "eu-west-1"};
    const struct answer_regions same = {"eu-west-1", "AWS_REGION", "eu-west-1"};
    static const char signature[] =
        "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"Credential should "
        "be scoped to a valid region, not 'us-east-1'. \"}";
    struct sp_error err;
    refused(signature, NULL, 403, &elsewhere, &err);
    CU_ASSERT_STRING_EQUAL(err.cure,
                           "the url is in eu-west-1, and requests are for us-east-1 (AWS_REGION): give "
                           "`region: eu-west-1`");
    refused("{\"__type\":\"x#QueueDoesNotExist\"}", NULL, 400, &elsewhere, &err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "region: eu-west-1"));
    refused("{\"__type\":\"x#InvalidClientTokenId\"}", NULL, 403, &elsewhere, &err);
    CU_ASSERT_PTR_NULL(strstr(err.cure, "eu-west-1")); /* keys are known everywhere */
    refused(signature, NULL, 403, &same, &err);
    CU_ASSERT_PTR_NULL(strstr(err.cure, "eu-west-1"));
    refused("{\"__type\":\"x#InternalFailure\"}", NULL, 500, &elsewhere, &err);
    CU_ASSERT_STRING_EQUAL(err.cure, "");
}

/* ---- attributes */

static struct sqs_attributes attributes_of(const char *members)
{
    struct sqs_attributes out;
    char text[1024];
    snprintf(text, sizeof text, "{\"Attributes\":{%s}}", members);
    SP_AUTO(answer_free) json_object *answer = answer_of(text);
    (void)sqs_take_attributes(answer, &out);
    return out;
}

#define REDRIVE(count)                                                                                       \
    "\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"arn:d\\\",\\\"maxReceiveCount\\\":" count "}\""

static void attributes_are_numbers_in_strings(void)
{
    struct sqs_attributes all = attributes_of(
        "\"MaximumMessageSize\":\"262144\",\"MessageRetentionPeriod\":\"345600\",\"VisibilityTimeout\":\"30\","
        "\"ApproximateNumberOfMessages\":\"5\",\"ApproximateNumberOfMessagesNotVisible\":\"6\","
        "\"ApproximateNumberOfMessagesDelayed\":\"7\",\"QueueArn\":\"arn:q\",\"FifoQueue\":\"true\"," REDRIVE(
            "3"));
    CU_ASSERT_EQUAL(all.message_bytes, 262144);
    CU_ASSERT_EQUAL(all.retention_s, 345600);
    CU_ASSERT_EQUAL(all.visibility_s, 30);
    CU_ASSERT_EQUAL(all.visible, 5);
    CU_ASSERT_EQUAL(all.leased, 6);
    CU_ASSERT_EQUAL(all.delayed, 7);
    CU_ASSERT_EQUAL(all.max_receive_count, 3);
    CU_ASSERT_STRING_EQUAL(all.dead_letter_arn, "arn:d");
    CU_ASSERT_STRING_EQUAL(all.arn, "arn:q");
    CU_ASSERT(all.fifo);
}

static void what_is_not_said_is_the_most_that_there_is(void)
{
    static const char *const sizes[] = {"",
                                        "\"MaximumMessageSize\":\"x\"",
                                        "\"MaximumMessageSize\":\"-5\"",
                                        "\"MaximumMessageSize\":\"99999999999999999999999\"",
                                        "\"MaximumMessageSize\":262144",
                                        "\"MaximumMessageSize\":\"100\""};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CU_ASSERT_EQUAL(attributes_of(sizes[i]).message_bytes, SQS_MESSAGE_BYTES);
    struct sqs_attributes none =
        attributes_of("\"ApproximateNumberOfMessages\":\"-1\",\"MessageRetentionPeriod\":"
                      "\"9223372036854775807\",\"FifoQueue\":\"false\"");
    CU_ASSERT_EQUAL(none.visible, 0);
    CU_ASSERT_EQUAL(none.retention_s, 0);
    CU_ASSERT_FALSE(none.fifo);
    CU_ASSERT_EQUAL(attributes_of(REDRIVE("\\\"1000\\\"")).max_receive_count, 1000);
    CU_ASSERT_EQUAL(attributes_of(REDRIVE("-1")).max_receive_count, 0);
    CU_ASSERT_EQUAL(attributes_of("\"RedrivePolicy\":\"{\"").max_receive_count, 0);
    CU_ASSERT_EQUAL(attributes_of("\"RedrivePolicy\":\"[1]\"").max_receive_count, 0);
}

static void an_answer_that_does_not_count_is_no_answer(void)
{
    static const struct {
        const char *text;
        bool counts;
    } answers[] = {
        {"{\"Attributes\":{\"ApproximateNumberOfMessages\":\"0\",\"ApproximateNumberOfMessagesNotVisible\":\"0\"}}",
         true},
        {"{\"Attributes\":{\"ApproximateNumberOfMessages\":\"0\"}}", false},
        {"{\"Attributes\":{}}", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct sqs_attributes out;
        SP_AUTO(answer_free) json_object *answer = answer_parse(sp_slice_of(answers[i].text));
        CU_ASSERT_EQUAL(sqs_take_attributes(answer, &out), answers[i].counts);
    }
}

/* ---- what is said and made */

static bool says(const struct findings *findings, enum sp_level level, const char *part)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].level == level && strstr(findings->list[i].text, part))
            return true;
    return false;
}

static void findings_warn_of_what_will_be_trouble(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct findings poor = {.arena = arena}, good = {.arena = arena}, none = {.arena = arena},
                    letters = {.arena = arena};
    struct sqs_attributes attributes =
        attributes_of("\"MessageRetentionPeriod\":\"345600\",\"FifoQueue\":\"true\"," REDRIVE("5"));
    findings_of_queue(&poor, &attributes, false);
    CU_ASSERT(says(&poor, SP_WARN, "MessageRetentionPeriod is 4 days"));
    CU_ASSERT(says(&poor, SP_WARN, "maxReceiveCount is 5"));
    CU_ASSERT(says(&poor, SP_ERROR, "FIFO"));
    attributes = attributes_of("\"MessageRetentionPeriod\":\"1209600\"," REDRIVE("1000"));
    findings_of_queue(&good, &attributes, false);
    CU_ASSERT(says(&good, SP_INFO, "MessageRetentionPeriod is 14 days"));
    CU_ASSERT(says(&good, SP_INFO, "after 1000 receives to arn:d"));
    CU_ASSERT_FALSE(says(&good, SP_WARN, "") || says(&good, SP_ERROR, ""));
    attributes =
        attributes_of("\"MessageRetentionPeriod\":\"3600\",\"ApproximateNumberOfMessagesNotVisible\":"
                      "\"119000\"");
    findings_of_queue(&none, &attributes, false);
    CU_ASSERT(says(&none, SP_WARN, "MessageRetentionPeriod is 1 h"));
    CU_ASSERT(says(&none, SP_INFO, "RedrivePolicy: none"));
    CU_ASSERT(says(&none, SP_WARN, "SQS leases 120,000 messages"));
    attributes.leased = 99999;
    findings_of_queue(&letters, &attributes, true);
    CU_ASSERT(says(&letters, SP_INFO, "renews dead letters") && !says(&letters, SP_WARN, ""));
    attributes = attributes_of(REDRIVE("1000"));
    findings_of_queue(&letters, &attributes, true);
    CU_ASSERT(says(&letters, SP_WARN, "after 1000 times they go to arn:d"));
}

static void a_url_elsewhere_is_found(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct findings findings = {.arena = arena};
    struct aws_place place = {"us-east-1", "https://sqs.us-east-1.amazonaws.com", "AWS_REGION", "the region",
                              NULL};
    findings_of_place(&findings, &place);
    place.url_region = "us-east-1";
    findings_of_place(&findings, &place);
    CU_ASSERT_FALSE(says(&findings, SP_WARN, ""));
    place.url_region = "eu-west-1";
    findings_of_place(&findings, &place);
    CU_ASSERT(says(&findings, SP_WARN, "give `region: eu-west-1`"));
}

static void a_queue_that_is_as_wanted_is_left_alone(void)
{
    const struct sp_create queue = {.lease_ns = 60 * SP_SECOND, .dead_letters = "arn:d"}, letters = {0};
    const struct sqs_attributes good = {.retention_s = 14 * day,
                                        .visibility_s = 60,
                                        .max_receive_count = 1000,
                                        .dead_letter_arn = "arn:d"};
    struct sqs_attributes other = good;
    CU_ASSERT(wanted_is_there(&queue, &good));
    CU_ASSERT(wanted_is_there(&letters, &good)); /* what is not asked for is as it is */
    other.retention_s = 4 * day;
    CU_ASSERT_FALSE(wanted_is_there(&queue, &other) || wanted_is_there(&letters, &other));
    other = good;
    other.visibility_s = 30;
    CU_ASSERT_FALSE(wanted_is_there(&queue, &other));
    CU_ASSERT(wanted_is_there(&letters, &other));
    other = good;
    other.max_receive_count = 5;
    CU_ASSERT_FALSE(wanted_is_there(&queue, &other));
    other = good;
    other.dead_letter_arn[0] = 'x';
    CU_ASSERT_FALSE(wanted_is_there(&queue, &other));
}

static void attributes_are_asked_for_as_they_are_read(void)
{
    SP_AUTO(text_fini) struct text text = {0};
    const struct sp_create want = {.lease_ns = 60 * SP_SECOND + 1, .dead_letters = "arn:aws:sqs:r:1:d"};
    wanted_add(&want, &text);
    char members[512];
    snprintf(members, sizeof members, "%.*s", (int)text.size, text.data);
    struct sqs_attributes read = attributes_of(members);
    CU_ASSERT(wanted_is_there(&want, &read));
    CU_ASSERT_EQUAL(read.visibility_s, 61);
    CU_ASSERT_STRING_EQUAL(read.dead_letter_arn, "arn:aws:sqs:r:1:d");
}

static void a_url_has_an_arn(void)
{
    static const struct {
        const char *url, *region, *arn;
    } cases[] = {
        {"https://sqs.eu-west-1.amazonaws.com/123456789012/q", "eu-west-1",
         "arn:aws:sqs:eu-west-1:123456789012:q"},
        {"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1",
         "arn:aws-cn:sqs:cn-north-1:123456789012:q"},
        {"https://sqs.us-gov-west-1.amazonaws.com/123456789012/q", "us-gov-west-1",
         "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q"},
        {"https://sqs.us-isob-east-1.sc2s.sgov.gov/123456789012/q", "us-isob-east-1",
         "arn:aws-iso-b:sqs:us-isob-east-1:123456789012:q"},
        {"https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/q", "eusc-de-east-1",
         "arn:aws-eusc:sqs:eusc-de-east-1:123456789012:q"},
        {"https://sqs.eu-west-1.amazonaws.com/1234567890123/q", "eu-west-1", NULL},
        {"https://sqs.eu-west-1.amazonaws.com/12345678901/q", "eu-west-1", NULL},
        {"https://sqs.eu-west-1.amazonaws.com/123456789012/", "eu-west-1", NULL},
        {"https://sqs.eu-west-1.amazonaws.com/123456789012/q", "", NULL},
        {"q", "eu-west-1", NULL},
        {"123456789012/q", "eu-west-1", NULL},
        {"", "eu-west-1", NULL},
    };
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *arn = wanted_arn(cases[i].url, cases[i].region, arena);
        CU_ASSERT(cases[i].arn ? arn && strcmp(arn, cases[i].arn) == 0 : !arn);
    }
}

static void a_policy_has_a_statement_a_queue(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    const char *letters = wanted_policy(NULL, "arn:d", arena);
    const char *both = wanted_policy(letters, "arn:q", arena);
    SP_AUTO(answer_free) json_object *policy = answer_of(both);
    size_t count;
    json_object *statements = answer_list(policy, "Statement", &count);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_STRING_EQUAL(answer_text(policy, "Version"), "2012-10-17");
    CU_ASSERT_STRING_EQUAL(answer_text(json_object_array_get_idx(statements, 0), "Resource"), "arn:d");
    CU_ASSERT_STRING_EQUAL(answer_text(json_object_array_get_idx(statements, 1), "Resource"), "arn:q");
    CU_ASSERT_PTR_NULL(strchr(both, '*')); /* nothing is allowed that is not named */
    CU_ASSERT_STRING_EQUAL(wanted_policy("something else", "arn:d", arena), letters);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"receive: a message with all that is known of it", a_message_is_read},
        {"receive: an empty poll has no Messages", an_empty_poll_has_no_messages},
        {"receive: what is no message is left out", what_is_no_message_is_left_out},
        {"receive: as many are asked for as there is room", as_many_are_asked_for_as_there_is_room},
        {"receive: sizes are learnt up at once, down slowly", sizes_are_learnt_up_at_once_and_down_slowly},
        {"receive: what is too much is given back, but for the first",
         what_is_too_much_is_given_back_but_for_the_first},
        {"receive: age is told from half of the retention on, hourly",
         age_is_told_from_half_of_the_retention_on_and_hourly},
        {"receive: leases are whole seconds and never shorter", leases_are_whole_seconds_and_never_shorter},
        {"extend: past twelve hours a lease is lost, and age is told",
         leases_past_twelve_hours_are_lost_and_age_is_told},
        {"digests are compared where there are any", digests_are_compared_where_there_are_any},
        {"batch: entries are answered one by one", entries_are_answered_one_by_one},
        {"batch: what is not answered is not done", what_is_not_answered_is_not_done},
        {"batch: an entry that also failed has failed", an_entry_that_also_failed_has_failed},
        {"batch: an entry is told in one line", an_entry_is_told_in_one_line},
        {"refusal: is told by its code, without the request", a_refusal_is_told_by_its_code},
        {"refusal: another region is the cure", another_region_is_the_cure},
        {"dead letters: an envelope", a_letter_is_seen},
        {"dead letters: a bare message", a_bare_message_is_seen},
        {"dead letters: numbers that nobody means", numbers_that_nobody_means_are_not_believed},
        {"dead letters: what cannot be held", what_cannot_be_held_is_left},
        {"attributes: numbers in strings", attributes_are_numbers_in_strings},
        {"attributes: what is not said is the most that there is",
         what_is_not_said_is_the_most_that_there_is},
        {"an answer that does not count what is there is none", an_answer_that_does_not_count_is_no_answer},
        {"survey: warns of what will be trouble", findings_warn_of_what_will_be_trouble},
        {"survey: a url in another region is found", a_url_elsewhere_is_found},
        {"create: a queue that is as wanted is left alone", a_queue_that_is_as_wanted_is_left_alone},
        {"create: attributes are asked for as they are read", attributes_are_asked_for_as_they_are_read},
        {"create: a url has an ARN", a_url_has_an_arn},
        {"create: a policy has a statement a queue", a_policy_has_a_statement_a_queue},
    };
    return tap_run("sqs_answer", tests, sizeof tests / sizeof *tests);
}
