/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/queue.h"

#include <inttypes.h>

/* A file of many gigabytes is read from end to end. */
static const int64_t longest_ns = 24 * 3600 * SP_SECOND;

static const char *level_name(enum sp_level level)
{
    return level == SP_ERROR ? "error" : level == SP_WARN ? "warning" : "note";
}

/* ---- what is lost */

static void add_range(struct buffer *out, const char *file, const struct salvage_range *range)
{
    buffer_add_text(out, "  events of the source after ");
    cmd_add_escaped(out, sp_slice_of(range->from ? range->from : "the start"));
    buffer_add_text(out, ", up to ");
    cmd_add_escaped(out, sp_slice_of(range->to ? range->to : "the cursor"));
    if (!range->from) {
        buffer_add_text(out, "; read from the start again: scanpipe cursor set --to-start -c ");
        cmd_add_escaped(out, sp_slice_of(file));
    } else {
        buffer_add_text(out, "; send them again: scanpipe replay -c ");
        cmd_add_escaped(out, sp_slice_of(file));
        buffer_add_text(out, " --from ");
        cmd_add_escaped(out, sp_slice_of(range->from));
        buffer_add_text(out, " --to ");
        cmd_add_escaped(out, sp_slice_of(range->to ? range->to : "CURSOR"));
    }
    buffer_add_char(out, '\n');
}

void queue_add_loss(struct buffer *out, const char *file, const struct salvage_report *report)
{
    bool to_cursor = false;
    buffer_printf(out, "%" PRIu64 " message%s with %" PRIu64 " event%s can be read", report->messages,
                  cmd_plural(report->messages), report->events, cmd_plural(report->events));
    if (report->doubtful)
        buffer_printf(out, ", %" PRIu64 " of them perhaps not as they were sent", report->doubtful);
    if (report->lost)
        buffer_printf(out, "; %" PRIu64 " more cannot be read, or %s in which messages may be missing",
                      report->lost, report->lost == 1 ? "is a gap" : "are gaps");
    buffer_add_char(out, '\n');
    if (report->range_count > 0)
        buffer_add_text(out, "lost, or perhaps so:\n");
    for (size_t i = 0; i < report->range_count; i++) {
        add_range(out, file, &report->ranges[i]);
        to_cursor |= report->ranges[i].from && !report->ranges[i].to;
    }
    if (to_cursor)
        buffer_add_text(out, "  CURSOR is what 'scanpipe cursor show' says\n");
}

static void add_place_json(struct buffer *out, const char *name, const char *text)
{
    buffer_printf(out, "\"%s\":", name);
    if (text)
        buffer_add_json(out, sp_slice_of(text));
    else
        buffer_add_text(out, "null");
}

