/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/salvage.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "engine/framing.h"
#include "ops/spot.h"

/* A call looks at one page, or at eight megabytes; a file may take minutes to be looked through before. */
enum { AT_ONCE = 200 };
static const int64_t first_look_ns = 3600 * SP_SECOND;

struct salvaging {
    struct salvage_report *report;
    struct sp_arena *arena;
    struct buffer at;     /* the last place that a message named; empty: none yet */
    struct buffer behind; /* that of the first whole message behind the last gap; empty: none yet */
    bool open;            /* the last range has no end yet */
};

static const char *copy(struct salvaging *salvaging, struct sp_slice text)
{
    return text.size ? sp_arena_text(salvaging->arena, text.data, text.size) : NULL;
}

static struct sp_slice place_of_message(const struct sp_salvaged *message)
{
    struct sp_received received = {.attributes = message->attributes,
                                   .attribute_count = message->attribute_count};
    return framing_attribute(&received, FRAMING_CURSOR);
}

/* A range goes on while nothing behind it is whole. */
static void begin_range(struct salvaging *salvaging, struct sp_slice from)
{
    struct salvage_report *report = salvaging->report;
    buffer_clear(&salvaging->behind);
    if (salvaging->open)
        return;
    salvaging->open = true;
    if (report->range_count < SALVAGE_RANGES)
        report->ranges[report->range_count++] = (struct salvage_range){.from = copy(salvaging, from)};
    else /* one as wide as all that come */
        report->ranges[SALVAGE_RANGES - 1].to = NULL;
}

/* A page is several messages, and the first whole one behind a gap need not be the first of its page: so the
 * range goes to where the next page begins. */
static void end_range(struct salvaging *salvaging, struct sp_slice at)
{
    struct salvage_report *report = salvaging->report;
    struct sp_slice behind = {salvaging->behind.data, salvaging->behind.size};
    if (!salvaging->open || !at.size || sp_slice_equal(at, behind))
        return;
    if (!behind.size) {
        buffer_add(&salvaging->behind, at.data, at.size);
        return;
    }
    report->ranges[report->range_count - 1].to = copy(salvaging, at);
    salvaging->open = false;
}

static void note(struct salvaging *salvaging, const struct sp_salvaged *message)
{
    struct salvage_report *report = salvaging->report;
    struct sp_slice at = place_of_message(message), last = {salvaging->at.data, salvaging->at.size};
    bool good = message->outcome == SP_SALVAGE_WHOLE;
    report->lost += message->outcome == SP_SALVAGE_LOST;
    report->doubtful += message->outcome == SP_SALVAGE_DOUBTFUL;
    if (message->outcome != SP_SALVAGE_LOST) {
        report->messages++;
        report->events += message->event_count;
    }
    if (good)
        end_range(salvaging, at);
    else
        begin_range(salvaging, at.size ? at : last);
    if (at.size) {
        buffer_clear(&salvaging->at);
        buffer_add(&salvaging->at, at.data, at.size);
    }
}

static int take_some(struct hand *queue, struct buffer *after, struct sp_arena *arena,
                     const struct sp_salvaged **messages, size_t *count, struct sp_error *err)
{
    const struct sp_queue_ops *ops = queue->stage->plugin->about.queue;
    struct sp_slice next = {0};
    bool failed;
    do {
        arena_reset(arena, (size_t)16 << 20);
        failed = ops->salvage(queue->handle, (struct sp_slice){after->data, after->size}, AT_ONCE, arena,
                              messages, count, &next, hand_begin_extra(queue, first_look_ns), err) != 0;
    } while (failed && hand_again(queue, err));
    if (failed)
        return -1;
    hand_well(queue);
    buffer_clear(after);
    buffer_add(after, next.data, next.size);
    return 0;
}

/* Where the cursor was moved back, or a range was sent again, messages do not lie in the order of the source.
 * What is lost between two of them that stand the wrong way round may be anything. */
static void widen_ranges(const struct pipeline *pipeline, struct salvage_report *report)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(1024);
    SP_AUTO(hand_close) struct hand source = {0};
    struct sp_error ignored;
    if (!pipeline->source.plugin || spot_open(&source, pipeline, &ignored) != 0)
        return;
    for (size_t i = 0; i < report->range_count; i++) {
        struct salvage_range *range = &report->ranges[i];
        struct sp_slice from, to;
        if (range->from && range->to && spot_of(&source, range->from, arena, &from, &ignored) == 0 &&
            spot_of(&source, range->to, arena, &to, &ignored) == 0 && spot_compare(&source, from, to) > 0)
            *range = (struct salvage_range){NULL, NULL};
    }
}

int salvage_run(const struct pipeline *pipeline, struct hand *queue, salvage_take *take, void *context,
                struct sp_arena *arena, struct salvage_report *out, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *scratch = arena_new(65536);
    SP_AUTO(buffer_fini) struct buffer after = {0};
    struct salvaging salvaging = {.report = out, .arena = arena};
    int result = 0;
    *out = (struct salvage_report){0};
    do {
        const struct sp_salvaged *messages = NULL;
        size_t count = 0;
        result = take_some(queue, &after, scratch, &messages, &count, err);
        for (size_t i = 0; i < count && result == 0; i++) {
            note(&salvaging, &messages[i]);
            if (take && !take(context, &messages[i]))
                result = sp_fail(err, SP_STOPPED, "not all messages could be taken");
        }
    } while (result == 0 && after.size > 0);
    widen_ranges(pipeline, out);
    buffer_fini(&salvaging.at);
    buffer_fini(&salvaging.behind);
    return result;
}
