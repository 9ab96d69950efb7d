/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/online.h"

#include "base/arena.h"
#include "engine/place.h"
#include "ops/folded.h"
#include "ops/records.h"

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

/* The misfits of the sink's table as findings, each with its cure.  What the pipeline makes when it runs need
 * not be there before.  -1: it is not known. */
static int compare(struct hand *hand, const struct pipeline *pipeline, struct sp_arena *arena,
                   struct answer *out, struct sp_error *err)
{
    const struct sp_sink_ops *ops = hand->stage->plugin->about.sink;
    const struct sp_misfit *misfits = NULL;
    size_t count = 0;
    bool failed;
    do {
        failed = ops->compare(hand->handle, arena, &misfits, &count, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    struct sp_finding *findings = sp_arena_zalloc(arena, (count + 1) * sizeof *findings);
    for (size_t i = 0; !failed && i < count; i++) {
        bool comes = misfits[i].migrates && pipeline->sink_options.migrate;
        findings[i].level = comes ? SP_INFO : SP_ERROR;
        findings[i].text = comes ? sp_arena_printf(arena, "%s yet: the pipeline makes it", misfits[i].text)
                                 : sp_arena_printf(arena, "%s; %s", misfits[i].text, misfits[i].cure);
    }
    *out = (struct answer){findings, failed ? 0 : count};
    return failed ? -1 : 0;
}

static bool compares(const struct stage *stage, const struct pipeline *pipeline)
{
    return stage == &pipeline->sink && pipeline->table && stage->plugin->about.sink->compare;
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

/* Does the sink's table fit?  Why it does not says more than what the probe says of that. */
static bool look_at_table(struct hand *hand, const struct pipeline *pipeline, struct sp_arena *arena,
                          struct answer *answer, bool well, struct sp_error *err)
{
    struct sp_error unsaid = {0};
    if (!well && err->class != SP_REFUSED)
        return false;
    if (compare(hand, pipeline, arena, answer, well ? err : &unsaid) != 0)
        return false;
    return well || answer->count > 0;
}

static bool look_at(struct buffer *out, const struct pipeline *pipeline, const struct stage *stage)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    SP_AUTO(hand_close) struct hand hand = {0};
    struct sp_error err = {0}, unsaid = {0};
    struct answer answer = {0};
    bool opened = hand_open(&hand, stage, &err) == 0;
    bool well = opened && probe(&hand, &err) == 0;
    if (opened)
        hand_well(&hand);
    if (opened && compares(stage, pipeline)) {
        well = look_at_table(&hand, pipeline, arena, &answer, well, &err);
    } else if (opened) {
        bool told = survey(&hand, arena, &answer, well ? &err : &unsaid) == 0;
        well = well && told;
    }
    buffer_printf(out, "  %-13s %s\n", stage->name, well ? "answers" : sp_class_name(err.class));
    if (!well)
        cmd_complain_error(&err);
    return add_findings(out, &answer) && well;
}

/* What a pipeline would be told of its table's rules; nothing where they are as they were. */
static struct answer judge_rules(const struct pipeline *pipeline, const struct folded *folded,
                                 struct sp_arena *arena)
{
    struct sp_finding *finding = sp_arena_zalloc(arena, sizeof *finding);
    struct sp_error err = {0};
    if (folded->change == TABLE_SAME)
        return (struct answer){NULL, 0};
    finding->level = SP_WARN;
    if (folded->change == TABLE_NEW_COLUMNS) {
        finding->text = sp_arena_printf(arena, "the table has changed: %s; reading the source again fills it",
                                        folded->what);
    } else {
        (void)place_refuse_rules(pipeline, folded->what, &err);
        finding->level = SP_ERROR;
        finding->text = sp_arena_printf(arena, "%s; %s", err.text, err.cure);
    }
    return (struct answer){finding, 1};
}

/* Was the table folded by the rules of the file?  For when the state answers. */
static bool look_at_rules(struct buffer *out, const struct pipeline *pipeline)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    SP_AUTO(hand_close) struct hand state = {0};
    struct sp_error err = {0};
    struct folded folded;
    if (records_open(&state, pipeline, &err) != 0 ||
        folded_read(&state, pipeline, arena, &folded, &err) != 0) {
        buffer_printf(out, "  %-13s %s\n", pipeline->state.name, sp_class_name(err.class));
        cmd_complain_error(&err);
        return false;
    }
    struct answer answer = judge_rules(pipeline, &folded, arena);
    if (answer.count > 0)
        buffer_printf(out, "  %-13s %s\n", "table",
                      folded.change == TABLE_REFUSED ? "has other rules" : "has changed");
    return add_findings(out, &answer);
}

bool online_look(struct buffer *out, const struct pipeline *pipeline)
{
    const struct stage *stages[] = {&pipeline->source, &pipeline->queue, &pipeline->sink, &pipeline->state,
                                    &pipeline->letters};
    bool well = true, state_answers = false;
    buffer_add_text(out, "online\n");
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        if (!stages[i]->plugin)
            continue;
        bool answers = look_at(out, pipeline, stages[i]);
        state_answers |= answers && stages[i] == &pipeline->state;
        well = well && answers;
    }
    if (state_answers && folded_is_kept(pipeline))
        well = look_at_rules(out, pipeline) && well;
    return well;
}
