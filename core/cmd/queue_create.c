/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/queue.h"

#include "base/arena.h"

/* One stage's queue; what it is and who may use it goes on to the next. */
static int create(const struct stage *stage, const struct sp_create *want, struct sp_arena *arena,
                  struct sp_created *created, struct sp_error *err)
{
    SP_AUTO(hand_close) struct hand hand = {0};
    if (hand_open(&hand, stage, err) != 0)
        return -1;
    bool failed;
    do {
        failed = stage->plugin->about.create(hand.handle, want, arena, created, hand_begin(&hand), err) != 0;
    } while (failed && hand_again(&hand, err));
    return failed ? -1 : 0;
}

static bool makes(const struct stage *stage)
{
    return stage->plugin && stage->plugin->about.create;
}

/* What became of both; what is not there makes nothing, or was not done. */
struct made {
    const struct stage *letters, *queue;
    struct sp_created of_letters, of_queue;
    const char *policy;
};

static int create_letters(const struct stage *stage, bool apply, struct sp_arena *arena, struct made *made,
                          struct sp_error *err)
{
    const struct sp_create want = {.size = sizeof want, .apply = apply};
    made->of_letters.size = sizeof made->of_letters;
    if (create(stage, &want, arena, &made->of_letters, err) != 0)
        return -1;
    made->letters = stage;
    made->policy = made->of_letters.policy;
    return 0;
}

static int create_queue(const struct pipeline *pipeline, bool apply, struct sp_arena *arena,
                        struct made *made, struct sp_error *err)
{
    const struct stage *stage = &pipeline->queue;
    bool same = made->letters && strcmp(made->letters->plugin->about.name, stage->plugin->about.name) == 0;
    const struct sp_create want = {.size = sizeof want,
                                   .apply = apply,
                                   .lease_ns = pipeline->queue_options.visibility_timeout_ns,
                                   .dead_letters = same ? made->of_letters.name : NULL,
                                   .policy = same ? made->of_letters.policy : NULL};
    made->of_queue.size = sizeof made->of_queue;
    if (create(stage, &want, arena, &made->of_queue, err) != 0)
        return -1;
    made->queue = stage;
    if (made->of_queue.policy)
        made->policy = made->of_queue.policy;
    return 0;
}

/* The queue for dead letters first: the other names it. */
static int create_all(const struct pipeline *pipeline, bool apply, struct sp_arena *arena, struct made *made,
                      struct sp_error *err)
{
    if (makes(&pipeline->letters) && create_letters(&pipeline->letters, apply, arena, made, err) != 0)
        return -1;
    return makes(&pipeline->queue) ? create_queue(pipeline, apply, arena, made, err) : 0;
}

static void add_steps(struct buffer *out, const struct stage *stage, const struct sp_created *created)
{
    if (!stage)
        return;
    if (created->step_count == 0)
        buffer_printf(out, "%s: it is there, as it should be\n", stage->name);
    for (size_t i = 0; i < created->step_count; i++) {
        buffer_printf(out, "%s: ", stage->name);
        cmd_add_escaped(out, sp_slice_of(created->steps[i]));
        buffer_add_char(out, '\n');
    }
}

static void add_text(struct buffer *out, const struct made *made)
{
    add_steps(out, made->letters, &made->of_letters);
    add_steps(out, made->queue, &made->of_queue);
    if (made->policy)
        buffer_printf(out, "what the pipeline must be allowed:\n%s\n", made->policy);
}

static void add_text_json(struct buffer *out, const char *text)
{
    if (text)
        buffer_add_json(out, sp_slice_of(text));
    else
        buffer_add_text(out, "null");
}

static void add_stage_json(struct buffer *out, const struct stage *stage, const struct sp_created *created)
{
    if (!stage)
        return;
    buffer_printf(out, "\"%s\":{\"name\":", stage->name);
    add_text_json(out, created->name);
    buffer_add_text(out, ",\"steps\":[");
    for (size_t i = 0; i < created->step_count; i++) {
        buffer_add_text(out, i ? "," : "");
        buffer_add_json(out, sp_slice_of(created->steps[i]));
    }
    buffer_add_text(out, "]},");
}

static void add_json(struct buffer *out, const struct made *made, bool apply)
{
    buffer_printf(out, "{\"applied\":%s,", apply ? "true" : "false");
    add_stage_json(out, made->letters, &made->of_letters);
    add_stage_json(out, made->queue, &made->of_queue);
    buffer_add_text(out, "\"policy\":");
    add_text_json(out, made->policy);
    buffer_add_text(out, "}\n");
}

int queue_do_create(const struct pipeline *pipeline, const struct queue_options_given *given)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct sp_error err = {0};
    struct made made = {.policy = NULL};
    if (!makes(&pipeline->letters) && !makes(&pipeline->queue))
        fprintf(stderr, "the queue '%s' needs nothing to be made for it\n",
                pipeline->queue.plugin->about.name);
    int rc = create_all(pipeline, !given->dry_run, arena, &made, &err);
    if (given->json)
        add_json(&out, &made, !given->dry_run);
    else
        add_text(&out, &made);
    bool printed = cmd_print(&out);
    if (rc == 0)
        return printed ? 0 : EXIT_AWAY;
    cmd_complain_error(&err);
    return EXIT_AWAY;
}
