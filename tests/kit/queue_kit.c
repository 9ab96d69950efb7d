/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_kit.h"

#include <stdlib.h>

size_t queue_batch(const struct queue *queue, size_t most)
{
    int64_t limit = queue->kit->plugin->capabilities.batch_messages;
    return limit > 0 && (size_t)limit < most ? (size_t)limit : most;
}

struct queue queue_join(struct kit *kit)
{
    struct queue queue = {.kit = kit, .ops = kit->plugin->about.queue};
    queue.stage = kit_load(kit, NULL);
    queue.one = kit_open(queue.stage);
    queue.other = kit_open(queue.stage);
    return queue;
}

struct queue queue_begin(struct kit *kit)
{
    struct queue queue = queue_join(kit);
    int64_t wait = kit->fresh ? 0 : SP_SECOND;
    for (;;) {
        struct received left = queue_receive(&queue, queue.one, 1000, QUEUE_LONG, wait);
        if (left.count == 0)
            return queue;
        queue_settle(&queue, queue.one, left.items, left.count, true);
    }
}

void queue_send(struct queue *queue, void *handle, const struct sp_message *messages, size_t count)
{
    struct kit *kit = queue->kit;
    size_t batch = queue_batch(queue, 1000);
    struct sp_result results[1000];
    for (size_t at = 0, some; at < count; at += some) {
        some = count - at < batch ? count - at : batch;
        for (size_t i = 0; i < some; i++)
            results[i] = (struct sp_result){SP_UNKNOWN, SP_NO_COLUMN, "was not answered"};
        WORKS(queue->ops->send(handle, messages + at, some, results, kit_soon(kit), &kit_error));
        for (size_t i = 0; i < some; i++)
            REQUIRE(results[i].class == SP_OK, "message %zu of %zu is not sent: %s", i, some,
                    results[i].text ? results[i].text : sp_class_name(results[i].class));
    }
}

void queue_send_text(struct queue *queue, void *handle, const char *text)
{
    struct sp_message message = {.body = sp_slice_of(text), .event_count = 1};
    queue_send(queue, handle, &message, 1);
}

void queue_send_numbers(struct queue *queue, void *handle, int64_t from, size_t count)
{
    struct sp_message *messages = sp_arena_zalloc(queue->kit->arena, count * sizeof *messages);
    for (size_t i = 0; i < count; i++) {
        const char *text = sp_arena_printf(queue->kit->arena, "{\"n\":%lld}", (long long)from + (long long)i);
        messages[i] = (struct sp_message){.body = sp_slice_of(text), .event_count = 1};
    }
    queue_send(queue, handle, messages, count);
}

int64_t queue_number(const struct sp_received *message)
{
    char text[40] = "";
    size_t size = message->body.size;
    if (size > 5 && size < sizeof text && memcmp(message->body.data, "{\"n\":", 5) == 0)
        memcpy(text, message->body.data + 5, size - 5);
    REQUIRE(text[0], "a message comes that was never sent");
    return strtoll(text, NULL, 10);
}

struct received queue_receive(struct queue *queue, void *handle, size_t max, int64_t lease_ns,
                              int64_t wait_ns)
{
    struct kit *kit = queue->kit;
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = max,
                              .max_bytes = SIZE_MAX / 2,
                              .lease_ns = lease_ns,
                              .wait_ns = wait_ns};
    struct received got = {0};
    int64_t before = sp_clock_now();
    WORKS(queue->ops->receive(handle, &want, kit->arena, &got.items, &got.count, kit_soon(kit) + wait_ns,
                              &kit_error));
    int64_t after = sp_clock_now();
    REQUIRE(got.count <= max, "%zu messages come, at most %zu were asked for", got.count, max);
    for (size_t i = 0; i < got.count; i++) {
        REQUIRE(got.items[i].lease_end > before, "a lease ended before it began");
        REQUIRE(got.items[i].lease_end <= after + lease_ns, "lease_end is %lld ms later than was asked for",
                (long long)((got.items[i].lease_end - after - lease_ns) / SP_MILLISECOND));
    }
    return got;
}

