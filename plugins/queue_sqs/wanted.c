/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "wanted.h"

#include "intake.h"

#include <inttypes.h>

enum { RETENTION_S = 14 * 86400, RECEIVES = 1000, ACCOUNT_DIGITS = 12 };

static int64_t visibility_s(const struct sp_create *want)
{
    return intake_seconds(want->lease_ns, 0, SQS_LEASE_MAX_NS / SP_SECOND);
}

bool wanted_is_there(const struct sp_create *want, const struct sqs_attributes *attributes)
{
    return attributes->retention_s == RETENTION_S &&
           (want->lease_ns <= 0 || attributes->visibility_s == visibility_s(want)) &&
           (!want->dead_letters || (attributes->max_receive_count == RECEIVES &&
                                    strcmp(attributes->dead_letter_arn, want->dead_letters) == 0));
}

void wanted_add(const struct sp_create *want, struct text *request)
{
    text_printf(request, "\"MessageRetentionPeriod\":\"%d\"", RETENTION_S);
    if (want->lease_ns > 0)
        text_printf(request, ",\"VisibilityTimeout\":\"%" PRId64 "\"", visibility_s(want));
    if (!want->dead_letters)
        return;
    SP_AUTO(text_fini) struct text policy = {0};
    text_add(&policy, "{\"deadLetterTargetArn\":");
    text_string(&policy, sp_slice_of(want->dead_letters));
    text_printf(&policy, ",\"maxReceiveCount\":%d}", RECEIVES);
    request->failed = request->failed || text_failed(&policy);
    text_add(request, ",\"RedrivePolicy\":");
    text_string(request, (struct sp_slice){policy.data, policy.size});
}

const char *wanted_summary(const struct sp_create *want, struct sp_arena *arena)
{
    if (!want->dead_letters)
        return "kept for 14 days";
    return sp_arena_printf(arena, "kept for 14 days, given up after %d receives to %s", RECEIVES,
                           want->dead_letters);
}

const char *wanted_name(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash ? slash + 1 : url;
}

/* AWS is several: "Amazon Resource Names", and botocore's partitions.json. */
static const char *partition(const char *region)
{
    static const struct {
        const char *regions, *name;
    } others[] = {{"cn-", "aws-cn"},         {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"},
                  {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
                  {"eusc-", "aws-eusc"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(region, others[i].regions, strlen(others[i].regions)) == 0)
            return others[i].name;
    return "aws";
}

const char *wanted_arn(const char *url, const char *region, struct sp_arena *arena)
{
    const char *name = wanted_name(url);
    if (!*region || !*name || name - url < ACCOUNT_DIGITS + 2)
        return NULL;
    const char *account = name - ACCOUNT_DIGITS - 1;
    if (account[-1] != '/' || strspn(account, "0123456789") != ACCOUNT_DIGITS)
        return NULL;
    return sp_arena_printf(arena, "arn:%s:sqs:%s:%.*s:%s", partition(region), region, ACCOUNT_DIGITS, account,
                           name);
}

static void add_statement(struct text *text, const char *arn)
{
    text_add(
        text,
        "{\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\",\"sqs:ReceiveMessage\","
        "\"sqs:DeleteMessage\",\"sqs:ChangeMessageVisibility\",\"sqs:GetQueueAttributes\"],\"Resource\":");
    text_string(text, sp_slice_of(arn));
    text_add(text, "}");
}

const char *wanted_policy(const char *before, const char *arn, struct sp_arena *arena)
{
    static const char head[] = "{\"Version\":\"2012-10-17\",\"Statement\":[", tail[] = "]}";
    SP_AUTO(text_fini) struct text text = {0};
    text_add(&text, head);
    if (before && strncmp(before, head, sizeof head - 1) == 0) {
        const char *statements = before + sizeof head - 1;
        text_add(&text, sp_arena_text(arena, statements, strlen(statements) - (sizeof tail - 1)));
        text_add(&text, ",");
    }
    add_statement(&text, arn);
    text_add(&text, tail);
    return text_failed(&text) ? NULL : sp_arena_text(arena, text.data, text.size);
}
