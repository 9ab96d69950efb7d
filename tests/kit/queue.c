/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: sending, receiving, settling. */
#include <config.h>

#include "queue_kit.h"

#include <pthread.h>
#include <stdio.h>

#define LARGE (8 * 1024 * 1024)

static bool has_attribute(const struct sp_received *got, struct sp_attribute wanted)
{
    for (size_t i = 0; i < got->attribute_count; i++)
        if (sp_slice_equal(got->attributes[i].name, wanted.name))
            return sp_slice_equal(got->attributes[i].value, wanted.value);
    return false;
}

static void require_same(struct kit *kit, const struct sp_received *got, const struct sp_message *sent)
{
    REQUIRE(got->body.size == sent->body.size, "%zu bytes were sent, %zu came", sent->body.size,
            got->body.size);
    REQUIRE(sp_slice_equal(got->body, sent->body), "other bytes came than were sent: %s",
            kit_shown(kit, got->body));
    REQUIRE(got->attribute_count == sent->attribute_count, "%zu attributes were sent, %zu came",
            sent->attribute_count, got->attribute_count);
    for (size_t i = 0; i < sent->attribute_count; i++)
        REQUIRE(has_attribute(got, sent->attributes[i]), "attribute %s is not as it was",
                kit_shown(kit, sent->attributes[i].name));
}

static void round_trip(struct queue *queue, const struct sp_message *message)
{
    queue_send(queue, queue->one, message, 1);
    const struct sp_received *got = queue_receive_one(queue, queue->other, QUEUE_LONG);
    require_same(queue->kit, got, message);
    queue_settle(queue, queue->other, got, 1, true);
}

static void message_is_as_it_was(struct kit *kit)
{
    static const struct sp_attribute attributes[] = {
        {{"scanpipe-format", 15}, {"ndjson", 6}},
        {{"scanpipe-envelope", 17}, {"1", 1}},
        {{"x.y_z-1", 7},
         {"Gr\xc3\xbc\xc3\x9f"
          "e, \"quoted\" = and; more",
          29}},
    };
    struct queue queue = queue_begin(kit);
    for (size_t count = 0; count <= 3; count++) {
        struct sp_message message = {.body = sp_slice_of("{\"EventId\":1}\n{\"EventId\":2}\n"),
                                     .attributes = attributes,
                                     .attribute_count = count,
                                     .event_count = 2};
        round_trip(&queue, &message);
    }
    struct sp_message other = {sp_slice_of("no JSON"), attributes + 1, 2, 1};
    round_trip(&queue, &other);
}

static void texts_are_as_they_were(struct kit *kit)
{
    static const char *const texts[] = {
        "{}",
        "{\"a\":\"\\u0000\\ud83d\\ude00 \\\\ \\\" \\/\"}",
        "{\"a\":\"\xf0\x9f\x98\x80 \xe2\x80\xae \xef\xbf\xbd \xcc\x81 \xe4\xb8\xad\"}",
        " { \"a\" :\t1 }\r\n{ \"b\" : '%s %n $1 ;-- <&> ]]>' }\n\n",
        "x",
    };
    struct queue queue = queue_begin(kit);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        round_trip(&queue, &(struct sp_message){.body = sp_slice_of(texts[i]), .event_count = 1});
}

/* A queue that cannot carry some bytes must say so. */
static void odd_bytes(struct kit *kit)
{
    char all[512];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    const struct sp_slice bodies[] = {
        {all, sizeof all},    {"a\0b", 3},         {"", 0},
        {"\xff\xfe\xc3(", 4}, {"\x01\x1b\x7f", 3}, {"\xef\xbf\xbf\xed\xa0\x80", 6}};
    struct queue queue = queue_begin(kit);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct sp_message message = {.body = bodies[i], .event_count = 1};
        struct sp_result result = {SP_UNKNOWN, SP_NO_COLUMN, NULL};
        WORKS(queue.ops->send(queue.one, &message, 1, &result, kit_soon(kit), &kit_error));
        REQUIRE(result.class == SP_OK || (result.class == SP_REJECTED && result.text),
                "body %zu is neither sent nor rejected with a text, but %s", i, sp_class_name(result.class));
        if (result.class != SP_OK)
            continue;
        const struct sp_received *got = queue_receive_one(&queue, queue.other, QUEUE_LONG);
        require_same(kit, got, &message);
        queue_settle(&queue, queue.one, got, 1, true);
    }
}

