/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting, showing again, and leases that are made longer. */
#include <config.h>

#include "entries.h"
#include "receipt.h"

#include <inttypes.h>

static void add_handle(struct sqs_handle *handle, const struct receipt *receipt)
{
    text_add(&handle->request, ",\"ReceiptHandle\":");
    text_string(&handle->request, receipt->handle);
}

/* What another holds by now, or what is gone, is no failure: SQS says of it what it says of wrong requests.
 */
static void forgive(struct sp_result *results, const struct entries *entries, enum sp_class lost)
{
    for (size_t i = 0; i < entries->count; i++)
        if (results[entries->index[i]].class == SP_REJECTED)
            results[entries->index[i]].class = lost;
}

static int delete_done(struct sqs_handle *handle, const struct sp_settle *settles, size_t count,
                       struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct entries entries;
    int64_t now = sp_clock_now();
    entries_begin(handle, &entries);
    for (size_t i = 0; i < count; i++) {
        if (!settles[i].done)
            continue;
        struct receipt receipt = receipt_parse(settles[i].receipt, now);
        entries_add(handle, &entries, i);
        add_handle(handle, &receipt);
        text_add(&handle->request, "}");
    }
    if (entries.count == 0)
        return 0;
    if (entries_call(handle, "DeleteMessageBatch", &entries, results, NULL, NULL, deadline, err) != 0)
        return -1;
    forgive(results, &entries, SP_OK);
    return 0;
}

/* Makes leases end so many seconds from now; `lost` is what becomes of those that are over. */
static int change(struct sqs_handle *handle, struct entries *entries, struct sp_result *results,
                  enum sp_class lost, int64_t deadline, struct sp_error *err)
{
    if (entries->count == 0)
        return 0;
    if (entries_call(handle, "ChangeMessageVisibilityBatch", entries, results, NULL, NULL, deadline, err) !=
        0)
        return -1;
    forgive(results, entries, lost);
    return 0;
}

static int release_others(struct sqs_handle *handle, const struct sp_settle *settles, size_t count,
                          struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct entries entries;
    int64_t now = sp_clock_now();
    entries_begin(handle, &entries);
    for (size_t i = 0; i < count; i++) {
        if (settles[i].done)
            continue;
        struct receipt receipt = receipt_parse(settles[i].receipt, now);
        entries_add(handle, &entries, i);
        add_handle(handle, &receipt);
        text_add(&handle->request, ",\"VisibilityTimeout\":0}");
    }
    return change(handle, &entries, results, SP_OK, deadline, err);
}

int sqs_settle(void *opened, const struct sp_settle *settles, size_t count, struct sp_result *results,
               int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    if (delete_done(handle, settles, count, results, deadline, err) != 0)
        return -1;
    return release_others(handle, settles, count, results, deadline, err);
}

int sqs_extend(void *opened, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
               struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct entries entries;
    int64_t now = sp_clock_now();
    entries_begin(handle, &entries);
    for (size_t i = 0; i < count; i++) {
        struct receipt receipt = receipt_parse(receipts[i], now);
        sqs_watch_age(handle, receipt.sent_wall_ms);
        int64_t seconds = receipt_lease_s(&receipt, lease_ns, now);
        if (seconds == 0) {
            entries_say(handle, results, i, SP_CONTENDED,
                        "SQS leases a message for twelve hours and no longer");
            continue;
        }
        entries_add(handle, &entries, i);
        add_handle(handle, &receipt);
        text_printf(&handle->request, ",\"VisibilityTimeout\":%" PRId64 "}", seconds);
    }
    return change(handle, &entries, results, SP_CONTENDED, deadline, err);
}
