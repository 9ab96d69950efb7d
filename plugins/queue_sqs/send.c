/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "code.h"
#include "entries.h"
#include "md5.h"

#include <assert.h>

/* A value that is empty SQS would refuse, and it says no more than one that is absent. */
static void add_attributes(struct text *request, const struct sp_message *message)
{
    size_t count = 0;
    for (size_t i = 0; i < message->attribute_count; i++) {
        if (message->attributes[i].value.size == 0)
            continue;
        text_add(request, count++ ? "," : ",\"MessageAttributes\":{");
        text_string(request, message->attributes[i].name);
        text_add(request, ":{\"DataType\":\"String\",\"StringValue\":");
        text_string(request, message->attributes[i].value);
        text_add(request, "}");
    }
    text_add(request, count ? "}" : "");
}

/* A text of the message that SQS would refuse. */
static bool find_forbidden(const struct sp_message *message, size_t *at_out, const char **where_out)
{
    *where_out = "the body";
    if ((*at_out = text_bad_at(message->body)) != SIZE_MAX)
        return true;
    *where_out = "an attribute";
    for (size_t i = 0; i < message->attribute_count; i++)
        if ((*at_out = text_bad_at(message->attributes[i].name)) != SIZE_MAX ||
            (*at_out = text_bad_at(message->attributes[i].value)) != SIZE_MAX)
            return true;
    return false;
}

/* What can never be sent is told at once; true: it can. */
static bool is_possible(struct sqs_handle *handle, const struct sp_message *messages, size_t index,
                        struct sp_result *results)
{
    const char *where;
    size_t at;
    if (messages[index].body.size == 0)
        entries_say(handle, results, index, SP_REJECTED, "the body is empty: SQS takes no such message");
    else if (find_forbidden(&messages[index], &at, &where))
        entries_say(handle, results, index, SP_REJECTED,
                    "byte %zu of %s begins what is no character that SQS takes (see SendMessage)", at, where);
    else
        return true;
    return false;
}

/* What came in is not what went out: it is sent again, and who gets the spoilt one finds no event in it. */
static void check_digest(struct sqs_handle *handle, const void *context, size_t index, json_object *said,
                         struct sp_result *results)
{
    const struct sp_message *messages = context;
    if (!md5_fits(messages[index].body, answer_text(said, "MD5OfMessageBody")))
        entries_say(handle, results, index, SP_UNAVAILABLE,
                    "the message was changed on its way: its MD5 is another");
}

/* Sends those of the messages.  Where all of them together are too large, half of them are not; one alone
 * that is too large can never be sent. */
static int send_some(struct sqs_handle *handle, const struct sp_message *messages, const size_t *chosen,
                     size_t count, struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct entries entries;
    entries_begin(handle, &entries);
    for (size_t i = 0; i < count; i++) {
        entries_add(handle, &entries, chosen[i]);
        text_add(&handle->request, ",\"MessageBody\":");
        text_string(&handle->request, messages[chosen[i]].body);
        add_attributes(&handle->request, &messages[chosen[i]]);
        text_add(&handle->request, "}");
    }
    if (entries_call(handle, "SendMessageBatch", &entries, results, check_digest, messages, deadline, err) ==
        0)
        return 0;
    if (err->class != SP_REJECTED)
        return -1;
    size_t half = count / 2;
    if (half == 0) {
        entries_say(handle, results, chosen[0], SP_REJECTED, "%s", err->text);
        return 0;
    }
    if (send_some(handle, messages, chosen, half, results, deadline, err) != 0)
        return -1;
    return send_some(handle, messages, chosen + half, count - half, results, deadline, err);
}

int sqs_send(void *opened, const struct sp_message *messages, size_t count, struct sp_result *results,
             int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    size_t chosen[SQS_ENTRIES], many = 0;
    assert(count <= SQS_ENTRIES);
    for (size_t i = 0; i < count; i++)
        if (is_possible(handle, messages, i, results))
            chosen[many++] = i;
    return many ? send_some(handle, messages, chosen, many, results, deadline, err) : 0;
}