static struct sp_slice large_text(struct kit *kit, size_t size)
{
    char *text = sp_arena_alloc(kit->arena, size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + kit_random(&kit->dice) % 26);
    return (struct sp_slice){text, size};
}

static size_t largest(const struct kit *kit)
{
    int64_t limit = kit->plugin->capabilities.message_bytes;
    return limit > 0 && limit < LARGE ? (size_t)limit : LARGE;
}

static void large_message(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct sp_message message = {.body = large_text(kit, largest(kit)), .event_count = 1};
    round_trip(&queue, &message);
}

/* Each number once; `seen` has room for `count`. */
static void require_each_once(struct queue *queue, const struct received *got, int64_t from, size_t count)
{
    bool *seen = sp_arena_zalloc(queue->kit->arena, count);
    for (size_t i = 0; i < got->count; i++) {
        int64_t number = queue_number(&got->items[i]);
        REQUIRE(number >= from && number < from + (int64_t)count, "message %lld was never sent",
                (long long)number);
        REQUIRE(!seen[number - from], "message %lld comes twice", (long long)number);
        seen[number - from] = true;
    }
    REQUIRE(got->count == count, "%zu messages were sent, %zu come", count, got->count);
}

static void full_batches(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    size_t count = 3 * queue_batch(&queue, 1000);
    queue_send_numbers(&queue, queue.one, 1, count);
    struct received got = queue_receive_all(&queue, queue.other, count, QUEUE_LONG);
    require_each_once(&queue, &got, 1, count);
    queue_settle(&queue, queue.one, got.items, count, true);
    queue_require_depth(&queue, 0, 0);
}

static void full_batch_of_bytes(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    int64_t limit = kit->plugin->capabilities.batch_bytes;
    size_t count = queue_batch(&queue, 4), bytes = limit > 0 && limit < LARGE ? (size_t)limit : LARGE;
    size_t each = bytes / count < largest(kit) ? bytes / count : largest(kit);
    struct sp_message messages[4];
    for (size_t i = 0; i < count; i++)
        messages[i] = (struct sp_message){.body = large_text(kit, each), .event_count = 1};
    queue_send(&queue, queue.one, messages, count);
    struct received got = queue_receive_all(&queue, queue.other, count, QUEUE_LONG);
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < count; j++)
            same += sp_slice_equal(messages[i].body, got.items[j].body);
        REQUIRE(same == 1, "message %zu comes %zu times", i, same);
    }
    queue_settle(&queue, queue.other, got.items, count, true);
}

static void at_most_so_many(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 20);
    struct received one = queue_receive(&queue, queue.one, 1, QUEUE_LONG, kit_soon_ns(kit));
    REQUIRE(one.count == 1, "one message was asked for, %zu come", one.count);
    struct received seven = queue_receive(&queue, queue.one, 7, QUEUE_LONG, kit_soon_ns(kit));
    REQUIRE(seven.count >= 1, "none of 19 messages comes");
    struct received rest = queue_receive_all(&queue, queue.other, 20 - 1 - seven.count, QUEUE_LONG);
    queue_settle(&queue, queue.one, one.items, one.count, true);
    queue_settle(&queue, queue.one, seven.items, seven.count, true);
    queue_settle(&queue, queue.one, rest.items, rest.count, true);
}

