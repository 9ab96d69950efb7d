/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/folded.h"

#include "base/arena.h"
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
