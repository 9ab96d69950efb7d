/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/upkeep.h"

#include "engine/record_json.h"

#include <inttypes.h>

int upkeep_parse(struct sp_slice value, struct sp_arena *arena, struct upkeep *out, struct sp_error *err)
{
    struct upkeep upkeep = {0};
    if (value.size > 0) {
        SP_AUTO(json_put_at)
        json_object *root = json_tokener_parse(sp_arena_text(arena, value.data, value.size));
        if (!json_object_is_type(root, json_type_object)) {
            sp_fail(err, SP_REFUSED, "the state's record '" UPKEEP_RECORD "' is not one that scanpipe wrote");
            return sp_fail_cure(err, "restore it, or remove it");
        }
        upkeep.held = json_take_holder(root, &upkeep.holder);
        upkeep.done_wall_ms = json_number_in(root, "done_ms");
        upkeep.nonce = json_nonce_in(root, "nonce");
    }
    *out = upkeep;
    return 0;
}

struct sp_slice upkeep_format(const struct upkeep *upkeep, struct sp_arena *arena)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_printf(&text, "{\"done_ms\":%" PRId64 ",\"nonce\":", upkeep->done_wall_ms);
    json_add_nonce(&text, upkeep->nonce);
    buffer_add_text(&text, ",\"holder\":");
    json_add_holder(&text, upkeep->held ? &upkeep->holder : NULL);
    buffer_add_char(&text, '}');
    return sp_arena_copy(arena, (struct sp_slice){text.data, text.size});
}

bool upkeep_may_take(const struct upkeep *upkeep, const struct lease_watch *watch, const struct holder *self,
                     int64_t wall_ms, int64_t every_ns)
{
    if (watch->still_ns >= every_ns)
        return true;
    /* Somebody with our own identity who is not at work: our last write was not answered, or our pid was
     * used before. */
    if (upkeep->held)
        return holder_is(&upkeep->holder, self) || holder_gone(&upkeep->holder, self);
    int64_t since_ms = wall_ms - upkeep->done_wall_ms;
    return since_ms < 0 || since_ms >= every_ns / SP_MILLISECOND;
}
