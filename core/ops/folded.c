/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/folded.h"

#include "base/arena.h"
#include "engine/place.h"
#include "engine/record.h"
#include "ops/records.h"

bool folded_is_kept(const struct pipeline *pipeline)
{
    return pipeline->table && pipeline->state.plugin->capabilities.flags & SP_DURABLE;
}

int folded_read(struct hand *state, const struct pipeline *pipeline, struct sp_arena *arena,
                struct folded *out, struct sp_error *err)
{
    struct sp_slice stored;
    struct folded folded = {.change = TABLE_SAME, .what = ""};
    if (records_get(state, TABLE_RECORD, arena, &stored, &folded.version, err) != 0)
        return -1;
    if (folded.version > 0)
        folded.change = table_compare(pipeline->table, sp_arena_text(arena, stored.data, stored.size), arena,
                                      &folded.what);
    *out = folded;
    return 0;
}

int folded_check(const struct pipeline *pipeline, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    SP_AUTO(hand_close) struct hand state = {0};
    struct folded folded;
    if (!folded_is_kept(pipeline))
        return 0;
    if (records_open(&state, pipeline, err) != 0 || folded_read(&state, pipeline, arena, &folded, err) != 0)
        return -1;
    return folded.change == TABLE_REFUSED ? place_refuse_rules(pipeline, folded.what, err) : 0;
}
