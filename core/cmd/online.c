/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/online.h"

#include "base/arena.h"
#include "ops/hand.h"

struct answer {
    const struct sp_finding *findings;
    size_t count;
};

static int probe(struct hand *hand, struct sp_error *err)
{
    bool failed;
    do {
        failed = hand->stage->plugin->about.probe(hand->handle, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    return failed ? -1 : 0;
}

/* What can be told of a stage that does not answer is told as well: why it does not may follow from it. */
static int survey(struct hand *hand, struct sp_arena *arena, struct answer *out, struct sp_error *err)
{
    const struct sp_plugin *about = &hand->stage->plugin->about;
    if (!about->survey)
        return 0;
    bool failed;
    do {
        failed = about->survey(hand->handle, arena, &out->findings, &out->count, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    return failed ? -1 : 0;
}

/* A table that the pipeline makes when it runs need not be there before. */
static bool makes_its_table(struct hand *hand, const struct pipeline *pipeline, struct sp_arena *arena)
{
    const struct sp_sink_ops *ops = hand->stage->plugin->about.sink;
    struct sp_error ignored = {0};
    const char *plan = NULL;
    return hand->stage == &pipeline->sink && pipeline->sink_options.migrate && ops->migrate &&
           ops->migrate(hand->handle, SP_MIGRATE_DRY_RUN, arena, &plan, hand_begin(hand), &ignored) == 0 &&
           plan && *plan;
}

static bool add_findings(struct buffer *out, const struct answer *answer)
{
    bool well = true;
    for (size_t i = 0; i < answer->count; i++) {
        const struct sp_finding *finding = &answer->findings[i];
        well = well && finding->level != SP_ERROR;
        buffer_add_text(out, finding->level == SP_ERROR  ? "    error: "
                             : finding->level == SP_WARN ? "    warning: "
                                                         : "    ");
        cmd_add_escaped(out, sp_slice_of(finding->text));
        buffer_add_char(out, '\n');
    }
    return well;
}

static bool look_at(struct buffer *out, const struct pipeline *pipeline, const struct stage *stage)
{
    static const struct sp_finding to_come = {SP_INFO, "its table is not there yet: the pipeline makes it"};
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    SP_AUTO(hand_close) struct hand hand = {0};
    struct sp_error err = {0}, unsaid = {0};
    struct answer answer = {0};
    bool opened = hand_open(&hand, stage, &err) == 0;
    bool well = opened && probe(&hand, &err) == 0;
    if (opened && !well && makes_its_table(&hand, pipeline, arena)) {
        answer = (struct answer){&to_come, 1};
        well = true;
    } else if (opened) {
        hand_well(&hand);
        bool told = survey(&hand, arena, &answer, well ? &err : &unsaid) == 0;
        well = well && told;
    }
    buffer_printf(out, "  %-13s %s\n", stage->name, well ? "answers" : sp_class_name(err.class));
    if (!well)
        cmd_complain_error(&err);
    return add_findings(out, &answer) && well;
}

bool online_look(struct buffer *out, const struct pipeline *pipeline)
{
    const struct stage *stages[] = {&pipeline->source, &pipeline->queue, &pipeline->sink, &pipeline->state,
                                    &pipeline->letters};
    bool well = true;
    buffer_add_text(out, "online\n");
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i]->plugin)
            well = look_at(out, pipeline, stages[i]) && well;
    return well;
}