/* Receives once with a bound on bytes. */
static struct received receive_bytes(struct queue *queue, size_t max_bytes)
{
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 10,
                              .max_bytes = max_bytes,
                              .lease_ns = QUEUE_LONG,
                              .wait_ns = kit_soon_ns(queue->kit)};
    struct received got = {0};
    WORKS(queue->ops->receive(queue->one, &want, queue->kit->arena, &got.items, &got.count,
                              kit_soon(queue->kit), &kit_error));
    REQUIRE(got.count >= 1, "no message comes");
    return got;
}

static void at_most_so_many_bytes(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct sp_message messages[9];
    for (size_t i = 0; i < 9; i++)
        messages[i] = (struct sp_message){.body = large_text(kit, 1000), .event_count = 1};
    queue_send(&queue, queue.one, messages, 9);
    for (size_t have = 0; have < 9;) {
        struct received got = receive_bytes(&queue, 2500);
        REQUIRE(got.count <= 2, "%zu messages of 1000 bytes come, at most 2500 bytes were asked for",
                got.count);
        have += got.count;
        queue_settle(&queue, queue.one, got.items, got.count, true);
    }
}

static void one_is_always_allowed(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct sp_message messages[3];
    for (size_t i = 0; i < 3; i++)
        messages[i] = (struct sp_message){.body = large_text(kit, 5000), .event_count = 1};
    queue_send(&queue, queue.one, messages, 3);
    for (size_t i = 0; i < 3; i++) {
        struct received got = receive_bytes(&queue, 1);
        REQUIRE(got.count == 1, "%zu messages come where not even one fits", got.count);
        queue_settle(&queue, queue.one, got.items, 1, true);
    }
}

static void slices_live_in_the_arena(struct kit *kit)
{
    static const struct sp_attribute attribute = {{"name", 4}, {"value", 5}};
    struct queue queue = queue_begin(kit);
    struct sp_message message = {large_text(kit, 3000), &attribute, 1, 1};
    queue_send(&queue, queue.one, &message, 1);
    void *handle = kit_open(queue.stage);
    const struct sp_received *got = queue_receive_one(&queue, handle, QUEUE_LONG);
    queue_send_numbers(&queue, handle, 1, 20);
    struct received others = queue_receive_all(&queue, handle, 20, QUEUE_LONG);
    queue_settle(&queue, handle, others.items, 20, true);
    queue_settle(&queue, handle, got, 1, true);
    kit_close(queue.stage, handle);
    require_same(kit, got, &message);
}

static void receipts_are_valid_everywhere(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 3);
    void *handle = kit_open(queue.stage);
    struct received got = queue_receive_all(&queue, handle, 3, QUEUE_LONG);
    REQUIRE(queue_extend(&queue, queue.other, &got.items[0], QUEUE_LONG) == SP_OK,
            "extend() on another handle fails");
    kit_close(queue.stage, handle);
    queue_settle(&queue, queue.one, got.items, 2, true);
    queue_settle(&queue, queue.other, got.items + 2, 1, true);
    queue_require_depth(&queue, 0, 0);
}

static void nothing_comes_at_once(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    int64_t began = sp_clock_now();
    queue_require_none(&queue, queue.one, "the queue is empty");
    REQUIRE(sp_clock_now() - began < kit_soon_ns(kit), "receiving without waiting takes seconds");
}

static void depth_counts(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_require_depth(&queue, 0, 0);
    queue_send_numbers(&queue, queue.one, 1, 10);
    queue_require_depth(&queue, 10, 0);
    struct received got = queue_receive_all(&queue, queue.one, 4, QUEUE_LONG);
    queue_require_depth(&queue, 6, 4);
    queue_settle(&queue, queue.one, got.items, 3, true);
    queue_require_depth(&queue, 6, 1);
    queue_settle(&queue, queue.one, got.items + 3, 1, false);
    queue_require_depth(&queue, 7, 0);
    got = queue_receive_all(&queue, queue.one, 7, QUEUE_LONG);
    queue_settle(&queue, queue.one, got.items, 7, true);
    queue_require_depth(&queue, 0, 0);
}

