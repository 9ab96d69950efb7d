/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: locking, waiting and the contract; what happens to messages is in messages.c. */
#include <config.h>

#include "memory.h"
#include "messages.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { QUEUE_MAGIC = 0x51554d45, HANDLE_MAGIC = 0x51554d48 };

/* How long a sender waits for room.  Longer than a sink that works needs for a batch, so that ordinary
 * back-pressure just passes; short enough that a sink which stands still is told soon. */
#define ROOM_WAIT SP_SECOND

struct queue_options {
    int64_t max_size;
};

struct memory_queue {
    unsigned magic;
    const struct queue_options *options;
    pthread_mutex_t lock;
    pthread_cond_t arrived, room;
    struct messages messages;
};

struct queue_handle {
    unsigned magic;
    struct memory_queue *queue;
    bool interrupted; /* under the queue's lock */
};

static struct memory_queue *queue_of(void *loaded)
{
    struct memory_queue *queue = loaded;
    assert(queue && queue->magic == QUEUE_MAGIC);
    return queue;
}

static struct queue_handle *handle_of(void *pointer)
{
    struct queue_handle *handle = pointer;
    assert(handle && handle->magic == HANDLE_MAGIC);
    return handle;
}

/* Every call begins here: an interrupt that came between two calls is not meant for this one. */
static struct memory_queue *queue_enter(struct queue_handle *handle)
{
    pthread_mutex_lock(&handle->queue->lock);
    handle->interrupted = false;
    messages_expire(&handle->queue->messages, sp_clock_now());
    return handle->queue;
}

static void queue_leave(struct memory_queue **queue)
{
    pthread_mutex_unlock(&(*queue)->lock);
}

/* sp_clock_now() goes on while the machine sleeps and condition variables do not: so only what is left
 * is handed over, and whoever waits looks again. */
static void queue_wait(struct memory_queue *queue, pthread_cond_t *condition, int64_t until)
{
    int64_t left = until - sp_clock_now();
    if (left <= 0)
        return;
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    int64_t nanoseconds = when.tv_nsec + left % SP_SECOND;
    when.tv_sec += left / SP_SECOND + nanoseconds / SP_SECOND;
    when.tv_nsec = nanoseconds % SP_SECOND;
    pthread_cond_timedwait(condition, &queue->lock, &when);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void say(struct sp_result *result, enum sp_class class, const char *text)
{
    *result = (struct sp_result){class, SP_NO_COLUMN, text};
}

static bool wait_for_room(struct queue_handle *handle, size_t cost, int64_t until)
{
    struct memory_queue *queue = handle->queue;
    size_t limit = (size_t)queue->options->max_size;
    while (queue->messages.cost + cost > limit && !handle->interrupted && sp_clock_now() < until)
        queue_wait(queue, &queue->room, until);
    return queue->messages.cost + cost <= limit;
}

static void send_one(struct queue_handle *handle, const struct sp_message *sent, int64_t until,
                     struct sp_result *result)
{
    struct memory_queue *queue = handle->queue;
    size_t cost = message_cost(sent);
    if (cost > (size_t)queue->options->max_size) {
        say(result, SP_REJECTED, "is larger than the queue's max_size");
        return;
    }
    if (!wait_for_room(handle, cost, until)) {
        say(result, handle->interrupted ? SP_STOPPED : SP_UNAVAILABLE, "the queue is full");
        return;
    }
    struct message *message = message_new(sent);
    if (!message) {
        say(result, SP_UNAVAILABLE, "there is no memory left");
        return;
    }
    messages_add(&queue->messages, message);
    pthread_cond_signal(&queue->arrived);
    say(result, SP_OK, NULL);
}

static int queue_send(void *pointer, const struct sp_message *sent, size_t count, struct sp_result *results,
                      int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = handle_of(pointer);
    SP_AUTO(queue_leave) struct memory_queue *queue = queue_enter(handle);
    int64_t until = earlier(deadline, sp_clock_now() + ROOM_WAIT);
    size_t answered = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        send_one(handle, &sent[i], until, &results[i]);
        if (results[i].class == SP_OK || results[i].class == SP_REJECTED)
            answered++;
        else
            last = i;
    }
    if (count == 0 || answered > 0)
        return 0;
    sp_fail(err, results[last].class, "%s", results[last].text);
    if (results[last].class != SP_UNAVAILABLE)
        return -1;
    return sp_fail_cure(err, "it empties as the sink takes messages; max_size (now %lld bytes) is its limit",
                        (long long)queue->options->max_size);
}

