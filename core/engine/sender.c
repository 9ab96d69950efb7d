/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/ingest.h"

#include <stdlib.h>

/* One send has at most so much, so that its failure does not hold up much. */
enum { SEND_MESSAGES = 64, SEND_BYTES = 4 << 20 };

struct load {
    struct parcel *parcels[SEND_MESSAGES]; /* messages, or one parcel of letters */
    size_t count;
};

static bool fits(const struct sp_capabilities *limits, const struct load *load, size_t bytes,
                 const struct parcel *next)
{
    size_t most = plugin_most(limits->batch_messages, SEND_MESSAGES);
    size_t most_bytes = plugin_most(limits->batch_bytes, SEND_BYTES);
    if (load->count == 0)
        return true;
    return !next->letters && !load->parcels[0]->letters && load->count < most &&
           bytes + next->message.body.size <= most_bytes;
}

/* Waits for parcels and takes as many as one call may have.  False: stop. */
static bool take_load(struct sender *sender, struct load *load)
{
    struct ingest *ingest = sender->ingest;
    const struct sp_capabilities *limits = &sender->queue.crew->stage->plugin->capabilities;
    size_t bytes = 0;
    load->count = 0;
    pthread_mutex_lock(&ingest->lock);
    while (!ingest->parcels && !stop_asked(&ingest->work->stop))
        cond_wait_ns(&ingest->changed, &ingest->lock, SP_SECOND / 5);
    while (ingest->parcels && !stop_asked(&ingest->work->stop) &&
           fits(limits, load, bytes, ingest->parcels)) {
        struct parcel *parcel = ingest->parcels;
        ingest->parcels = parcel->next;
        if (!ingest->parcels)
            ingest->parcels_tail = &ingest->parcels;
        bytes += parcel->message.body.size;
        load->parcels[load->count++] = parcel;
    }
    pthread_mutex_unlock(&ingest->lock);
    return load->count > 0;
}

static bool send_messages(struct sender *sender, struct load *load);

/* The queue can never hold this one event. */
static bool bury(struct sender *sender, const struct parcel *parcel, const char *reason)
{
    struct work *work = sender->ingest->work;
    struct sp_letter letter =
        letter_rejected_by_queue(parcel->message.body, work->pipeline->queue.plugin->about.name, reason);
    return letters_store(work, &sender->letters, &letter, 1);
}

/* The queue may hold less by now than it said: what is packed from now on follows.  Asked once; where it does
 * not answer, the next rejection asks again. */
static void learn_limits_again(struct sender *sender)
{
    struct seat *seat = &sender->queue;
    const struct sp_queue_ops *ops = seat->crew->stage->plugin->about.queue;
    struct sp_queue_limits limits = {.size = sizeof limits};
    struct sp_error err = {0};
    if (!ops->limits)
        return;
    int64_t deadline = call_begin(seat, 0);
    if (!call_end_aside(seat, ops->limits(seat->handle, &limits, deadline, &err), &err))
        ingest_set_limits(sender->ingest, &limits);
}

/* The queue can never hold this message: its events go on alone, so that only the culprits die. */
static bool send_apart(struct sender *sender, struct parcel *parcel)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct sp_received body = {.body = parcel->message.body,
                               .attributes = parcel->message.attributes,
                               .attribute_count = parcel->message.attribute_count};
    struct framing_reader events = framing_open(&body);
    for (struct sp_slice event; framing_next(&events, &event);) {
        struct parcel *alone = sp_arena_alloc(arena, sizeof *alone);
        *alone = *parcel;
        alone->message.body = event;
        alone->message.event_count = 1;
        pthread_mutex_lock(&sender->ingest->lock);
        parcel->page->waiting++;
        pthread_mutex_unlock(&sender->ingest->lock);
        if (!send_messages(sender, &(struct load){{alone}, 1}))
            return false;
    }
    return true;
}

/* What the queue rejects, kept until the handle may be used again: texts of results live until then. */
struct rejects {
    struct parcel *parcels[SEND_MESSAGES];
    const char *reasons[SEND_MESSAGES];
    size_t count;
};

