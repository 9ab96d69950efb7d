/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: waiting for messages, and being woken. */
#include <config.h>

#include "queue_kit.h"

#include <pthread.h>

static void wait_is_waited(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    int64_t began = sp_clock_now();
    struct received got = queue_receive(&queue, queue.one, 10, QUEUE_LONG, kit->lease_ns);
    int64_t took = sp_clock_now() - began;
    REQUIRE(got.count == 0, "a message comes out of an empty queue");
    REQUIRE(took >= kit->lease_ns * 3 / 4, "it waits %lld ms, not %lld", (long long)(took / SP_MILLISECOND),
            (long long)(kit->lease_ns / SP_MILLISECOND));
    REQUIRE(took < kit->lease_ns + kit_soon_ns(kit), "it waits %lld ms, not %lld",
            (long long)(took / SP_MILLISECOND), (long long)(kit->lease_ns / SP_MILLISECOND));
}

/* A thread that waits in receive(), far longer than it should have to. */
struct waiter {
    struct queue *queue;
    void *handle;
    pthread_t thread;
    struct sp_arena *arena;
    const struct sp_received *items;
    size_t count;
    int64_t wait_ns, deadline, returned_at;
    int rc;
    struct sp_error err;
    atomic_bool done;
};

static void *wait_for_message(void *opaque)
{
    struct waiter *waiter = opaque;
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 1,
                              .max_bytes = SIZE_MAX / 2,
                              .lease_ns = QUEUE_LONG,
                              .wait_ns = waiter->wait_ns};
    waiter->rc = waiter->queue->ops->receive(waiter->handle, &want, waiter->arena, &waiter->items,
                                             &waiter->count, waiter->deadline, &waiter->err);
    waiter->returned_at = sp_clock_now();
    atomic_store(&waiter->done, true);
    return NULL;
}

/* Returns when it probably waits. */
static void waiter_start(struct waiter *waiter, struct queue *queue, void *handle, int64_t wait_ns)
{
    *waiter = (struct waiter){.queue = queue, .handle = handle, .wait_ns = wait_ns};
    waiter->arena = arena_new(4096);
    waiter->deadline = sp_clock_now() + 40 * kit_soon_ns(queue->kit);
    REQUIRE(pthread_create(&waiter->thread, NULL, wait_for_message, waiter) == 0, "there is no thread");
    kit_sleep(150 * SP_MILLISECOND);
}

/* `since`: when it ought to have woken up. */
static void waiter_join(struct waiter *waiter, int64_t since, const char *why)
{
    struct kit *kit = waiter->queue->kit;
    int64_t until = since + kit_soon_ns(kit);
    while (!atomic_load(&waiter->done)) {
        REQUIRE(sp_clock_now() < until, "receive() waits on although %s", why);
        kit_sleep(5 * SP_MILLISECOND);
    }
    pthread_join(waiter->thread, NULL);
}

static void waiter_require_one(struct waiter *waiter)
{
    REQUIRE(waiter->rc == 0, "receive() fails: %s", waiter->err.text);
    REQUIRE(waiter->count == 1, "receive() wakes up with nothing");
    queue_settle(waiter->queue, waiter->handle, waiter->items, 1, true);
    arena_free(waiter->arena);
}

static int64_t long_wait(const struct kit *kit)
{
    return 20 * kit_soon_ns(kit);
}

static void send_wakes(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct waiter waiter;
    waiter_start(&waiter, &queue, queue.one, long_wait(kit));
    queue_send_text(&queue, queue.other, "{}");
    waiter_join(&waiter, sp_clock_now(), "a message was sent");
    waiter_require_one(&waiter);
}

static void release_wakes(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct waiter waiter;
    queue_send_text(&queue, queue.other, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.other, 2 * long_wait(kit));
    waiter_start(&waiter, &queue, queue.one, long_wait(kit));
    queue_settle(&queue, queue.other, got, 1, false);
    waiter_join(&waiter, sp_clock_now(), "a message was released");
    waiter_require_one(&waiter);
}

static void lease_end_wakes(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct waiter waiter;
    queue_send_text(&queue, queue.other, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.other, kit->lease_ns);
    waiter_start(&waiter, &queue, queue.one, long_wait(kit));
    waiter_join(&waiter, got->lease_end, "a lease has ended");
    waiter_require_one(&waiter);
}

static void one_of_those_who_wait(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct waiter waiters[3];
    size_t count = 0;
    for (size_t i = 0; i < 3; i++)
        waiter_start(&waiters[i], &queue, kit_open(queue.stage), 3 * kit->lease_ns);
    queue_send_text(&queue, queue.other, "{}");
    for (size_t i = 0; i < 3; i++) {
        waiter_join(&waiters[i], sp_clock_now() + 3 * kit->lease_ns, "its time is over");
        REQUIRE(waiters[i].rc == 0, "receive() fails: %s", waiters[i].err.text);
        count += waiters[i].count;
        arena_free(waiters[i].arena);
    }
    REQUIRE(count == 1, "one message was sent, %zu handles got it", count);
}

