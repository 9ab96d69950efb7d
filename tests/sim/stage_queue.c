/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fate.h"
#include "laws.h"
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct message {
    struct message *next;
    uint64_t number;
    struct sp_slice body, cursor;
    bool ours; /* it has our attribute */
    struct event **events;
    size_t event_count;
    uint64_t generation; /* of the receipt that counts */
    unsigned received;
    bool leased, known; /* and the holder was told */
    bool put_off;       /* nobody works on it: its holder only wants others to come first */
    int64_t lease_end;
    const struct process *holder; /* and which life of it */
    unsigned life;
};

static struct {
    struct message *messages, **tail;
    uint64_t made;
    size_t count;
} queue;

void queue_open_world(void)
{
    memset(&queue, 0, sizeof queue);
    queue.tail = &queue.messages;
}

static bool visible(const struct message *message)
{
    return !message->leased || message->lease_end <= sim_now();
}

size_t queue_left(void)
{
    return queue.count;
}

static bool holds(const struct process *process, const struct message *message)
{
    return message->leased && message->holder == process && message->life == process->life;
}

/* What is put off for another to try is leased for up to so long. */
static const int64_t soon_ns = 4 * SP_SECOND;

size_t queue_leased_to(const struct process *process)
{
    size_t count = 0;
    for (const struct message *message = queue.messages; message; message = message->next)
        count += holds(process, message) && message->known && !message->put_off &&
                 message->lease_end > sim_now() + soon_ns;
    return count;
}

void queue_blame(const struct process *process, const bool *but_for_keys)
{
    for (const struct message *message = queue.messages; message; message = message->next)
        for (size_t i = 0; message->received > 0 && i < message->event_count; i++)
            if ((!process || holds(process, message)) &&
                !(but_for_keys && but_for_keys[message->events[i]->key]))
                message->events[i]->deaths++;
}

void queue_tell(void)
{
    for (const struct message *message = queue.messages; message; message = message->next)
        trace("  message %" PRIu64 " of %zu events, %s, received %u times", message->number,
              message->event_count, visible(message) ? "visible" : "leased", message->received);
}

static void add_event(struct message *message, struct sp_slice line)
{
    struct event *event = feed_event(line);
    if (!event)
        law_broken("bytes", "the queue got an event that nobody made: %.*s", (int)line.size, line.data);
    event->queued = true;
    message->events[message->event_count++] = event;
}

static void append(struct message *message)
{
    message->number = ++queue.made;
    *queue.tail = message;
    queue.tail = &message->next;
    queue.count++;
    tasks_wake(&queue);
}

/* The message as the world keeps it. */
static struct message *message_of(const struct sp_message *sent)
{
    struct message *message = world_alloc(sizeof *message);
    message->body = (struct sp_slice){world_copy(sent->body.data, sent->body.size), sent->body.size};
    message->ours = true;
    for (size_t i = 0; i < sent->attribute_count; i++)
        if (sp_slice_equal(sent->attributes[i].name, sp_slice_of("scanpipe-cursor"))) {
            struct sp_slice value = sent->attributes[i].value;
            message->cursor = (struct sp_slice){world_copy(value.data, value.size), value.size};
        }
    message->events = world_alloc((sent->event_count + 1) * sizeof(struct event *));
    return message;
}

static void send_now(void *argument)
{
    struct message *message = argument;
    const char *at = message->body.data, *end = at + message->body.size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end ? line_end : end;
        add_event(message, (struct sp_slice){at, (size_t)(line_end - at)});
        at = line_end + 1;
    }
    if (!stage_lies(SIM_QUEUE))
        append(message);
    trace("the queue has message %" PRIu64 " of %zu events", message->number, message->event_count);
}

void queue_put_foreign(struct event *event)
{
    struct message *message = world_alloc(sizeof *message);
    message->body = event->text;
    message->events = world_alloc(sizeof(struct event *));
    message->events[message->event_count++] = event;
    event->queued = true;
    tally(A_FOREIGN_MESSAGE);
    append(message);
}

static bool can_never_hold(const struct sp_message *message)
{
    return memmem(message->body.data, message->body.size, "\"Queue\"", 7) != NULL;
}

static int queue_send(void *pointer, const struct sp_message *messages, size_t count,
                      struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_SEND, deadline, &fate, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        bool done;
        enum sp_class class = entry_fate(handle, &done);
        if (can_never_hold(&messages[i]))
            class = SP_REJECTED, done = false;
        results[i] = (struct sp_result){class, SP_NO_COLUMN, class == SP_OK ? NULL : "not taken"};
        struct message *message = done ? message_of(&messages[i]) : NULL;
        if (message && fate.late_at)
            timer_add(fate.late_at, send_now, message);
        else if (message)
            send_now(message);
    }
    return call_leave(handle, &fate, err);
}

