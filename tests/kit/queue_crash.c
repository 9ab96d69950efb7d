/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: processes that are killed, and processes that compete. */
#include <config.h>

#include "queue_kit.h"

/* Marks every number that is there, and settles it; `seen` has room for `room`. */
static size_t take_all(struct queue *queue, uint8_t *seen, size_t room)
{
    size_t count = 0;
    for (;;) {
        struct received got = queue_receive(queue, queue->one, 500, QUEUE_LONG, 300 * SP_MILLISECOND);
        if (got.count == 0)
            return count;
        for (size_t i = 0; i < got.count; i++) {
            int64_t number = queue_number(&got.items[i]);
            REQUIRE(number >= 0 && (size_t)number < room, "message %lld was never sent", (long long)number);
            seen[number] += seen[number] < 255;
        }
        count += got.count;
        queue_settle(queue, queue->one, got.items, got.count, true);
    }
}

static void killed_while_sending(struct kit *kit)
{
    enum { ROOM = 200000 };
    kit_needs_durable(kit);
    queue_empty_first(kit);
    uint8_t *seen = sp_arena_zalloc(kit->arena, ROOM);
    struct queue_sender sender = {0, 7};
    int64_t safe = 0;
    for (int times = 0; times < 4; times++) {
        struct helper helper = helper_start(kit, queue_send_forever, &sender);
        safe = pipe_hear(helper.from);
        kit_sleep((int64_t)kit_below(&kit->dice, 60) * SP_MILLISECOND);
        helper_kill(&helper);
        while (pipe_drain(helper.from, &safe))
            ;
        sender.from = safe + 20; /* what was under way may be there or not */
        for (int64_t i = safe; i < sender.from; i++)
            seen[i] = 100;
    }
    struct queue queue = queue_join(kit);
    take_all(&queue, seen, ROOM);
    for (int64_t i = 0; i < safe; i++)
        REQUIRE(seen[i] > 0, "message %lld of %lld was sent safely before kill -9, and is lost", (long long)i,
                (long long)safe);
    for (int64_t i = 0; i < safe; i++)
        REQUIRE(seen[i] == 1 || seen[i] >= 100 || !kit_can(kit, SP_EMBEDDED),
                "message %lld is there %d times", (long long)i, seen[i]);
}

struct holding {
    int64_t lease_ns;
    size_t count;
};

static void hold(struct kit *kit, struct helper_side *side, void *with)
{
    const struct holding *holding = with;
    struct queue queue = queue_join(kit);
    pipe_hear(side->from);
    struct received got = queue_receive_all(&queue, queue.one, holding->count, holding->lease_ns);
    pipe_say(side->to, got.items[0].lease_end);
    pipe_hear(side->from);
}

static void holder_is_killed(struct kit *kit, int64_t lease_ns)
{
    queue_empty_first(kit);
    struct holding holding = {lease_ns, 3};
    struct helper helper = helper_start(kit, hold, &holding);
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 3);
    pipe_say(helper.to, 1);
    pipe_hear(helper.from);
    if (lease_ns > kit_soon_ns(kit))
        queue_require_none(&queue, queue.one, "another process holds all messages");
    helper_kill(&helper);
    struct received got = queue_receive_all(&queue, queue.one, 3, QUEUE_LONG);
    for (size_t i = 0; i < 3; i++)
        REQUIRE(got.items[i].received_before, "what a killed process held is not called a suspect");
    queue_settle(&queue, queue.one, got.items, 3, true);
}

static void lease_of_the_dead_ends(struct kit *kit)
{
    kit_needs_durable(kit);
    holder_is_killed(kit, 2 * kit->lease_ns);
}

static void lease_of_the_dead_is_free(struct kit *kit)
{
    kit_needs_durable(kit);
    if (!kit_can(kit, SP_EMBEDDED))
        kit_not_for("it is not embedded: leases end by time alone");
    holder_is_killed(kit, 3600 * SP_SECOND);
}

/* Receives, and settles what it got; says each number that is settled. */
static void settle_forever(struct kit *kit, struct helper_side *side, void *with)
{
    (void)with;
    struct queue queue = queue_join(kit);
    for (;;) {
        struct received got = queue_receive(&queue, queue.one, 5, kit->lease_ns, 100 * SP_MILLISECOND);
        if (got.count == 0)
            continue;
        kit_sleep((int64_t)kit_below(&kit->dice, 3) * SP_MILLISECOND);
        queue_settle(&queue, queue.one, got.items, got.count, true);
        for (size_t i = 0; i < got.count; i++)
            pipe_say(side->to, queue_number(&got.items[i]));
    }
}