static void send_once(struct kit *kit, struct helper_side *side, void *with)
{
    (void)with;
    struct queue queue = queue_join(kit);
    pipe_say(side->to, 1);
    pipe_hear(side->from);
    queue_send_text(&queue, queue.one, "{}");
    pipe_say(side->to, 1);
}

static void other_process_wakes(struct kit *kit)
{
    kit_needs_durable(kit);
    queue_empty_first(kit);
    struct helper helper = helper_start(kit, send_once, NULL);
    struct queue queue = queue_begin(kit);
    struct waiter waiter;
    pipe_hear(helper.from);
    waiter_start(&waiter, &queue, queue.one, long_wait(kit));
    pipe_say(helper.to, 1);
    pipe_hear(helper.from);
    waiter_join(&waiter, sp_clock_now(), "another process has sent a message");
    waiter_require_one(&waiter);
    helper_end(&helper);
}

static void interrupt_wakes(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct waiter waiter, undisturbed;
    waiter_start(&undisturbed, &queue, queue.other, long_wait(kit));
    waiter_start(&waiter, &queue, queue.one, long_wait(kit));
    kit_interrupt(kit, queue.one, &waiter.done);
    pthread_join(waiter.thread, NULL);
    REQUIRE(waiter.rc == 0 ? waiter.count == 0 : waiter.err.class == SP_STOPPED,
            "an interrupted receive() ends as %s: %s", sp_class_name(waiter.err.class), waiter.err.text);
    REQUIRE(!atomic_load(&undisturbed.done), "an interrupt of one handle ends the call of another");
    arena_free(waiter.arena);
    queue_send_text(&queue, queue.one, "{}");
    waiter_join(&undisturbed, sp_clock_now(), "a message was sent");
    waiter_require_one(&undisturbed);
}

static void interrupted_handle_goes_on(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct waiter waiter;
    for (int times = 0; times < 3; times++) {
        waiter_start(&waiter, &queue, queue.one, long_wait(kit));
        kit_interrupt(kit, queue.one, &waiter.done);
        pthread_join(waiter.thread, NULL);
        arena_free(waiter.arena);
    }
    kit->plugin->about.interrupt(queue.one);
    int64_t began = sp_clock_now();
    queue_receive(&queue, queue.one, 1, QUEUE_LONG, kit->lease_ns);
    REQUIRE(sp_clock_now() - began >= kit->lease_ns / 2, "an interrupt between two calls ends the next wait");
    queue_send_text(&queue, queue.one, "{}");
    queue_settle(&queue, queue.one, queue_receive_one(&queue, queue.one, QUEUE_LONG), 1, true);
}

static void deadline_ends_the_wait(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 1,
                              .max_bytes = SIZE_MAX / 2,
                              .lease_ns = QUEUE_LONG,
                              .wait_ns = kit->lease_ns + 2 * kit_soon_ns(kit)};
    const struct sp_received *items;
    size_t count = 0;
    int64_t deadline = sp_clock_now() + kit->lease_ns;
    int rc = queue.ops->receive(queue.one, &want, kit->arena, &items, &count, deadline, &kit_error);
    REQUIRE(sp_clock_now() < deadline + kit_soon_ns(kit), "receive() waits for seconds past its deadline");
    REQUIRE(rc == 0 ? count == 0 : kit_error.class == SP_UNAVAILABLE, "receive() at its deadline is %s: %s",
            sp_class_name(kit_error.class), kit_error.text);
    queue_send_text(&queue, queue.one, "{}");
    queue_settle(&queue, queue.one, queue_receive_one(&queue, queue.one, QUEUE_LONG), 1, true);
}

static const struct check checks[] = {
    {"given an empty queue, when it is waited for a message, then so long and not much longer",
     wait_is_waited},
    {"given a handle that waits, when another sends, then it wakes up with the message", send_wakes},
    {"given a handle that waits, when another releases a message, then it wakes up with it", release_wakes},
    {"given a handle that waits, when a lease ends, then it wakes up with the message", lease_end_wakes},
    {"given three handles that wait, when one message is sent, then one of them gets it",
     one_of_those_who_wait},
    {"given a handle that waits, when another process sends, then it wakes up with the message",
     other_process_wakes},
    {"given two handles that wait, when one is interrupted, then its call ends soon and the other's does not",
     interrupt_wakes},
    {"given a handle that was interrupted, when it is used again, then it waits and works as ever",
     interrupted_handle_goes_on},
    {"given a wait that is longer than the deadline, when the deadline is over, then the call returns",
     deadline_ends_the_wait},
};

CHECK_LIST(queue_wait_checks, checks);