static void wait_for_message(struct handle *handle, int64_t until)
{
    for (;;) {
        int64_t next = until;
        for (const struct message *message = queue.messages; message; message = message->next) {
            if (visible(message))
                return;
            if (message->lease_end < next)
                next = message->lease_end;
        }
        if (sim_now() >= until || handle->interrupted)
            return;
        handle->waits_at = &queue;
        task_wait(&queue, next);
    }
}

/* The messages that a receive may give: what is visible, and now and then what another has. */
static size_t candidates(struct message **out, size_t room)
{
    size_t count = 0;
    for (struct message *message = queue.messages; message && count < room; message = message->next) {
        bool again = world.faults && dice_chance(&world.dice, world.plan->again_permille, 1000);
        if (visible(message) || again)
            out[count++] = message;
    }
    if (!world.plan->fifo)
        for (size_t i = count; i > 1; i--) {
            size_t other = dice_below(&world.dice, i);
            struct message *kept = out[i - 1];
            out[i - 1] = out[other];
            out[other] = kept;
        }
    return count;
}

static void give(struct message *message, int64_t lease_ns, struct sp_arena *arena, struct sp_received *out)
{
    const struct process *process = process_self();
    bool called_suspect = message->received == 0 && world.faults &&
                          dice_chance(&world.dice, world.plan->suspects_permille, 1000);
    struct sp_attribute *attributes = sp_arena_zalloc(arena, 2 * sizeof *attributes);
    attributes[0] = (struct sp_attribute){sp_slice_of("scanpipe-format"), sp_slice_of("ndjson")};
    attributes[1] =
        (struct sp_attribute){sp_slice_of("scanpipe-cursor"), sp_arena_copy(arena, message->cursor)};
    if (called_suspect)
        tally(A_FALSE_SUSPECT);
    if (!visible(message))
        tally(GIVEN_TO_TWO);
    message->generation++;
    message->leased = true;
    message->known = false;
    message->lease_end = sim_now() + lease_ns;
    message->put_off = false;
    message->holder = process;
    message->life = process->life;
    *out = (struct sp_received){
        .body = sp_arena_copy(arena, message->body),
        .receipt =
            sp_slice_of(sp_arena_printf(arena, "%" PRIu64 "/%" PRIu64, message->number, message->generation)),
        .attributes = attributes,
        .attribute_count = message->ours ? 1 + (message->cursor.data != NULL) : 0,
        .lease_end = message->lease_end + process_clock_offset(process),
        .received_before = message->received > 0 || called_suspect,
    };
    message->received++;
    trace("gets message %" PRIu64 "%s", message->number, out->received_before ? " again" : "");
}

static int queue_receive(void *pointer, const struct sp_receive *want, struct sp_arena *arena,
                         const struct sp_received **out, size_t *count_out, int64_t deadline,
                         struct sp_error *err)
{
    enum { ROOM = 1000 };
    struct handle *handle = pointer;
    struct message *found[ROOM];
    struct fate fate;
    if (call_enter(handle, OP_RECEIVE, deadline, &fate, err) != 0)
        return -1;
    int64_t until = sim_now() + want->wait_ns;
    if (want->wait_ns > 0)
        wait_for_message(handle, until < fate.deadline ? until : fate.deadline);
    if (handle->interrupted) {
        call_answered(handle, &fate);
        return sp_fail(err, SP_STOPPED, "the wait was ended");
    }
    size_t most = fate.late_at ? 0 : candidates(found, ROOM), count = 0, bytes = 0;
    struct sp_received *received = sp_arena_alloc(arena, (most + 1) * sizeof *received);
    while (count < most && count < want->max_messages) {
        bytes += found[count]->body.size;
        if (count > 0 && bytes > want->max_bytes)
            break;
        give(found[count], want->lease_ns, arena, &received[count]);
        count++;
    }
    if (call_leave(handle, &fate, err) != 0)
        return -1; /* they are leased, and nobody knows */
    for (size_t i = 0; i < count; i++)
        found[i]->known = found[i]->known || holds(process_self(), found[i]);
    *out = received;
    *count_out = count;
    return 0;
}

