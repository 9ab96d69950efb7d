/* SPDX-License-Identifier: Apache-2.0 */
/* What the queue says of itself: how large a message may be, how long it is kept, how much is in it. */
#include <config.h>

#include "sqs.h"

#include <stdio.h>

static const char wanted[] = ",\"AttributeNames\":[\"All\"]}";

/* {"deadLetterTargetArn":"arn:...","maxReceiveCount":1000}, in a string; the count may be one too. */
static void read_redrive(const char *policy, struct sqs_attributes *out)
{
    SP_AUTO(answer_free) json_object *object = *policy ? json_tokener_parse(policy) : NULL;
    int64_t count = json_object_get_int64(answer_member(object, "maxReceiveCount"));
    if (count <= 0)
        return;
    out->max_receive_count = count;
    snprintf(out->dead_letter_arn, sizeof out->dead_letter_arn, "%s",
             answer_text(object, "deadLetterTargetArn"));
}

bool sqs_take_attributes(json_object *answer, struct sqs_attributes *out)
{
    json_object *attributes = answer_member(answer, "Attributes");
    *out = (struct sqs_attributes){
        .message_bytes = answer_number(attributes, "MaximumMessageSize", SQS_MESSAGE_BYTES),
        .retention_s = answer_number(attributes, "MessageRetentionPeriod", 0),
        .visibility_s = answer_number(attributes, "VisibilityTimeout", 0),
        .visible = (uint64_t)answer_number(attributes, "ApproximateNumberOfMessages", 0),
        .leased = (uint64_t)answer_number(attributes, "ApproximateNumberOfMessagesNotVisible", 0),
        .delayed = (uint64_t)answer_number(attributes, "ApproximateNumberOfMessagesDelayed", 0),
        .fifo = strcmp(answer_text(attributes, "FifoQueue"), "true") == 0,
    };
    if (out->message_bytes < 1024 || out->message_bytes > SQS_MESSAGE_BYTES)
        out->message_bytes = SQS_MESSAGE_BYTES;
    snprintf(out->arn, sizeof out->arn, "%s", answer_text(attributes, "QueueArn"));
    read_redrive(answer_text(attributes, "RedrivePolicy"), out);
    return answer_member(attributes, "ApproximateNumberOfMessages") &&
           answer_member(attributes, "ApproximateNumberOfMessagesNotVisible");
}

int sqs_read_attributes(struct sqs_handle *handle, int64_t age_ns, struct sqs_attributes *out,
                        int64_t deadline, struct sp_error *err)
{
    struct sqs *sqs = handle->sqs;
    int64_t now = sp_clock_now();
    pthread_mutex_lock(&sqs->lock);
    bool known = sqs->read_at && now - sqs->read_at < age_ns;
    if (known)
        *out = sqs->last;
    pthread_mutex_unlock(&sqs->lock);
    if (known)
        return 0;
    SP_AUTO(answer_free) json_object *answer = NULL;
    sqs_begin_request(handle);
    text_add(&handle->request, wanted);
    if (sqs_call(handle, "GetQueueAttributes", 0, &answer, deadline, err) != 0)
        return -1;
    if (!sqs_take_attributes(answer, out))
        return sp_fail(err, SP_UNAVAILABLE,
                       "GetQueueAttributes: the answer does not say how much is in the queue");
    pthread_mutex_lock(&sqs->lock);
    sqs->last = *out;
    sqs->read_at = now;
    pthread_mutex_unlock(&sqs->lock);
    return 0;
}

int sqs_depth(void *opened, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    struct sqs_attributes attributes;
    if (sqs_read_attributes(opened, 0, &attributes, deadline, err) != 0)
        return -1;
    depth->visible = attributes.visible + attributes.delayed;
    depth->leased = attributes.leased;
    depth->oldest_wall_ms = 0;
    return 0;
}

int sqs_limits(void *opened, struct sp_queue_limits *limits, int64_t deadline, struct sp_error *err)
{
    struct sqs_attributes attributes;
    if (sqs_read_attributes(opened, SQS_CHECK_AGE_S * SP_SECOND, &attributes, deadline, err) != 0)
        return -1;
    limits->message_bytes = attributes.message_bytes - SQS_ATTRIBUTE_ROOM;
    limits->batch_bytes = 0;
    return 0;
}
