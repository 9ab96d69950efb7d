/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/spot.h"

static const struct sp_source_ops *ops_of(const struct hand *source)
{
    return source->stage->plugin->about.source;
}

int spot_open(struct hand *source, const struct pipeline *pipeline, struct sp_error *err)
{
    if (!pipeline->source.plugin)
        return sp_fail(err, SP_REFUSED, "%s has no source, so it has no cursor", pipeline->path);
    return hand_open(source, &pipeline->source, err);
}

int spot_of(struct hand *source, const char *text, struct sp_arena *arena, struct sp_slice *out,
            struct sp_error *err)
{
    return ops_of(source)->cursor_of(source->handle, text, arena, out, err);
}

int spot_behind(struct hand *source, const char *text, struct sp_arena *arena, struct sp_slice *out,
                struct sp_error *err)
{
    if (!ops_of(source)->cursor_behind)
        return spot_of(source, text, arena, out, err);
    return ops_of(source)->cursor_behind(source->handle, text, arena, out, err);
}

const char *spot_text(struct hand *source, struct sp_slice cursor, struct sp_arena *arena)
{
    const char *text;
    struct sp_error err;
    if (cursor.size == 0)
        return "the start";
    if (!source->stage)
        return "a place that the file does not know, which names no source";
    if (ops_of(source)->text_of(source->handle, cursor, arena, &text, &err) != 0)
        return "a place that the source does not know";
    return text;
}

int spot_compare(struct hand *source, struct sp_slice a, struct sp_slice b)
{
    if (!source->stage)
        return (a.size > 0) - (b.size > 0);
    return ops_of(source)->compare(source->handle, a, b);
}