static void times_are_right(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    int64_t before = sp_clock_wall_ms() - 2000;
    queue_send_text(&queue, queue.one, "{}");
    struct sp_depth depth = {.size = sizeof depth};
    WORKS(queue.ops->depth(queue.one, &depth, kit_soon(kit), &kit_error));
    const struct sp_received *got = queue_receive_one(&queue, queue.one, QUEUE_LONG);
    int64_t after = sp_clock_wall_ms() + 2000;
    REQUIRE(got->sent_wall_ms == 0 || (got->sent_wall_ms >= before && got->sent_wall_ms <= after),
            "sent_wall_ms is %lld ms off", (long long)(got->sent_wall_ms - before));
    REQUIRE(depth.oldest_wall_ms == 0 || (depth.oldest_wall_ms >= before && depth.oldest_wall_ms <= after),
            "oldest_wall_ms is %lld ms off", (long long)(depth.oldest_wall_ms - before));
    queue_settle(&queue, queue.one, got, 1, true);
}

static void stages_have_their_own(struct kit *kit)
{
    kit_needs_apart(kit);
    struct queue queue = queue_begin(kit);
    struct kit_stage *stage = kit_load(kit, &(struct kit_wish){.place = KIT_APART});
    struct queue apart = {kit, stage, queue.ops, kit_open(stage), kit_open(stage)};
    queue_send_text(&queue, queue.one, "one");
    queue_send_text(&apart, apart.one, "other");
    const struct sp_received *got = queue_receive_one(&apart, apart.other, QUEUE_LONG);
    REQUIRE(sp_slice_equal(got->body, sp_slice_of("other")), "a message of one stage comes in another");
    queue_require_none(&apart, apart.one, "what is left is another stage's");
}

/* ---- Many threads: some send numbers, the others receive until all have come. */

enum { CROWD_SENDERS = 2, CROWD_RECEIVERS = 4, CROWD_EACH = 150 };

struct crowd {
    struct queue *queue;
    pthread_mutex_t lock;
    unsigned seen[CROWD_SENDERS * CROWD_EACH];
    atomic_size_t settled;
};

static void crowd_send(struct crowd *crowd, size_t number, void *handle)
{
    struct queue *queue = crowd->queue;
    for (size_t at = 0; at < CROWD_EACH; at += 10) {
        struct sp_message messages[10];
        struct sp_result results[10];
        char texts[10][40];
        for (size_t i = 0; i < 10; i++) {
            snprintf(texts[i], sizeof texts[i], "{\"n\":%zu}", number * CROWD_EACH + at + i);
            messages[i] = (struct sp_message){.body = sp_slice_of(texts[i]), .event_count = 1};
            results[i].class = SP_UNKNOWN;
        }
        WORKS(queue->ops->send(handle, messages, 10, results, kit_soon(queue->kit), &kit_error));
        for (size_t i = 0; i < 10; i++)
            REQUIRE(results[i].class == SP_OK, "a message is not sent: %s", results[i].text);
    }
}

static void crowd_take(struct crowd *crowd, void *handle, const struct sp_received *items, size_t count)
{
    struct sp_settle entries[5];
    struct sp_result results[5];
    pthread_mutex_lock(&crowd->lock);
    for (size_t i = 0; i < count; i++) {
        int64_t number = queue_number(&items[i]);
        REQUIRE(number >= 0 && number < CROWD_SENDERS * CROWD_EACH, "a message comes that was never sent");
        crowd->seen[number]++;
        entries[i] = (struct sp_settle){items[i].receipt, true};
        results[i].class = SP_UNKNOWN;
    }
    pthread_mutex_unlock(&crowd->lock);
    WORKS(
        crowd->queue->ops->settle(handle, entries, count, results, kit_soon(crowd->queue->kit), &kit_error));
    for (size_t i = 0; i < count; i++)
        REQUIRE(results[i].class == SP_OK, "a message is not settled");
    atomic_fetch_add(&crowd->settled, count);
}

