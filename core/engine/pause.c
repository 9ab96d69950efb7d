/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pause.h"
#include "engine/record_json.h"

int pause_parse(struct sp_slice value, struct sp_arena *arena, struct pause *out, struct sp_error *err)
{
    *out = (struct pause){false, false};
    if (value.size == 0)
        return 0;
    SP_AUTO(json_put_at) json_object *root = json_parse(sp_arena_text(arena, value.data, value.size));
    if (!json_object_is_type(root, json_type_object)) {
        sp_fail(err, SP_REFUSED, "the state's record '" PAUSE_RECORD "' is not one that scanpipe wrote");
        return sp_fail_cure(err, "write it again with 'scanpipe resume'");
    }
    *out = (struct pause){.ingest = json_flag_in(root, "ingest"), .deliver = json_flag_in(root, "deliver")};
    return 0;
}

struct sp_slice pause_format(const struct pause *pause, struct sp_arena *arena)
{
    const char *text = sp_arena_printf(arena, "{\"ingest\":%s,\"deliver\":%s}",
                                       pause->ingest ? "true" : "false", pause->deliver ? "true" : "false");
    return sp_slice_of(text);
}
