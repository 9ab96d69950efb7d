/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sqs.h"

#include <stdio.h>

/* Ten messages at most, whose JSON escapes each byte with six at worst. */
enum { ANSWER_BYTES = 6 * SQS_ENTRIES * SQS_MESSAGE_BYTES };

#define OVER_LIMIT_PAUSE_NS SP_SECOND

void sqs_begin_request(struct sqs_handle *handle)
{
    text_clear(&handle->request);
    text_add(&handle->request, "{\"QueueUrl\":");
    text_string(&handle->request, sp_slice_of(handle->sqs->config->url));
}

/* What may be cured by newer credentials or by the service's own time is tried again by aws_send(). */
static enum aws_stale stale(struct http *http, const struct http_answer *answer)
{
    struct refusal refusal;
    if (answer->status == 200)
        return AWS_FRESH;
    answer_read_refusal(answer->body, http_header(http, "x-amzn-query-error"), &refusal);
    if (code_is_credentials(refusal.code))
        return AWS_STALE_CREDENTIALS;
    return code_is_clock(refusal.code, refusal.message) ? AWS_STALE_CLOCK : AWS_FRESH;
}

static int fail(struct sqs_handle *handle, const char *operation, const struct aws_place *place,
                const struct http_answer *answer, struct sp_error *err)
{
    struct refusal refusal;
    const struct answer_regions regions = {place->region, place->region_from, place->url_region};
    answer_read_refusal(answer->body, http_header(handle->http, "x-amzn-query-error"), &refusal);
    (void)answer_fail(operation, &refusal, answer->status, &regions, err);
    memcpy(handle->code, refusal.code, sizeof handle->code);
    /* Receiving more has no hurry; who settles is not held up by it. */
    err->retry_after_ns =
        strcmp(refusal.code, "OverLimit") == 0 ? OVER_LIMIT_PAUSE_NS : answer->retry_after_ns;
    return -1;
}

int sqs_call(struct sqs_handle *handle, const char *operation, int64_t wait_ns, json_object **out,
             int64_t deadline, struct sp_error *err)
{
    struct sp_slice body = {handle->request.data, handle->request.size};
    char target[96], url[512];
    struct aws_place place;
    const char *headers[] = {"Content-Type: application/x-amz-json-1.0", target};
    handle->code[0] = '\0';
    if (text_failed(&handle->request))
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    if (aws_place(handle->sqs->aws, handle->http, &place, deadline, err) != 0)
        return -1;
    snprintf(url, sizeof url, "%s/", place.endpoint);
    snprintf(target, sizeof target, "X-Amz-Target: AmazonSQS.%s", operation);
    struct aws_request request = {
        .http = {.method = "POST",
                 .url = url,
                 .headers = headers,
                 .header_count = sizeof headers / sizeof *headers,
                 .body = body,
                 .extra_ns = wait_ns,
                 .max_bytes = ANSWER_BYTES,
                 .keep = true},
        .stale = stale,
    };
    struct http_answer answer;
    if (aws_send(handle->sqs->aws, handle->http, &request, &answer, deadline, err) != 0) {
        sp_error_context(err, "%s", operation);
        return -1;
    }
    if (answer.status != 200)
        return fail(handle, operation, &place, &answer, err);
    *out = answer.too_large ? NULL : answer_parse(answer.body);
    return *out ? 0 : sp_fail(err, SP_UNAVAILABLE, "%s: the answer is not what SQS would say", operation);
}
