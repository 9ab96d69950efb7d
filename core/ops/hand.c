/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/hand.h"

#include "base/clock.h"

/* Who waits for longer wonders what for.  What a stage waits for by itself, as for a lock, is only told by a
 * call that has ended: so until one has waited in vain, none may take longer. */
static const int64_t tell_after_ns = 2 * SP_SECOND;

static hand_teller *teller;

void hand_tell_with(hand_teller *tell)
{
    teller = tell;
}

int hand_open(struct hand *hand, const struct stage *stage, struct sp_error *err)
{
    const struct sp_plugin *about = &stage->plugin->about;
    *hand = (struct hand){.stage = stage};
    if (about->load(stage->config, &stage->about, &hand->loaded, err) != 0) {
        sp_error_context(err, "%s", stage->name);
        *hand = (struct hand){0};
        return -1;
    }
    if (about->open(hand->loaded, &hand->handle, err) != 0) {
        sp_error_context(err, "%s", stage->name);
        about->unload(hand->loaded);
        *hand = (struct hand){0};
        return -1;
    }
    return 0;
}

void hand_close(struct hand *hand)
{
    if (!hand->stage)
        return;
    hand->stage->plugin->about.close(hand->handle);
    hand->stage->plugin->about.unload(hand->loaded);
    *hand = (struct hand){0};
}

int64_t hand_begin_extra(struct hand *hand, int64_t extra_ns)
{
    int64_t now = sp_clock_now(), lasts = hand->stage->options.timeout_ns;
    if (!hand->patient && extra_ns == 0 && lasts > tell_after_ns)
        lasts = tell_after_ns;
    if (hand->failing_since == 0)
        hand->began = now;
    return now + lasts + extra_ns;
}

/* Once in a row of failures, and before the pause that makes it long. */
static void tell_waiting(struct hand *hand, const struct sp_error *err, int64_t now, int64_t pause)
{
    if (hand->told || now + pause - hand->began < tell_after_ns)
        return;
    hand->told = hand->patient = true;
    if (teller)
        teller(hand->stage->name, err, hand->failing_since + hand->stage->options.timeout_ns - now);
}

bool hand_again(struct hand *hand, struct sp_error *err)
{
    const struct stage_options *options = &hand->stage->options;
    bool passes = err->class == SP_UNAVAILABLE || err->class == SP_THROTTLED || err->class == SP_CONTENDED ||
                  err->class == SP_UNCERTAIN;
    int64_t now = sp_clock_now();
    if (hand->failing_since == 0)
        hand->failing_since = now;
    int64_t pause = retry_pause(&hand->retry, &options->retry, err, sp_random());
    if (passes && now + pause - hand->failing_since <= options->timeout_ns) {
        tell_waiting(hand, err, now, pause);
        clock_sleep(pause);
        return true;
    }
    sp_error_context(err, "%s", hand->stage->name);
    return false;
}

int hand_limits(struct hand *queue, struct sp_queue_limits *out, struct sp_error *err)
{
    const struct sp_queue_ops *ops = queue->stage->plugin->about.queue;
    *out = (struct sp_queue_limits){.size = sizeof *out};
    if (!ops->limits)
        return 0;
    bool failed;
    do {
        failed = ops->limits(queue->handle, out, hand_begin(queue), err) != 0;
    } while (failed && hand_again(queue, err));
    if (!failed)
        hand_well(queue);
    return failed ? -1 : 0;
}

void hand_well(struct hand *hand)
{
    hand->retry.failures = 0;
    hand->failing_since = 0;
    hand->told = false;
}