static void crowd_receive(struct crowd *crowd, void *handle)
{
    struct kit *kit = crowd->queue->kit;
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 5,
                              .max_bytes = SIZE_MAX / 2,
                              .lease_ns = QUEUE_LONG,
                              .wait_ns = 50 * SP_MILLISECOND};
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    int64_t until = sp_clock_now() + 4 * kit_soon_ns(kit);
    while (atomic_load(&crowd->settled) < CROWD_SENDERS * CROWD_EACH) {
        const struct sp_received *items = NULL;
        size_t count = 0;
        REQUIRE(sp_clock_now() < until, "%zu of %d messages do not come",
                CROWD_SENDERS * CROWD_EACH - atomic_load(&crowd->settled), CROWD_SENDERS * CROWD_EACH);
        arena_reset(arena, 65536);
        WORKS(crowd->queue->ops->receive(handle, &want, arena, &items, &count, kit_soon(kit), &kit_error));
        if (count > 0)
            crowd_take(crowd, handle, items, count);
    }
}

static void crowd_work(const struct kit_thread *thread)
{
    struct crowd *crowd = thread->with;
    void *handle = crowd->queue->stage->handles[2 + thread->number];
    if (thread->number < CROWD_SENDERS)
        crowd_send(crowd, thread->number, handle);
    else
        crowd_receive(crowd, handle);
}

static void many_handles_at_a_time(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct crowd crowd = {.queue = &queue, .lock = PTHREAD_MUTEX_INITIALIZER};
    for (size_t i = 0; i < CROWD_SENDERS + CROWD_RECEIVERS; i++)
        kit_open(queue.stage);
    kit_threads(CROWD_SENDERS + CROWD_RECEIVERS, crowd_work, &crowd);
    for (size_t i = 0; i < CROWD_SENDERS * CROWD_EACH; i++) {
        REQUIRE(crowd.seen[i] >= 1, "message %zu is lost", i);
        REQUIRE(crowd.seen[i] == 1 || !kit_can(kit, SP_EMBEDDED), "message %zu came %u times", i,
                crowd.seen[i]);
    }
    queue_require_depth(&queue, 0, 0);
}

static const struct check checks[] = {
    {"given messages with and without attributes, when they come, then body and attributes are as they were",
     message_is_as_it_was},
    {"given texts with every kind of character, when they come, then they are byte for byte as they were",
     texts_are_as_they_were},
    {"given bytes that are no text, and none, when they are sent, then they come as they were, or are rejected",
     odd_bytes},
    {"given the largest message (8 MiB at most), when it comes, then it is byte for byte as it was",
     large_message},
    {"given batches as full of messages as may be, when all were received, then each came once",
     full_batches},
    {"given a batch as full of bytes as may be (8 MiB at most), when all came, then each came once",
     full_batch_of_bytes},
    {"given 20 messages, when at most 1 and at most 7 are asked for, then no more come", at_most_so_many},
    {"given messages of 1000 bytes, when at most 2500 bytes are asked for, then at most two come",
     at_most_so_many_bytes},
    {"given messages larger than what is asked for, when they are received, then one at a time comes",
     one_is_always_allowed},
    {"given a message that was received, when its handle went on and was closed, then its bytes are still there",
     slices_live_in_the_arena},
    {"given receipts of a handle that is closed, when other handles extend and settle them, then that counts",
     receipts_are_valid_everywhere},
    {"given an empty queue, when it is asked without waiting, then nothing comes, at once",
     nothing_comes_at_once},
    {"given messages sent, leased, released and settled, when the depth is asked for, then it counts them",
     depth_counts},
    {"given a message, when its times are looked at, then they are the wall clock's or 0", times_are_right},
    {"given two stages with stores of their own, when both are used, then they share nothing",
     stages_have_their_own},
    {"given 2 threads that send and 4 that receive, when all is settled, then nothing was lost or doubled",
     many_handles_at_a_time},
};

CHECK_LIST(queue_checks, checks);