static void killed_while_settling(struct kit *kit)
{
    enum { COUNT = 400, ONCE = 10 };
    kit_needs_durable(kit);
    queue_empty_first(kit);
    uint8_t seen[COUNT] = {0};
    struct helper helpers[2];
    for (int i = 0; i < 2; i++)
        helpers[i] = helper_start(kit, settle_forever, NULL);
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 0, COUNT);
    seen[pipe_hear(helpers[0].from)] = 1;
    kit_sleep((int64_t)kit_below(&kit->dice, 50) * SP_MILLISECOND);
    size_t settled = 1;
    for (int i = 0; i < 2; i++) {
        helper_kill(&helpers[i]);
        for (int64_t number; pipe_drain(helpers[i].from, &number); settled++)
            seen[number] = 1;
    }
    kit_sleep(kit->lease_ns);
    uint8_t *rest = sp_arena_zalloc(kit->arena, COUNT);
    take_all(&queue, rest, COUNT);
    size_t lost = 0, back = 0;
    for (size_t i = 0; i < COUNT; i++) {
        lost += !seen[i] && !rest[i];
        back += seen[i] && rest[i];
    }
    /* Each of the two may have settled one call's messages and not said so. */
    REQUIRE(lost <= ONCE, "%zu messages are neither settled nor there", lost);
    REQUIRE(back == 0, "%zu messages come again although they were settled", back);
}

/* Sends its numbers, then receives until told to stop; says what it settled. */
static void compete(struct kit *kit, struct helper_side *side, void *with)
{
    const int64_t *from = with;
    int64_t stop;
    struct queue queue = queue_join(kit);
    for (int64_t at = 0; at < 100; at += 10)
        queue_send_numbers(&queue, queue.one, *from + at, 10);
    while (!pipe_drain(side->from, &stop)) {
        struct received got = queue_receive(&queue, queue.other, 3, QUEUE_LONG, 50 * SP_MILLISECOND);
        if (got.count > 0)
            queue_settle(&queue, queue.other, got.items, got.count, true);
        for (size_t i = 0; i < got.count; i++)
            pipe_say(side->to, queue_number(&got.items[i]));
    }
}

static void processes_compete(struct kit *kit)
{
    enum { HELPERS = 3, COUNT = HELPERS * 100 };
    kit_needs_durable(kit);
    queue_empty_first(kit);
    struct helper helpers[HELPERS];
    int64_t froms[HELPERS];
    uint8_t seen[COUNT] = {0};
    size_t count = 0;
    for (size_t i = 0; i < HELPERS; i++) {
        froms[i] = (int64_t)i * 100;
        helpers[i] = helper_start(kit, compete, &froms[i]);
    }
    int64_t until = sp_clock_now() + 6 * kit_soon_ns(kit);
    while (count < COUNT) {
        REQUIRE(sp_clock_now() < until, "%zu of %d messages do not come", COUNT - count, COUNT);
        for (size_t i = 0; i < HELPERS; i++)
            for (int64_t number; pipe_drain(helpers[i].from, &number);) {
                REQUIRE(number >= 0 && number < COUNT, "message %lld was never sent", (long long)number);
                REQUIRE(!seen[number] || !kit_can(kit, SP_EMBEDDED), "message %lld comes twice",
                        (long long)number);
                count += !seen[number];
                seen[number] = 1;
            }
        kit_sleep(5 * SP_MILLISECOND);
    }
    for (size_t i = 0; i < HELPERS; i++) {
        pipe_say(helpers[i].to, 1);
        helper_end(&helpers[i]);
    }
}

static const struct check checks[] = {
    {"given a process that sends, when it is killed (-9) four times, then nothing that was sent is lost",
     killed_while_sending},
    {"given a process that holds messages, when it is killed (-9), then they come again by their leases' end",
     lease_of_the_dead_ends},
    {"given a process that holds messages of an embedded queue, when it is killed (-9), then they are free",
     lease_of_the_dead_is_free},
    {"given processes that receive and settle, when they are killed (-9), then the rest is there, no more",
     killed_while_settling},
    {"given three processes that send and receive, when all is settled, then nothing was lost or doubled",
     processes_compete},
};

CHECK_LIST(queue_crash_checks, checks);