const struct sp_received *queue_receive_one(struct queue *queue, void *handle, int64_t lease_ns)
{
    return queue_receive_all(queue, handle, 1, lease_ns).items;
}

struct received queue_receive_all(struct queue *queue, void *handle, size_t count, int64_t lease_ns)
{
    struct kit *kit = queue->kit;
    struct sp_received *all = sp_arena_alloc(kit->arena, count * sizeof *all);
    int64_t until = sp_clock_now() + kit_soon_ns(kit);
    size_t have = 0;
    while (have < count) {
        int64_t left = until - sp_clock_now();
        REQUIRE(left > 0, "%zu of %zu messages do not come", count - have, count);
        struct received some = queue_receive(queue, handle, count - have, lease_ns, left);
        if (some.count)
            memcpy(all + have, some.items, some.count * sizeof *all);
        have += some.count;
    }
    return (struct received){all, count};
}

void queue_require_none(struct queue *queue, void *handle, const char *why)
{
    struct received got = queue_receive(queue, handle, 10, QUEUE_LONG, 0);
    REQUIRE(got.count == 0, "%zu messages come, there should be none: %s", got.count, why);
}

void queue_settle(struct queue *queue, void *handle, const struct sp_received *messages, size_t count,
                  bool done)
{
    struct sp_settle entries[1000];
    struct sp_result results[1000];
    size_t batch = queue_batch(queue, 1000);
    for (size_t at = 0, some; at < count; at += some) {
        some = count - at < batch ? count - at : batch;
        for (size_t i = 0; i < some; i++) {
            entries[i] = (struct sp_settle){messages[at + i].receipt, done};
            results[i] = (struct sp_result){SP_UNKNOWN, SP_NO_COLUMN, "was not answered"};
        }
        WORKS(queue->ops->settle(handle, entries, some, results, kit_soon(queue->kit), &kit_error));
        for (size_t i = 0; i < some; i++)
            REQUIRE(results[i].class == SP_OK, "entry %zu of %zu is not settled: %s", i, some,
                    results[i].text ? results[i].text : sp_class_name(results[i].class));
    }
}

enum sp_class queue_extend(struct queue *queue, void *handle, const struct sp_received *message,
                           int64_t lease_ns)
{
    struct sp_result result = {SP_UNKNOWN, SP_NO_COLUMN, "was not answered"};
    WORKS(queue->ops->extend(handle, &message->receipt, 1, lease_ns, &result, kit_soon(queue->kit),
                             &kit_error));
    return result.class;
}

/* What a server says of its depth may be behind. */
void queue_require_depth(struct queue *queue, uint64_t visible, uint64_t leased)
{
    struct kit *kit = queue->kit;
    struct sp_depth depth;
    int64_t until = sp_clock_now() + kit_soon_ns(kit);
    do {
        depth = (struct sp_depth){.size = sizeof depth};
        WORKS(queue->ops->depth(queue->one, &depth, kit_soon(kit), &kit_error));
        if (depth.visible == visible && depth.leased == leased)
            return;
        if (kit_can(kit, SP_EMBEDDED))
            break;
        kit_sleep(50 * SP_MILLISECOND);
    } while (sp_clock_now() < until);
    kit_fail(__FILE__, __LINE__, "depth() says %llu visible and %llu leased, not %llu and %llu",
             (unsigned long long)depth.visible, (unsigned long long)depth.leased, (unsigned long long)visible,
             (unsigned long long)leased);
}

static void empty_it(struct kit *kit, struct helper_side *side, void *with)
{
    (void)side, (void)with;
    queue_begin(kit);
}

void queue_empty_first(struct kit *kit)
{
    if (kit->fresh)
        return;
    struct helper helper = helper_start(kit, empty_it, NULL);
    helper_end(&helper);
}

void queue_send_forever(struct kit *kit, struct helper_side *side, void *with)
{
    const struct queue_sender *sender = with;
    struct queue queue = queue_join(kit);
    size_t batch = queue_batch(&queue, sender->batch);
    for (int64_t at = sender->from;; at += (int64_t)batch) {
        queue_send_numbers(&queue, queue.one, at, batch);
        pipe_say(side->to, at + (int64_t)batch);
    }
}