/* How many visible messages fit what is asked for. */
static size_t count_fitting(const struct memory_queue *queue, const struct sp_receive *want)
{
    size_t count = 0, bytes = 0;
    const struct message *message;
    TAILQ_FOREACH(message, &queue->messages.visible, by_place)
    {
        bytes += message->body.size;
        if (count == want->max_messages || (count > 0 && bytes > want->max_bytes))
            break;
        count++;
    }
    return count;
}

static const struct sp_attribute *copy_attributes(const struct message *message, struct sp_arena *arena)
{
    struct sp_attribute *copies = sp_arena_alloc(arena, message->attribute_count * sizeof *copies);
    for (size_t i = 0; i < message->attribute_count; i++) {
        copies[i].name = sp_arena_copy(arena, message->attributes[i].name);
        copies[i].value = sp_arena_copy(arena, message->attributes[i].value);
    }
    return copies;
}

/* Copies, because a lease may end and another holder settle the message while this one still reads it. */
static void take_first(struct memory_queue *queue, int64_t lease_end, struct sp_arena *arena,
                       struct sp_received *out)
{
    struct message *message = TAILQ_FIRST(&queue->messages.visible);
    bool received_before = message->ticket != 0;
    messages_lease(&queue->messages, message, lease_end);
    struct sp_slice ticket = {(const char *)&message->ticket, sizeof message->ticket};
    *out = (struct sp_received){
        .body = sp_arena_copy(arena, message->body),
        .receipt = sp_arena_copy(arena, ticket),
        .attributes = copy_attributes(message, arena),
        .attribute_count = message->attribute_count,
        .lease_end = lease_end,
        .sent_wall_ms = message->sent_wall_ms,
        .received_before = received_before,
    };
}

/* Until something is visible, `until`, or an interrupt. */
static void wait_for_message(struct queue_handle *handle, int64_t until)
{
    struct memory_queue *queue = handle->queue;
    while (!TAILQ_FIRST(&queue->messages.visible) && !handle->interrupted && sp_clock_now() < until) {
        const struct message *next_to_end = TAILQ_FIRST(&queue->messages.leased);
        queue_wait(queue, &queue->arrived, next_to_end ? earlier(until, next_to_end->lease_end) : until);
        messages_expire(&queue->messages, sp_clock_now());
    }
}

static int queue_receive(void *pointer, const struct sp_receive *want, struct sp_arena *arena,
                         const struct sp_received **out, size_t *count_out, int64_t deadline,
                         struct sp_error *err)
{
    struct queue_handle *handle = handle_of(pointer);
    SP_AUTO(queue_leave) struct memory_queue *queue = queue_enter(handle);
    int64_t left = deadline - sp_clock_now();
    if (want->wait_ns > 0 && left > 0)
        wait_for_message(handle, sp_clock_now() + earlier(want->wait_ns, left));
    size_t count = count_fitting(queue, want);
    if (count == 0 && handle->interrupted)
        return sp_fail(err, SP_STOPPED, "the wait for a message was ended");
    struct sp_received *received = sp_arena_alloc(arena, count * sizeof *received);
    int64_t lease_end = sp_clock_now() + want->lease_ns;
    for (size_t i = 0; i < count; i++)
        take_first(queue, lease_end, arena, &received[i]);
    /* Others who wait look again: at what is left, and at the leases whose end they now wait for too. */
    if (count > 0)
        pthread_cond_broadcast(&queue->arrived);
    *out = received;
    *count_out = count;
    return 0;
}

static int queue_settle(void *pointer, const struct sp_settle *entries, size_t count,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    (void)deadline, (void)err;
    SP_AUTO(queue_leave) struct memory_queue *queue = queue_enter(handle_of(pointer));
    for (size_t i = 0; i < count; i++) {
        struct message *message = messages_find(&queue->messages, entries[i].receipt);
        if (message && entries[i].done)
            messages_remove(&queue->messages, message);
        else if (message && message->leased)
            messages_release(&queue->messages, message);
        say(&results[i], SP_OK, NULL);
    }
    pthread_cond_broadcast(&queue->arrived);
    pthread_cond_broadcast(&queue->room);
    return 0;
}

