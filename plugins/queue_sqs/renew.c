/* SPDX-License-Identifier: Apache-2.0 */
/* Letters that SQS would soon forget are sent again, and then deleted; see copies.h. */
#include <config.h>

#include "holding.h"
#include "letters.h"

#include <stdlib.h>

/* The letters of one batch. */
struct renewing {
    struct sqs_handle *handle;
    struct outgoing all[SQS_ENTRIES];
    struct copy copies[SQS_ENTRIES];
    size_t at[SQS_ENTRIES]; /* where its copies begin */
    size_t count;
    uint64_t renewed;
};

static void forget(struct renewing *renewing)
{
    for (size_t i = 0; i < renewing->count; i++)
        free(renewing->all[i].text);
    renewing->count = 0;
}

/* The copies that one new copy stands for. */
static int delete_old(struct renewing *renewing, size_t at, int64_t deadline, struct sp_error *err)
{
    const struct held *held = &renewing->handle->holding->held;
    for (size_t end = at + held_group(held, at); at < end;) {
        size_t indexes[SQS_ENTRIES], count = 0;
        for (; at < end && count < SQS_ENTRIES; at++)
            if (held->messages[at].state != HELD_GONE)
                indexes[count++] = at;
        if (count && leases_delete(renewing->handle, indexes, count, deadline, err) != 0)
            return -1;
    }
    renewing->renewed++;
    return 0;
}

static int flush(struct renewing *renewing, int64_t deadline, struct sp_error *err)
{
    struct sp_result results[SQS_ENTRIES];
    if (renewing->count == 0)
        return 0;
    int rc = outgoing_send(renewing->handle, renewing->all, renewing->count, results, deadline, err);
    for (size_t i = 0; i < renewing->count && rc == 0; i++)
        rc = results[i].class == SP_OK ? delete_old(renewing, renewing->at[i], deadline, err)
                                       : sp_fail(err, results[i].class, "%s", results[i].text);
    forget(renewing);
    return rc;
}

static int add(struct renewing *renewing, size_t at, const struct held_message *newest,
               const struct history *history, int64_t deadline, struct sp_error *err)
{
    const struct held *held = &renewing->handle->holding->held;
    char *text = malloc((size_t)newest->body_size + 1);
    if (!text)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    if (held_read(held, newest->body_at, newest->body_size, text, err) != 0) {
        free(text);
        return -1;
    }
    size_t slot = renewing->count;
    renewing->copies[slot] = copies_renewed(history, &newest->copy);
    renewing->all[slot] = (struct outgoing){text, newest->body_size, 0, &renewing->copies[slot]};
    renewing->at[slot] = at;
    renewing->count++;
    if (outgoing_fit(renewing->all, slot + 1) <= slot) {
        renewing->count--;
        free(text);
        return flush(renewing, deadline, err) == 0 ? add(renewing, at, newest, history, deadline, err) : -1;
    }
    return renewing->count == SQS_ENTRIES ? flush(renewing, deadline, err) : 0;
}

static bool any_is_old(const struct held *held, size_t at, int64_t wall_ms, int64_t retention_s)
{
    for (size_t end = at + held_group(held, at); at < end; at++)
        if (held->messages[at].state != HELD_GONE &&
            copies_are_old(held->messages[at].sent_ms, wall_ms, retention_s))
            return true;
    return false;
}

static int renew_all(struct sqs_handle *handle, struct renewing *renewing, int64_t retention_s,
                     int64_t deadline, struct sp_error *err)
{
    const struct held *held = &handle->holding->held;
    int64_t wall_ms = aws_wall_ms(handle->sqs->aws);
    for (size_t at = 0; at < held->count && !held->messages[at].bare; at += held_group(held, at)) {
        const struct held_message *newest;
        if (!any_is_old(held, at, wall_ms, retention_s))
            continue;
        struct history history = held_fold(held, at, &newest);
        if (leases_extend(handle, 1, deadline, deadline, err) != 0 ||
            add(renewing, at, newest, &history, deadline, err) != 0)
            return -1;
    }
    return flush(renewing, deadline, err);
}

static int renew(struct sqs_handle *handle, int64_t retention_s, int64_t deadline, struct sp_error *err)
{
    struct holding *holding = handle->holding;
    struct renewing renewing = {.handle = handle};
    bool done;
    if (drain_on(handle, deadline, deadline, err) != 0)
        return -1;
    if (holding->phase != HOLDING_ALL)
        return sp_fail(err, SP_UNAVAILABLE, "there are more letters than can be looked at in time");
    int rc = renew_all(handle, &renewing, retention_s, deadline, err);
    forget(&renewing);
    if (renewing.renewed)
        sp_log(SP_INFO, "%llu letters that SQS would have forgotten were sent to it again",
               (unsigned long long)renewing.renewed);
    if (rc != 0)
        return -1;
    return leases_show(handle, deadline, deadline, &done, err);
}

int letters_upkeep(void *opened, int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct holding *holding = holding_of(handle, err);
    struct sqs_attributes attributes;
    if (!holding || sqs_read_attributes(handle, 0, &attributes, deadline, err) != 0)
        return -1;
    if (attributes.visible + attributes.leased == 0)
        return 0;
    bool seen = holding->phase == HOLDING_ALL && holding->seen_at > 0;
    if (seen && !copies_are_due(sp_clock_now() - holding->seen_at, holding->oldest_ms,
                                aws_wall_ms(handle->sqs->aws), attributes.retention_s))
        return 0;
    if (holding->phase != HOLDING_DRAINS)
        drain_begin(holding);
    return renew(handle, attributes.retention_s, deadline, err);
}
