/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/send.h"

#include "base/arena.h"
#include "engine/framing.h"
#include "engine/letter.h"
#include "engine/storing.h"

/* One send has at most so much. */
enum { AT_ONCE = 64, BYTES_AT_ONCE = 4 << 20 };

int sending_check(const struct pipeline *pipeline, const char *instead, struct sp_error *err)
{
    const struct plugin *queue = pipeline->queue.plugin;
    if (queue->capabilities.flags & SP_DURABLE)
        return 0;
    sp_fail(err, SP_REFUSED,
            "queue: '%s' ends with its process: what is sent into it from here would be lost",
            queue->about.name);
    return sp_fail_cure(err, "use a durable queue, as sqlite; or %s", instead);
}

int sending_open(struct sending *sending, const struct pipeline *pipeline, struct sp_error *err)
{
    *sending = (struct sending){.pipeline = pipeline};
    if (sending_check(pipeline, "move the cursor back with 'scanpipe cursor'", err) != 0)
        return -1;
    if (hand_open(&sending->queue, &pipeline->queue, err) != 0)
        return -1;
    return hand_limits(&sending->queue, &sending->limits, err);
}

void sending_close(struct sending *sending)
{
    hand_close(&sending->queue);
    hand_close(&sending->letters);
}

/* ---- letters */

static int store_some(struct storing *storing, struct hand *hand, struct sp_error *err)
{
    bool failed, again;
    do {
        failed = storing_put(storing, hand->handle, hand_begin(hand), &again, err) != 0;
    } while (failed && (again || hand_again(hand, err)));
    if (!failed)
        hand_well(hand);
    return failed ? -1 : 0;
}

int sending_bury(struct sending *sending, struct sp_letter *letters, size_t count, struct sp_error *err)
{
    struct storing storing;
    if (count > 0 && !sending->letters.stage &&
        hand_open(&sending->letters, &sending->pipeline->letters, err) != 0)
        return -1;
    storing_init(&storing, sending->pipeline);
    storing_complete(sending->pipeline, letters, count);
    for (size_t at = 0, some; at < count; at += some) {
        some = storing_take(&storing, letters + at, count - at);
        if (store_some(&storing, &sending->letters, err) != 0)
            return -1;
        sending->letters_stored += some;
    }
    return 0;
}

/* ---- messages */

struct load {
    struct sp_message messages[AT_ONCE];
    size_t count;
    struct sp_message rejected[AT_ONCE];
    const char *reasons[AT_ONCE];
    size_t rejected_count;
    struct sp_arena *arena;
};

static int sort_results(struct sending *sending, struct load *load, const struct sp_result *results,
                        struct sp_error *err)
{
    size_t left = 0;
    for (size_t i = 0; i < load->count; i++) {
        struct sp_message message = load->messages[i];
        const char *text = results[i].text ? results[i].text : "the queue did not take a message";
        if (results[i].class == SP_OK) {
            sending->messages++;
            sending->events += message.event_count;
        } else if (results[i].class == SP_REJECTED) {
            load->reasons[load->rejected_count] = sp_arena_text(load->arena, text, strlen(text));
            load->rejected[load->rejected_count++] = message;
        } else {
            sp_fail(err, results[i].class, "%s", text);
            load->messages[left++] = message;
        }
    }
    load->count = left;
    return left > 0 ? -1 : 0;
}

static int send_load(struct sending *sending, struct load *load, struct sp_error *err);

static int bury_event(struct sending *sending, const struct sp_message *message, const char *reason,
                      struct sp_error *err)
{
    struct sp_letter letter =
        letter_rejected_by_queue(message->body, sending->pipeline->queue.plugin->about.name, reason);
    return sending_bury(sending, &letter, 1, err);
}

static int send_apart(struct sending *sending, const struct sp_message *message, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct sp_received body = {.body = message->body,
                               .attributes = message->attributes,
                               .attribute_count = message->attribute_count};
    struct framing_reader events = framing_open(&body);
    for (struct sp_slice event; framing_next(&events, &event);) {
        struct load *alone = sp_arena_zalloc(arena, sizeof *alone);
        alone->arena = arena;
        alone->messages[0] = *message;
        alone->messages[0].body = event;
        alone->messages[0].event_count = 1;
        alone->count = 1;
        if (send_load(sending, alone, err) != 0)
            return -1;
    }
    return 0;
}

static int send_load(struct sending *sending, struct load *load, struct sp_error *err)
{
    struct hand *hand = &sending->queue;
    const struct sp_queue_ops *ops = hand->stage->plugin->about.queue;
    struct sp_result results[AT_ONCE];
    bool failed;
    do {
        memset(results, 0, sizeof results);
        failed = ops->send(hand->handle, load->messages, load->count, results, hand_begin(hand), err) != 0 ||
                 sort_results(sending, load, results, err) != 0;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    for (size_t i = 0; i < load->rejected_count; i++) {
        const struct sp_message *message = &load->rejected[i];
        bool alone = message->event_count <= 1;
        if ((alone ? bury_event(sending, message, load->reasons[i], err)
                   : send_apart(sending, message, err)) != 0)
            return -1;
    }
    return 0;
}

static bool fits(const struct sp_capabilities *can, size_t count, size_t bytes)
{
    size_t most = plugin_most(can->batch_messages, AT_ONCE);
    size_t most_bytes = plugin_most(can->batch_bytes, BYTES_AT_ONCE);
    return count <= most && (count == 1 || bytes <= most_bytes);
}

int sending_send(struct sending *sending, const struct sp_message *messages, size_t count,
                 struct sp_error *err)
{
    const struct sp_capabilities *can = &sending->pipeline->queue.plugin->capabilities;
    for (size_t at = 0; at < count;) {
        SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(1024);
        struct load load = {.arena = arena};
        size_t bytes = 0;
        while (at < count && load.count < AT_ONCE &&
               fits(can, load.count + 1, bytes + messages[at].body.size)) {
            bytes += messages[at].body.size;
            load.messages[load.count++] = messages[at++];
        }
        if (send_load(sending, &load, err) != 0)
            return -1;
    }
    return 0;
}
