/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "intake.h"
#include "message.h"
#include "sqs.h"

#include <inttypes.h>

void sqs_watch_age(struct sqs_handle *handle, int64_t sent_wall_ms)
{
    struct sqs *sqs = handle->sqs;
    int64_t now = sp_clock_now(), age = aws_wall_ms(sqs->aws) - sent_wall_ms;
    if (sent_wall_ms <= 0)
        return;
    pthread_mutex_lock(&sqs->lock);
    int64_t retention = sqs->read_at ? sqs->last.retention_s : 0;
    bool tell = intake_is_old(age, retention, sqs->age_told_at, now);
    if (tell)
        sqs->age_told_at = now;
    pthread_mutex_unlock(&sqs->lock);
    if (tell)
        sp_log(SP_WARN,
               "a message has waited for %" PRId64 " h, and SQS forgets it after %" PRId64
               " h: let the sink catch up, or raise MessageRetentionPeriod (14 days at most)",
               age / 3600000, retention / 3600);
}

static int64_t oldest_of(const struct sp_received *messages, size_t count)
{
    int64_t oldest = 0;
    for (size_t i = 0; i < count; i++)
        if (messages[i].sent_wall_ms > 0 && (oldest == 0 || messages[i].sent_wall_ms < oldest))
            oldest = messages[i].sent_wall_ms;
    return oldest;
}

/* What is more than was asked for, as sizes cannot be asked for, is shown again at once; where that fails,
 * its lease ends. */
static void give_back(struct sqs_handle *handle, const struct sp_received *messages, size_t count,
                      int64_t deadline)
{
    struct sp_settle back[SQS_ENTRIES];
    struct sp_result results[SQS_ENTRIES];
    struct sp_error ignored = {0};
    size_t more = 0;
    while (more < count && more < SQS_ENTRIES) {
        back[more] = (struct sp_settle){messages[more].receipt, false};
        more++;
    }
    if (more)
        (void)sqs_settle(handle, back, more, results, deadline, &ignored);
}

void sqs_ask_receive(struct sqs_handle *handle, size_t most, int64_t lease_s, int64_t wait_s)
{
    sqs_begin_request(handle);
    text_printf(&handle->request,
                ",\"MaxNumberOfMessages\":%zu,\"WaitTimeSeconds\":%" PRId64 ",\"VisibilityTimeout\":%" PRId64
                ",\"MessageAttributeNames\":[\"All\"],"
                "\"MessageSystemAttributeNames\":[\"ApproximateReceiveCount\",\"SentTimestamp\"]}",
                most, wait_s, lease_s);
}

int sqs_receive(void *opened, const struct sp_receive *want, struct sp_arena *arena,
                const struct sp_received **messages_out, size_t *count_out, int64_t deadline,
                struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct sqs_attributes attributes;
    int64_t lease_s = intake_seconds(want->lease_ns, 1, SQS_LEASE_MAX_NS / SP_SECOND);
    int64_t lease_ns = want->lease_ns < lease_s * SP_SECOND ? want->lease_ns : lease_s * SP_SECOND;
    int64_t wait_s = intake_seconds(want->wait_ns, 0, SQS_WAIT_S);
    struct sp_received *messages;
    size_t spoilt;
    if (sqs_read_attributes(handle, SQS_CHECK_AGE_S * SP_SECOND, &attributes, deadline, err) != 0)
        return -1;
    SP_AUTO(answer_free) json_object *answer = NULL;
    sqs_ask_receive(handle, intake_count(handle->large_bytes, want), lease_s, wait_s);
    int64_t asked_at = sp_clock_now();
    if (sqs_call(handle, "ReceiveMessage", wait_s * SP_SECOND, &answer, deadline, err) != 0)
        return -1;
    size_t count = message_read_all(answer, asked_at, lease_ns, arena, &messages, &spoilt);
    if (spoilt)
        sp_log(SP_WARN, "%zu of %zu messages were changed on their way, by their MD5; they come again",
               spoilt, spoilt + count);
    handle->large_bytes = intake_learn(handle->large_bytes, messages, count);
    sqs_watch_age(handle, oldest_of(messages, count));
    size_t stay = intake_fits(messages, count, want->max_bytes);
    give_back(handle, messages + stay, count - stay, deadline);
    *messages_out = messages;
    *count_out = stay;
    return 0;
}