/* Takes from the load what is durable, and what can never be; what is left is to be sent again. */
static void sort_results(struct sender *sender, struct load *load, const struct sp_result *results,
                         struct rejects *rejects, struct sp_arena *arena, struct sp_error *err)
{
    struct counters *counters = &sender->ingest->work->counters;
    struct parcel *durable[SEND_MESSAGES];
    size_t done = 0, left = 0;
    for (size_t i = 0; i < load->count; i++) {
        struct parcel *parcel = load->parcels[i];
        const char *text = results[i].text ? results[i].text : "the queue did not take a message";
        if (results[i].class == SP_OK) {
            count_add(&counters->messages_sent, 1);
            count_add(&counters->events_sent, parcel->message.event_count);
            durable[done++] = parcel;
        } else if (results[i].class == SP_REJECTED) {
            rejects->reasons[rejects->count] = sp_arena_text(arena, text, strlen(text));
            rejects->parcels[rejects->count++] = parcel;
        } else {
            sp_fail(err, results[i].class, "%s", text);
            load->parcels[left++] = parcel;
        }
    }
    load->count = left;
    ingest_mark_durable(sender->ingest, durable, done);
}

static bool handle_rejects(struct sender *sender, struct rejects *rejects)
{
    for (size_t i = 0; i < rejects->count; i++) {
        struct parcel *parcel = rejects->parcels[i];
        bool alone = parcel->message.event_count <= 1;
        if (!alone)
            learn_limits_again(sender);
        if (!(alone ? bury(sender, parcel, rejects->reasons[i]) : send_apart(sender, parcel)))
            return false;
        ingest_mark_durable(sender->ingest, &parcel, 1);
    }
    return true;
}

/* One send; what is left of the load is to be sent again.  True where it failed. */
static bool send_once(struct sender *sender, struct load *load, struct rejects *rejects,
                      struct sp_arena *arena, struct sp_error *err)
{
    struct seat *seat = &sender->queue;
    const struct sp_queue_ops *ops = seat->crew->stage->plugin->about.queue;
    struct sp_message messages[SEND_MESSAGES];
    struct sp_result results[SEND_MESSAGES];
    for (size_t i = 0; i < load->count; i++)
        messages[i] = load->parcels[i]->message;
    memset(results, 0, load->count * sizeof *results);
    int64_t deadline = call_begin(seat, 0);
    int rc = ops->send(seat->handle, messages, load->count, results, deadline, err);
    if (rc == 0) {
        sort_results(sender, load, results, rejects, arena, err);
        rc = load->count == 0 ? 0 : -1;
    }
    return call_end(seat, rc, err);
}

/* Sends until all of it is durable.  False: the stop came first. */
static bool send_messages(struct sender *sender, struct load *load)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(1024);
    struct sp_error err = {0};
    for (bool failed = true; failed;) {
        struct rejects rejects = {.count = 0};
        failed = send_once(sender, load, &rejects, arena, &err);
        if (!handle_rejects(sender, &rejects) || (failed && !call_again(&sender->queue, &err)))
            return false;
    }
    return true;
}

/* Nothing is read before it is known how large a message may be.  False: the stop came first. */
static bool learn_limits(struct sender *sender)
{
    struct seat *seat = &sender->queue;
    const struct sp_queue_ops *ops = seat->crew->stage->plugin->about.queue;
    struct sp_queue_limits limits = {.size = sizeof limits};
    struct sp_error err = {0};
    bool failed = ops->limits != NULL;
    while (failed) {
        int64_t deadline = call_begin(seat, 0);
        int rc = ops->limits(seat->handle, &limits, deadline, &err);
        failed = call_end(seat, rc, &err);
        if (failed && !call_again(seat, &err))
            return false;
    }
    ingest_set_limits(sender->ingest, &limits);
    return true;
}

void *sender_run(void *argument)
{
    struct sender *sender = argument;
    struct load load;
    log_name("sender");
    if (ingest_must_ask_limits(sender->ingest) && !learn_limits(sender))
        return NULL;
    while (take_load(sender, &load)) {
        struct parcel *first = load.parcels[0];
        if (!first->letters) {
            if (!send_messages(sender, &load))
                break;
        } else {
            if (!letters_store(sender->ingest->work, &sender->letters, first->letters, first->letter_count))
                break;
            ingest_mark_durable(sender->ingest, load.parcels, 1);
        }
    }
    return NULL;
}
