/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/records.h"

int records_open(struct hand *hand, const struct pipeline *pipeline, struct sp_error *err)
{
    const struct plugin *state = pipeline->state.plugin;
    if (!(state->capabilities.flags & SP_DURABLE)) {
        sp_fail(err, SP_REFUSED, "state: '%s' keeps its records in the process that runs the pipeline",
                state->about.name);
        return sp_fail_cure(err, "stop that process, or use a state that outlives it, as sqlite");
    }
    return hand_open(hand, &pipeline->state, err);
}

int records_get(struct hand *hand, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                int64_t *version_out, struct sp_error *err)
{
    const struct sp_state_ops *ops = hand->stage->plugin->about.state;
    bool failed;
    do {
        *value_out = (struct sp_slice){NULL, 0};
        failed = ops->get(hand->handle, name, arena, value_out, version_out, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    return 0;
}

int records_put(struct hand *hand, const char *name, struct sp_slice value, int64_t expected,
                struct sp_arena *arena, bool *swapped_out, struct sp_error *err)
{
    const struct sp_state_ops *ops = hand->stage->plugin->about.state;
    struct sp_slice there;
    int64_t version;
    bool failed, doubtful = false;
    do {
        failed =
            ops->put(hand->handle, name, value, expected, swapped_out, &version, hand_begin(hand), err) != 0;
        doubtful |= failed;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    if (*swapped_out || !doubtful)
        return 0;
    /* One of the tries before may have got through. */
    if (records_get(hand, name, arena, &there, &version, err) != 0)
        return -1;
    *swapped_out = sp_slice_equal(there, value);
    return 0;
}