static int queue_extend(void *pointer, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    (void)deadline, (void)err;
    SP_AUTO(queue_leave) struct memory_queue *queue = queue_enter(handle_of(pointer));
    int64_t lease_end = sp_clock_now() + lease_ns;
    for (size_t i = 0; i < count; i++) {
        struct message *message = messages_find(&queue->messages, receipts[i]);
        if (message && message->leased) {
            messages_extend(&queue->messages, message, lease_end);
            say(&results[i], SP_OK, NULL);
        } else {
            say(&results[i], SP_CONTENDED, "the lease has ended");
        }
    }
    pthread_cond_broadcast(&queue->arrived);
    return 0;
}

static int queue_depth(void *pointer, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    (void)deadline, (void)err;
    SP_AUTO(queue_leave) struct memory_queue *queue = queue_enter(handle_of(pointer));
    const struct message *oldest = TAILQ_FIRST(&queue->messages.all);
    depth->visible = queue->messages.visible_count;
    depth->leased = queue->messages.leased_count;
    depth->oldest_wall_ms = oldest ? oldest->sent_wall_ms : 0;
    return 0;
}

static int queue_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage;
    struct memory_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    queue->magic = QUEUE_MAGIC;
    queue->options = config;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->arrived, &attributes);
    pthread_cond_init(&queue->room, &attributes);
    pthread_condattr_destroy(&attributes);
    messages_init(&queue->messages);
    *loaded = queue;
    return 0;
}

static void queue_unload(void *loaded)
{
    struct memory_queue *queue = queue_of(loaded);
    messages_fini(&queue->messages);
    pthread_cond_destroy(&queue->arrived);
    pthread_cond_destroy(&queue->room);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

static int queue_open(void *loaded, void **out, struct sp_error *err)
{
    struct queue_handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    handle->magic = HANDLE_MAGIC;
    handle->queue = queue_of(loaded);
    *out = handle;
    return 0;
}

static void queue_close(void *handle)
{
    free(handle_of(handle));
}

static int queue_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline, (void)err;
    return 0;
}

static void queue_interrupt(void *pointer)
{
    struct queue_handle *handle = handle_of(pointer);
    pthread_mutex_lock(&handle->queue->lock);
    handle->interrupted = true;
    pthread_cond_broadcast(&handle->queue->arrived);
    pthread_cond_broadcast(&handle->queue->room);
    pthread_mutex_unlock(&handle->queue->lock);
}

static const struct sp_option queue_options[] = {
    {
        .name = "max_size",
        .type = SP_OPT_SIZE,
        .offset = offsetof(struct queue_options, max_size),
        .default_text = "64MiB",
        .min = INT64_C(1) << 16,
        .max = INT64_C(1) << 40,
        .doc = "Memory that messages may take; a full queue holds the source back",
    },
};

static const struct sp_capabilities queue_capabilities = {
    .size = sizeof queue_capabilities,
    .flags = SP_LOCAL | SP_EMBEDDED,
};

static const struct sp_queue_ops queue_ops = {
    .size = sizeof queue_ops,
    .send = queue_send,
    .receive = queue_receive,
    .settle = queue_settle,
    .extend = queue_extend,
    .depth = queue_depth,
};

const struct sp_plugin memory_queue = {
    SP_PLUGIN_HEAD,
    .kind = SP_QUEUE,
    .name = "memory",
    .version = PACKAGE_VERSION,
    .summary = "a queue in memory, for tests and throw-away runs: what it holds ends with the process",
    .capabilities = &queue_capabilities,
    .options = queue_options,
    .option_count = sizeof queue_options / sizeof *queue_options,
    .config_size = sizeof(struct queue_options),
    .load = queue_load,
    .unload = queue_unload,
    .open = queue_open,
    .close = queue_close,
    .probe = queue_probe,
    .interrupt = queue_interrupt,
    .queue = &queue_ops,
};
