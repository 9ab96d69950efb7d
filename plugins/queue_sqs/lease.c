/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to the messages that a scan holds: their leases made longer, shown again, deleted. */
#include <config.h>

#include "entries.h"
#include "holding.h"

#include <inttypes.h>

/* Of those ten. */
struct chosen {
    size_t indexes[SQS_ENTRIES];
    size_t count;
};

/* Begins the entry of a message with its receipt. */
static int add_receipt(struct sqs_handle *handle, struct entries *entries, size_t index, size_t slot,
                       struct sp_error *err)
{
    char receipt[RECEIPT_MOST + 1];
    const struct held *held = &handle->holding->held;
    const struct held_message *message = &held->messages[index];
    if (held_read(held, message->receipt_at, message->receipt_size, receipt, err) != 0)
        return -1;
    entries_add(handle, entries, slot);
    text_add(&handle->request, ",\"ReceiptHandle\":");
    text_string(&handle->request, (struct sp_slice){receipt, message->receipt_size});
    return 0;
}

/* Makes the leases end so many seconds from now; what is lost has none any more. */
static int change(struct sqs_handle *handle, const struct chosen *chosen, int64_t seconds, int64_t deadline,
                  struct sp_error *err)
{
    struct entries entries;
    struct sp_result results[SQS_ENTRIES];
    int64_t now = sp_clock_now();
    entries_begin(handle, &entries);
    for (size_t i = 0; i < chosen->count; i++) {
        if (add_receipt(handle, &entries, chosen->indexes[i], i, err) != 0)
            return -1;
        text_printf(&handle->request, ",\"VisibilityTimeout\":%" PRId64 "}", seconds);
    }
    if (entries_call(handle, "ChangeMessageVisibilityBatch", &entries, results, NULL, NULL, deadline, err) !=
        0)
        return -1;
    for (size_t i = 0; i < chosen->count; i++) {
        struct held_message *message = &handle->holding->held.messages[chosen->indexes[i]];
        message->lease_end = results[i].class == SP_OK ? now + seconds * SP_SECOND : 0;
        if (seconds == 0)
            message->state = HELD_SHOWN;
    }
    return 0;
}

int leases_extend(struct sqs_handle *handle, size_t calls, int64_t until, int64_t deadline,
                  struct sp_error *err)
{
    struct holding *holding = handle->holding;
    int64_t lease_ns = holding->lease_s * SP_SECOND;
    struct chosen chosen;
    for (size_t i = 0; i < calls; i++) {
        int64_t now = sp_clock_now();
        if (holding->held.count == 0 || now < holding->extend_from || (i > 0 && now >= until))
            return 0;
        chosen.count = held_due(&holding->held, now, lease_ns, &holding->extend_at, chosen.indexes,
                                SQS_ENTRIES, &holding->extend_from);
        if (chosen.count == 0)
            return 0;
        if (change(handle, &chosen, holding->lease_s, deadline, err) != 0)
            return -1;
    }
    return 0;
}

int leases_show(struct sqs_handle *handle, int64_t until, int64_t deadline, bool *done_out,
                struct sp_error *err)
{
    struct held *held = &handle->holding->held;
    size_t at = 0;
    *done_out = false;
    while (at < held->count) {
        struct chosen chosen = {.count = 0};
        int64_t now = sp_clock_now();
        for (; at < held->count && chosen.count < SQS_ENTRIES; at++) {
            if (held->messages[at].state != HELD_LEASED)
                continue;
            if (held->messages[at].lease_end > now)
                chosen.indexes[chosen.count++] = at;
            else
                held->messages[at].state = HELD_SHOWN; /* by itself */
        }
        if (chosen.count == 0)
            break;
        if (now >= until)
            return 0;
        if (change(handle, &chosen, 0, deadline, err) != 0)
            return -1;
    }
    *done_out = true;
    return 0;
}

int leases_delete(struct sqs_handle *handle, const size_t *indexes, size_t count, int64_t deadline,
                  struct sp_error *err)
{
    struct entries entries;
    struct sp_result results[SQS_ENTRIES];
    entries_begin(handle, &entries);
    for (size_t i = 0; i < count; i++) {
        if (add_receipt(handle, &entries, indexes[i], i, err) != 0)
            return -1;
        text_add(&handle->request, "}");
    }
    if (entries_call(handle, "DeleteMessageBatch", &entries, results, NULL, NULL, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (results[i].class == SP_OK)
            handle->holding->held.messages[indexes[i]].state = HELD_GONE;
        else
            (void)sp_fail(err, results[i].class == SP_REJECTED ? SP_UNKNOWN : results[i].class, "%s",
                          results[i].text);
    }
    for (size_t i = 0; i < count; i++)
        if (results[i].class != SP_OK)
            return -1;
    return 0;
}
