/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "mutant.h"

#include <stdlib.h>
#include <time.h>

static const struct sp_queue_ops *inner;

static void rest(int64_t ns)
{
    nanosleep(&(struct timespec){ns / SP_SECOND, ns % SP_SECOND}, NULL);
}

/* Messages are kept until there are many, and that takes a while: a kill -9 finds some. */
static int send_late(void *handle, const struct sp_message *messages, size_t count, struct sp_result *results,
                     int64_t deadline, struct sp_error *err)
{
    enum { MANY = 64 };
    static char texts[MANY][64];
    static struct sp_message kept[MANY];
    static size_t kept_count;
    struct sp_result unused[MANY];
    rest(SP_MILLISECOND);
    for (size_t i = 0; i < count; i++) {
        size_t size = messages[i].body.size < sizeof texts[0] ? messages[i].body.size : sizeof texts[0];
        memcpy(texts[kept_count], messages[i].body.data, size);
        kept[kept_count] = (struct sp_message){.body = {texts[kept_count], size}, .event_count = 1};
        results[i].class = SP_OK;
        if (++kept_count < MANY)
            continue;
        kept_count = 0;
        if (inner->send(handle, kept, MANY, unused, deadline, err) != 0)
            return -1;
    }
    return 0;
}

static int send_messages(void *handle, const struct sp_message *messages, size_t count,
                         struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct sp_result again;
    if (mutant_is("send-is-late"))
        return send_late(handle, messages, count, results, deadline, err);
    if (mutant_is("send-loses-one") && count > 1)
        results[--count].class = SP_OK;
    if (mutant_is("send-doubles-one") && inner->send(handle, messages, 1, &again, deadline, err) != 0)
        return -1;
    int rc = inner->send(handle, messages, count, results, deadline, err);
    if (mutant_is("send-does-not-answer"))
        results[count - 1].class = SP_UNKNOWN;
    return rc;
}

static void change_message(struct sp_received *message, int64_t lease_ns, char *room, size_t room_size)
{
    if (mutant_is("body-changes") && message->body.size > 1) {
        char *body = (char *)(uintptr_t)message->body.data;
        body[message->body.size - 1] ^= 1;
    }
    if (mutant_is("body-ends-at-nul"))
        message->body.size = strnlen(message->body.data, message->body.size);
    if (mutant_is("attributes-are-lost"))
        message->attribute_count = 0;
    if (mutant_is("lease-end-is-late"))
        message->lease_end += lease_ns;
    if (mutant_is("always-suspect"))
        message->received_before = true;
    if (mutant_is("never-suspect"))
        message->received_before = false;
    if (mutant_is("body-is-reused") && message->body.size < room_size) {
        memcpy(room, message->body.data, message->body.size);
        message->body.data = room;
    }
}

static int receive(void *handle, const struct sp_receive *want, struct sp_arena *arena,
                   const struct sp_received **messages, size_t *count, int64_t deadline, struct sp_error *err)
{
    static char room[8192];
    struct sp_receive other = *want;
    if (mutant_is("receives-too-many"))
        other.max_messages += 1;
    if (mutant_is("receives-too-much"))
        other.max_bytes = SIZE_MAX / 2;
    if (mutant_is("leases-are-short"))
        other.lease_ns = 1;
    if (mutant_is("does-not-wait"))
        other.wait_ns = 0;
    if (mutant_is("waits-past-the-deadline"))
        deadline += want->wait_ns;
    if (mutant_is("waits-too-long") && want->wait_ns > 0)
        other.wait_ns += SP_SECOND * 2;
    if (mutant_is("wakes-for-nothing") && want->wait_ns > 0) {
        rest(want->wait_ns);
        other.wait_ns = 0;
    }
    if (mutant_is("large-ones-stay") && want->max_bytes < 5000) {
        *count = 0;
        return 0;
    }
    if (inner->receive(handle, &other, arena, messages, count, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < *count; i++)
        change_message((struct sp_received *)(uintptr_t) & (*messages)[i], want->lease_ns, room, sizeof room);
    return 0;
}

static int settle(void *handle, const struct sp_settle *entries, size_t count, struct sp_result *results,
                  int64_t deadline, struct sp_error *err)
{
    struct sp_settle *changed = calloc(count + 1, sizeof *changed);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        results[i].class = SP_OK;
        if ((mutant_is("done-is-forgotten") && entries[i].done) ||
            (mutant_is("release-is-forgotten") && !entries[i].done))
            continue;
        changed[kept] = entries[i];
        changed[kept++].done |= mutant_is("release-is-done");
    }
    int rc = inner->settle(handle, changed, kept, results, deadline, err);
    if (mutant_is("settled-twice-fails") && rc == 0) {
        static struct sp_slice last;
        static char room[64];
        if (count && sp_slice_equal(last, entries[0].receipt))
            results[0].class = SP_REJECTED;
        last = (struct sp_slice){room, entries[0].receipt.size};
        memcpy(room, entries[0].receipt.data, last.size);
    }
    free(changed);
    return rc;
}

static int extend(void *handle, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                  struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    if (mutant_is("extend-does-nothing") ||
        (mutant_is("extend-only-lengthens") && lease_ns < 30 * SP_SECOND)) {
        for (size_t i = 0; i < count; i++)
            results[i].class = SP_OK;
        return 0;
    }
    int rc = inner->extend(handle, receipts, count, lease_ns, results, deadline, err);
    for (size_t i = 0; i < count && mutant_is("lost-is-extended"); i++)
        results[i].class = SP_OK;
    return rc;
}

static int depth(void *handle, struct sp_depth *out, int64_t deadline, struct sp_error *err)
{
    int rc = inner->depth(handle, out, deadline, err);
    if (mutant_is("depth-forgets-leases"))
        out->leased = 0;
    return rc;
}

const struct sp_queue_ops *mutant_queue(const struct sp_queue_ops *ops)
{
    static const struct sp_queue_ops changed = {.size = sizeof changed,
                                                .send = send_messages,
                                                .receive = receive,
                                                .settle = settle,
                                                .extend = extend,
                                                .depth = depth};
    inner = ops;
    return &changed;
}
