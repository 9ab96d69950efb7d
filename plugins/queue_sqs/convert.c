/* SPDX-License-Identifier: Apache-2.0 */
/* What SQS gave up by itself becomes letters, event by event; then it is deleted.  Whoever is killed in
 * between leaves both, and the next one makes the same letters again, which are copies. */
#include <config.h>

#include "holding.h"

#include <scanpipe/envelope.h>
#include <stdlib.h>

/* The copies of one event are one letter that failed once, however often they are made. */
static struct copy made_of(const struct held_message *message)
{
    return (struct copy){.put_ms = message->sent_ms,
                         .attempts = 1,
                         .first_ms = message->sent_ms,
                         .renewed = true};
}

static struct held_message *next_bare(struct holding *holding)
{
    struct held *held = &holding->held;
    for (; holding->bare_at < held->count; holding->bare_at++, holding->bare_done = 0) {
        struct held_message *message = &held->messages[holding->bare_at];
        if (message->bare && !message->stuck && message->state == HELD_LEASED)
            return message;
    }
    return NULL;
}

/* Leaves the message as it is. */
static void leave(struct held_message *message, const char *why)
{
    message->stuck = true;
    sp_log(SP_WARN, "a message of %u bytes that SQS put among the letters cannot be shown as one: %s",
           message->body_size, why);
}

static void free_all(struct outgoing *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(all[i].text);
}

/* The next events as messages; *left is behind them. */
static int gather(const struct sqs_handle *handle, struct bare *left, const struct copy *copy,
                  struct outgoing all[SQS_ENTRIES], size_t *count_out, struct sp_error *err)
{
    struct sp_slice event;
    struct sp_letter letter;
    size_t count = 0;
    for (struct bare next = *left; count < SQS_ENTRIES && bare_next(&next, &event); *left = next) {
        if (!bare_letter(handle->sqs->pipeline, event, copy->put_ms, &letter)) {
            free_all(all, count);
            return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
        }
        all[count] = (struct outgoing){.renewed = copy};
        all[count].text = sp_envelope_text(&letter, &all[count].size);
        if (outgoing_fit(all, count + 1) <= count) {
            free(all[count].text);
            break;
        }
        count++;
    }
    *count_out = count;
    return 0;
}

/* Sends what comes next of the body. */
static int send_next(struct sqs_handle *handle, struct held_message *message, struct bare *left,
                     int64_t deadline, struct sp_error *err)
{
    struct outgoing all[SQS_ENTRIES];
    struct sp_result results[SQS_ENTRIES];
    const struct copy copy = made_of(message);
    size_t count = 0;
    if (gather(handle, left, &copy, all, &count, err) != 0)
        return -1;
    int rc = count ? outgoing_send(handle, all, count, results, deadline, err) : 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (results[i].class == SP_REJECTED)
            leave(message, results[i].text);
        else if (results[i].class != SP_OK)
            rc = sp_fail(err, results[i].class, "%s", results[i].text);
    }
    free_all(all, count);
    return rc;
}

int convert_some(struct sqs_handle *handle, int64_t deadline, bool *none_out, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    struct held_message *message = next_bare(holding);
    *none_out = !message;
    if (!message)
        return 0;
    char *body = malloc((size_t)message->body_size + 1);
    if (!body)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    int rc = held_read(&holding->held, message->body_at, message->body_size, body, err);
    struct bare left = {{body + holding->bare_done, message->body_size - holding->bare_done}, message->lines};
    if (rc == 0)
        rc = send_next(handle, message, &left, deadline, err);
    if (rc == 0 && left.left.size > 0)
        holding->bare_done = message->body_size - left.left.size;
    else if (rc == 0 && !message->stuck)
        rc = leases_delete(handle, &holding->bare_at, 1, deadline, err);
    holding->empties = 0; /* what was just sent is to be seen */
    free(body);
    return rc;
}