/* By its receipt; *current_out says whether that is the last one. */
static struct message *find(struct sp_slice receipt, bool *current_out)
{
    char text[48] = "", *slash;
    if (receipt.size >= sizeof text)
        law_broken("bytes", "a receipt that nobody gave");
    memcpy(text, receipt.data, receipt.size);
    uint64_t number = strtoull(text, &slash, 10), generation = strtoull(slash + 1, NULL, 10);
    for (struct message *message = queue.messages; message; message = message->next)
        if (message->number == number) {
            *current_out = message->generation == generation;
            return message;
        }
    return NULL;
}

static void take_out(struct message *message)
{
    struct message **at = &queue.messages;
    while (*at != message)
        at = &(*at)->next;
    *at = message->next;
    if (queue.tail == &message->next)
        queue.tail = at;
    queue.count--;
    trace("message %" PRIu64 " is settled", message->number);
    for (size_t i = 0; i < message->event_count; i++)
        law_settled(message->events[i]);
}

struct settling {
    struct sp_slice receipt;
    bool done;
};

static void settle_now(void *argument)
{
    const struct settling *settling = argument;
    bool current;
    struct message *message = find(settling->receipt, &current);
    if (!message)
        return;
    if (settling->done && (current || world.plan->old_receipts)) {
        take_out(message);
    } else if (!settling->done && current) {
        trace("message %" PRIu64 " is handed back", message->number);
        tally(HANDED_BACK);
        message->leased = false;
        tasks_wake(&queue);
    }
}

/* Where an older receipt works as well, its owner may have settled the message meanwhile. */
static bool lease_runs(struct sp_slice receipt)
{
    bool current;
    const struct message *message = find(receipt, &current);
    return message ? current && !visible(message) : world.plan->old_receipts;
}

static int queue_settle(void *pointer, const struct sp_settle *entries, size_t count,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_SETTLE, deadline, &fate, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        bool done;
        enum sp_class class = entry_fate(handle, &done);
        results[i] = (struct sp_result){class, SP_NO_COLUMN, NULL};
        if (!done)
            continue;
        struct settling *settling = world_alloc(sizeof *settling);
        settling->done = entries[i].done;
        settling->receipt.size = entries[i].receipt.size;
        settling->receipt.data = world_copy(entries[i].receipt.data, entries[i].receipt.size);
        law_lease(lease_runs(settling->receipt));
        if (fate.late_at)
            timer_add(fate.late_at, settle_now, settling);
        else
            settle_now(settling);
    }
    return call_leave(handle, &fate, err);
}

/* The engine extends by the visibility timeout what it works on; another lease says that it does not. */
static void hold_longer(struct message *message, int64_t lease_ns)
{
    message->lease_end = sim_now() + lease_ns;
    message->put_off = lease_ns != world.plan->visibility_ns;
}

static int queue_extend(void *pointer, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_EXTEND, deadline, &fate, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        bool done, current = false;
        enum sp_class class = entry_fate(handle, &done);
        struct message *message = find(receipts[i], &current);
        bool lost = !message || !current || visible(message);
        tally(lost ? A_LOST_LEASE : AN_EXTENDED_LEASE);
        if (done && !lost && !fate.late_at)
            hold_longer(message, lease_ns);
        results[i] = (struct sp_result){lost ? SP_CONTENDED : class, SP_NO_COLUMN, NULL};
    }
    return call_leave(handle, &fate, err);
}

static int queue_depth(void *pointer, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_DEPTH, deadline, &fate, err) != 0)
        return -1;
    depth->visible = depth->leased = 0;
    for (const struct message *message = queue.messages; message; message = message->next)
        ++*(visible(message) ? &depth->visible : &depth->leased);
    return call_leave(handle, &fate, err);
}

#define QUEUE_PLUGIN(plugin, most)                                                                           \
    {                                                                                                        \
        SIM_PLUGIN(SP_QUEUE, plugin),                                                                        \
            .ops.queue = {.size = sizeof(struct sp_queue_ops),                                               \
                          .send = queue_send,                                                                \
                          .receive = queue_receive,                                                          \
                          .settle = queue_settle,                                                            \
                          .extend = queue_extend,                                                            \
                          .depth = queue_depth},                                                             \
            .capabilities = {.size = sizeof(struct sp_capabilities),                                         \
                             .flags = SP_DURABLE,                                                            \
                             .batch_messages = (most)},                                                      \
    }

const struct plugin sim_queue = QUEUE_PLUGIN(sim_queue, 0),
                    sim_queue_of_ten = QUEUE_PLUGIN(sim_queue_of_ten, 10);
