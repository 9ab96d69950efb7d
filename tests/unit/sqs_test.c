/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of queue_sqs: codes, texts, receipts. */
#include <config.h>

#include "tap.h"

#include "base/arena.h"

#include <json-c/json.h>
#include <queue_sqs/code.h>
#include <queue_sqs/receipt.h>
#include <queue_sqs/text.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <stdlib.h>

static void test_names_of_codes(void)
{
    static const struct {
        const char *type, *name;
    } cases[] = {
        {"com.amazonaws.sqs#QueueDoesNotExist", "QueueDoesNotExist"},
        {"com.amazon.coral.service#AccessDeniedException", "AccessDeniedException"},
        {"AWS.SimpleQueueService.NonExistentQueue;Sender", "NonExistentQueue"},
        {"InternalFailure:http://internal.amazon.com/coral/com.amazon.coral.service/", "InternalFailure"},
        {"OverLimit", "OverLimit"},
        {"a#b#c", "b#c"},
        {"", ""},
        {"#", ""},
        {";", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[CODE_SIZE];
        code_name(cases[i].type, name);
        CU_ASSERT_STRING_EQUAL(name, cases[i].name);
    }
}

static void test_long_names_are_cut(void)
{
    char type[400], name[CODE_SIZE];
    memset(type, 'x', sizeof type - 1);
    type[sizeof type - 1] = '\0';
    code_name(type, name);
    CU_ASSERT_EQUAL(strlen(name), CODE_SIZE - 1);
}

static void test_classes(void)
{
    static const struct {
        const char *code;
        long status;
        enum sp_class class;
    } cases[] = {
        {"RequestThrottled", 403, SP_THROTTLED},
        {"RequestThrottledException", 400, SP_THROTTLED},
        {"ThrottlingException", 400, SP_THROTTLED},
        {"Throttling", 400, SP_THROTTLED},
        {"ThrottledException", 400, SP_THROTTLED},
        {"TooManyRequestsException", 400, SP_THROTTLED},
        {"SlowDown", 503, SP_THROTTLED},
        {"KMS.ThrottlingException", 400, SP_THROTTLED},
        {"KmsThrottled", 400, SP_THROTTLED},
        {"", 429, SP_THROTTLED},
        {"SomethingNew", 429, SP_THROTTLED},
        {"InternalFailure", 500, SP_UNAVAILABLE},
        {"ServiceUnavailable", 503, SP_UNAVAILABLE},
        {"", 502, SP_UNAVAILABLE},
        {"", 408, SP_UNAVAILABLE},
        {"OverLimit", 403, SP_CONTENDED},
        {"QueueDoesNotExist", 400, SP_REFUSED},
        {"AccessDenied", 403, SP_REFUSED},
        {"SignatureDoesNotMatch", 403, SP_REFUSED},
        {"KmsDisabled", 400, SP_REFUSED},
        {"KMS.NotFoundException", 400, SP_REFUSED},
        {"", 403, SP_REFUSED},
        {"", 407, SP_REFUSED},
        {"InvalidMessageContents", 400, SP_REJECTED},
        {"BatchRequestTooLong", 400, SP_REJECTED}, /* half of it may be taken */
        {"TooManyEntriesInBatchRequest", 400, SP_REJECTED},
        {"", 413, SP_REJECTED},
        {"SomethingNew", 400, SP_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(code_class(cases[i].code, cases[i].status), cases[i].class);
}

static void test_classes_of_entries(void)
{
    CU_ASSERT_EQUAL(code_entry_class("InternalError", false), SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(code_entry_class("SomethingNew", false), SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(code_entry_class("SomethingNew", true), SP_REJECTED);
    CU_ASSERT_EQUAL(code_entry_class("InvalidMessageContents", true), SP_REJECTED);
    CU_ASSERT_EQUAL(code_entry_class("KmsDisabled", true), SP_REFUSED);
    CU_ASSERT_EQUAL(code_entry_class("RequestThrottled", true), SP_THROTTLED);
}

static void test_what_can_be_tried_again(void)
{
    CU_ASSERT_TRUE(code_is_credentials("ExpiredTokenException"));
    CU_ASSERT_TRUE(code_is_credentials("InvalidClientTokenId"));
    CU_ASSERT_FALSE(code_is_credentials("AccessDenied"));
    CU_ASSERT_TRUE(code_is_clock("RequestExpired", ""));
    CU_ASSERT_TRUE(code_is_clock("SignatureDoesNotMatch", "Signature expired: 20261123T101112Z is now ..."));
    CU_ASSERT_TRUE(code_is_clock("InvalidSignatureException", "Signature not yet current: 2026..."));
    CU_ASSERT_FALSE(code_is_clock("SignatureDoesNotMatch", "The request signature we calculated does not"));
    CU_ASSERT_FALSE(code_is_clock("AccessDenied", "Signature expired"));
    CU_ASSERT_TRUE(code_is_no_queue("NonExistentQueue"));
    CU_ASSERT_TRUE(code_is_no_queue("QueueDoesNotExist"));
    CU_ASSERT_FALSE(code_is_no_queue("QueueDeletedRecently"));
    CU_ASSERT_TRUE(code_is_denied("AccessDeniedException"));
    CU_ASSERT_PTR_NOT_NULL(code_cure("QueueDoesNotExist"));
    CU_ASSERT_PTR_NOT_NULL(code_cure("KmsDisabled"));
    CU_ASSERT_PTR_NULL(code_cure("InternalFailure"));
}

/* Whatever SQS takes comes out of the JSON as it went in. */
static void test_strings_come_back(void)
{
    static const struct sp_slice texts[] = {
        {"", 0},
        {"plain", 5},
        {"\"quoted\" \\ and / \t\r\n", 20},
        {"\x01\x1f\x7f", 3},
        {"Gr\xc3\xbc\xc3\x9f"
         "e \xf0\x9f\x98\x80 \xe2\x80\xae",
         16},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        SP_AUTO(text_fini) struct text text = {0};
        text_add(&text, "{\"a\":");
        text_string(&text, texts[i]);
        text_printf(&text, ",\"n\":%d}", 7);
        CU_ASSERT_FALSE_FATAL(text_failed(&text));
        json_object *root = NULL, *value = NULL;
        struct json_tokener *tokener = json_tokener_new();
        root = json_tokener_parse_ex(tokener, text.data, (int)text.size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(root);
        CU_ASSERT_TRUE(json_object_object_get_ex(root, "a", &value));
        CU_ASSERT_EQUAL((size_t)json_object_get_string_len(value), texts[i].size);
        CU_ASSERT_EQUAL(memcmp(json_object_get_string(value), texts[i].data, texts[i].size), 0);
        json_object_put(root);
        json_tokener_free(tokener);
    }
}

/* Every byte, each alone: what SQS takes comes back from the JSON, and what it does not take is found. */
static void test_all_bytes(void)
{
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        struct sp_slice one = {&c, 1};
        bool good = byte == '\t' || byte == '\n' || byte == '\r' || (byte >= 0x20 && byte < 0x80);
        CU_ASSERT_EQUAL(text_bad_at(one), good ? SIZE_MAX : 0);
        SP_AUTO(text_fini) struct text text = {0};
        text_add(&text, "[");
        text_string(&text, one);
        text_add(&text, "]");
        for (size_t i = 0; i < text.size; i++)
            CU_ASSERT_TRUE((unsigned char)text.data[i] >= 0x20);
        if (byte >= 0x80)
            continue;
        struct json_tokener *tokener = json_tokener_new();
        json_object *root = json_tokener_parse_ex(tokener, text.data, (int)text.size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(root);
        json_object *value = json_object_array_get_idx(root, 0);
        CU_ASSERT_EQUAL(json_object_get_string_len(value), 1);
        CU_ASSERT_EQUAL(*json_object_get_string(value), c);
        json_object_put(root);
        json_tokener_free(tokener);
    }
}

static void test_large_texts_are_given_back(void)
{
    SP_AUTO(text_fini) struct text text = {0};
    char *large = calloc(1, 1 << 20);
    memset(large, 'x', 1 << 20);
    for (int i = 0; i < 3; i++)
        text_string(&text, (struct sp_slice){large, 1 << 20});
    CU_ASSERT_EQUAL(text.size, 3 * ((1 << 20) + 2));
    text_clear(&text);
    CU_ASSERT_EQUAL(text.size, 0);
    CU_ASSERT_TRUE(text.capacity <= 4 << 20);
    char line[600];
    memset(line, 'y', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    text_printf(&text, "%s", line);
    CU_ASSERT_TRUE(text_failed(&text)); /* more than a line: no silent cut */
    free(large);
}

static void test_forbidden_characters(void)
{
    static const struct {
        struct sp_slice text;
        size_t at;
    } cases[] = {
        {{"", 0}, SIZE_MAX},
        {{"\t\n\r ~", 5}, SIZE_MAX},
        {{"ab\0", 3}, 2},
        {{"\x1b", 1}, 0},
        {{"\x7f", 1}, SIZE_MAX},
        {{"a\xc3\xbc", 3}, SIZE_MAX},
        {{"a\xc3", 2}, 1},
        {{"\xc0\xaf", 2}, 0},            /* overlong */
        {{"\xe0\x80\xaf", 3}, 0},        /* overlong */
        {{"\xed\x9f\xbf", 3}, SIZE_MAX}, /* U+D7FF */
        {{"\xed\xa0\x80", 3}, 0},        /* a surrogate */
        {{"\xee\x80\x80", 3}, SIZE_MAX}, /* U+E000 */
        {{"\xef\xbf\xbd", 3}, SIZE_MAX}, /* U+FFFD */
        {{"ok\xef\xbf\xbe", 5}, 2},      /* U+FFFE */
        {{"\xef\xbf\xbf", 3}, 0},        /* U+FFFF */
        {{"\xf0\x90\x80\x80", 4}, SIZE_MAX},
        {{"\xf4\x8f\xbf\xbf", 4}, SIZE_MAX}, /* U+10FFFF */
        {{"\xf4\x90\x80\x80", 4}, 0},
        {{"\xf0\x8f\xbf\xbf", 4}, 0}, /* overlong */
        {{"\xff", 1}, 0},
        {{"\x80", 1}, 0},
        {{"\xf0\x9f\x98", 3}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(text_bad_at(cases[i].text), cases[i].at);
}

static void test_receipts(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    const struct receipt ours[] = {
        {123456789 * SP_MILLISECOND, 1795403777294, sp_slice_of("AQEB+/.x==")},
        {0, 0, sp_slice_of("x")},
        {0, 0, sp_slice_of("")},
        {7 * SP_MILLISECOND, 0, sp_slice_of("1.2.3")},
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        struct receipt receipt = receipt_parse(receipt_format(&ours[i], arena), 5);
        CU_ASSERT_EQUAL(receipt.received_at, ours[i].received_at);
        CU_ASSERT_EQUAL(receipt.sent_wall_ms, ours[i].sent_wall_ms);
        CU_ASSERT_TRUE(sp_slice_equal(receipt.handle, ours[i].handle));
    }
    static const char *const foreign[] = {"",    "AQEB",  ".AQEB",  "12",   "12.",
                                          "1.x", "12.34", "G1.2.x", "1..x", "0123456789abcdef.1.x"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct receipt receipt = receipt_parse(sp_slice_of(foreign[i]), 5);
        CU_ASSERT_EQUAL(receipt.received_at, 5);
        CU_ASSERT_EQUAL(receipt.sent_wall_ms, 0);
        CU_ASSERT_TRUE(sp_slice_equal(receipt.handle, sp_slice_of(foreign[i])));
    }
}

static void test_leases_end_after_twelve_hours(void)
{
    const int64_t hour = 3600 * SP_SECOND;
    struct receipt receipt = {.received_at = 100 * hour};
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 60 * SP_SECOND, 100 * hour), 60);
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 60 * SP_SECOND + 1, 100 * hour), 61);
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 1, 100 * hour), 1);
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 13 * hour, 100 * hour), 12 * 3600);
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 13 * hour, 101 * hour), 11 * 3600);
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 60 * SP_SECOND, 112 * hour - SP_SECOND / 2), 0);
    CU_ASSERT_EQUAL(receipt_lease_s(&receipt, 60 * SP_SECOND, 113 * hour), 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a code's name is found in all its spellings", test_names_of_codes},
        {"a name that is too long is cut", test_long_names_are_cut},
        {"codes have classes, and the status decides only where there is none", test_classes},
        {"an entry that failed is the sender's fault or not", test_classes_of_entries},
        {"what newer credentials, another clock or half of the batch would cure",
         test_what_can_be_tried_again},
        {"strings come out of the JSON as they went in", test_strings_come_back},
        {"every byte comes out of the JSON or is found", test_all_bytes},
        {"a large request's memory is given back, and what is cut has failed",
         test_large_texts_are_given_back},
        {"characters that SQS forbids are found", test_forbidden_characters},
        {"a receipt knows when it was received", test_receipts},
        {"no lease is longer than twelve hours from the receive on", test_leases_end_after_twelve_hours},
    };
    return tap_run("sqs", tests, sizeof tests / sizeof *tests);
}