void queue_add_loss_json(struct buffer *out, const struct salvage_report *report)
{
    buffer_printf(out,
                  ",\"messages\":%" PRIu64 ",\"events\":%" PRIu64 ",\"doubtful\":%" PRIu64
                  ",\"lost\":%" PRIu64 ",\"ranges\":[",
                  report->messages, report->events, report->doubtful, report->lost);
    for (size_t i = 0; i < report->range_count; i++) {
        buffer_add_text(out, i ? ",{" : "{");
        add_place_json(out, "from", report->ranges[i].from);
        buffer_add_char(out, ',');
        add_place_json(out, "to", report->ranges[i].to);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
}

/* ---- check */

static int look(struct hand *hand, bool full, struct sp_arena *arena, struct sp_queue_health *health,
                struct sp_error *err)
{
    const struct sp_queue_ops *ops = hand->stage->plugin->about.queue;
    bool failed;
    do {
        *health = (struct sp_queue_health){.size = sizeof *health};
        failed = ops->check(hand->handle, full, arena, health, hand_begin_extra(hand, longest_ns), err) != 0;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    return 0;
}

static void add_text(struct buffer *out, const struct pipeline *pipeline,
                     const struct sp_queue_health *health, const struct salvage_report *loss)
{
    bool bad = health->damaged || health->doubtful;
    for (size_t i = 0; i < health->finding_count; i++) {
        buffer_printf(out, "%s: ", level_name(health->findings[i].level));
        cmd_add_escaped(out, sp_slice_of(health->findings[i].text));
        buffer_add_char(out, '\n');
    }
    buffer_printf(out, "the queue of %s is %s\n", pipeline->name,
                  health->damaged  ? "damaged"
                  : health->absent ? "not there yet"
                                   : "sound");
    if (health->absent && !bad)
        return;
    if (bad)
        queue_add_loss(out, pipeline->path, loss);
    else
        buffer_printf(out, "%" PRIu64 " message%s with %" PRIu64 " event%s\n", health->messages,
                      cmd_plural(health->messages), health->events, cmd_plural(health->events));
    if (health->damaged) {
        buffer_add_text(out, "see what a repair does: scanpipe queue repair -c ");
        cmd_add_escaped(out, sp_slice_of(pipeline->path));
        buffer_add_char(out, '\n');
    }
}

static void add_json(struct buffer *out, const char *pipeline, const struct sp_queue_health *health,
                     const struct salvage_report *loss)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    buffer_printf(out, ",\"damaged\":%s,\"absent\":%s,\"findings\":[", health->damaged ? "true" : "false",
                  health->absent ? "true" : "false");
    for (size_t i = 0; i < health->finding_count; i++) {
        buffer_printf(out, "%s{\"level\":\"%s\",\"text\":", i ? "," : "",
                      level_name(health->findings[i].level));
        buffer_add_json(out, sp_slice_of(health->findings[i].text));
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
    queue_add_loss_json(out, loss);
    buffer_add_text(out, "}\n");
}

int queue_do_check(const struct pipeline *pipeline, struct hand *hand,
                   const struct queue_options_given *given)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct sp_queue_health health;
    struct sp_error err = {0};
    int failed = look(hand, !given->quick, arena, &health, &err);
    struct salvage_report loss = {.messages = health.messages, .events = health.events};
    bool bad = health.damaged || health.doubtful;
    if (failed == 0 && bad)
        failed = salvage_run(pipeline, hand, NULL, NULL, arena, &loss, &err);
    if (failed != 0) {
        cmd_complain_error(&err);
        return EXIT_AWAY;
    }
    if (given->json)
        add_json(&out, pipeline->name, &health, &loss);
    else
        add_text(&out, pipeline, &health, &loss);
    if (!cmd_print(&out))
        return EXIT_AWAY;
    return bad ? EXIT_REJECTED : 0;
}

/* ---- repair */

static int repair(struct hand *hand, bool apply, struct sp_arena *arena, struct sp_queue_repair *out,
                  struct sp_error *err)
{
    const struct sp_queue_ops *ops = hand->stage->plugin->about.queue;
    bool failed;
    do {
        *out = (struct sp_queue_repair){.size = sizeof *out};
        failed = ops->repair(hand->handle, apply, arena, out, hand_begin_extra(hand, longest_ns), err) != 0;
    } while (failed && hand_again(hand, err));
    return failed ? -1 : 0;
}

/* Messages of a sound file may not be what was sent either. */
static int find_loss(const struct pipeline *pipeline, struct hand *hand, bool damaged, struct sp_arena *arena,
                     struct salvage_report *out, bool *absent_out, struct sp_error *err)
{
    struct sp_queue_health health = {0};
    if (!damaged && look(hand, true, arena, &health, err) != 0)
        return -1;
    *absent_out = health.absent;
    *out = (struct salvage_report){.messages = health.messages, .events = health.events};
    return damaged || health.doubtful ? salvage_run(pipeline, hand, NULL, NULL, arena, out, err) : 0;
}

static void add_steps(struct buffer *out, const struct pipeline *pipeline, const struct sp_queue_repair *made,
                      const struct salvage_report *loss, bool absent)
{
    if (!made->needed) {
        buffer_printf(out, "the queue of %s is %s: there is nothing to repair\n", pipeline->name,
                      absent ? "not there yet" : "sound");
        if (loss->doubtful)
            queue_add_loss(out, pipeline->path, loss);
        return;
    }
    buffer_add_text(out, made->applied ? "done:\n" : "a repair would:\n");
    for (size_t i = 0; i < made->step_count; i++) {
        buffer_add_text(out, "  - ");
        cmd_add_escaped(out, sp_slice_of(made->steps[i]));
        buffer_add_char(out, '\n');
    }
    queue_add_loss(out, pipeline->path, loss);
    if (!made->applied) {
        buffer_add_text(out, "nothing was changed; do it: scanpipe queue repair --apply -c ");
        cmd_add_escaped(out, sp_slice_of(pipeline->path));
        buffer_add_char(out, '\n');
    }
}

static void add_steps_json(struct buffer *out, const char *pipeline, const struct sp_queue_repair *made,
                           const struct salvage_report *loss)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    buffer_printf(out, ",\"needed\":%s,\"applied\":%s,\"steps\":[", made->needed ? "true" : "false",
                  made->applied ? "true" : "false");
    for (size_t i = 0; i < made->step_count; i++) {
        buffer_add_text(out, i ? "," : "");
        buffer_add_json(out, sp_slice_of(made->steps[i]));
    }
    buffer_add_char(out, ']');
    queue_add_loss_json(out, loss);
    buffer_add_text(out, "}\n");
}

int queue_do_repair(const struct pipeline *pipeline, struct hand *hand,
                    const struct queue_options_given *given)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct sp_queue_repair made = {0};
    struct salvage_report loss = {0};
    struct sp_error err = {0};
    bool absent = false;
    /* What is lost is only told by the damaged file. */
    int failed = repair(hand, false, arena, &made, &err);
    if (failed == 0)
        failed = find_loss(pipeline, hand, made.needed, arena, &loss, &absent, &err);
    if (failed == 0 && made.needed && given->apply)
        failed = repair(hand, true, arena, &made, &err);
    if (failed != 0) {
        cmd_complain_error(&err);
        return EXIT_AWAY;
    }
    if (given->json)
        add_steps_json(&out, pipeline->name, &made, &loss);
    else
        add_steps(&out, pipeline, &made, &loss, absent);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

bool queue_tell_nothing(const struct pipeline *pipeline, const struct queue_options_given *given, bool checks)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    const struct salvage_report loss = {0};
    fprintf(stderr, "the queue '%s' keeps no file that could break: there is nothing to do\n",
            pipeline->queue.plugin->about.name);
    if (given->json && checks)
        add_json(&out, pipeline->name, &(struct sp_queue_health){0}, &loss);
    else if (given->json)
        add_steps_json(&out, pipeline->name, &(struct sp_queue_repair){0}, &loss);
    return cmd_print(&out);
}
