/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/reload.h"

#include "base/buffer.h"
#include "base/log.h"
#include "engine/call.h"
#include "engine/place.h"

#include <errno.h>
#include <unistd.h>

static struct pipeline *refuse(struct pipeline *next, const struct sp_error *err)
{
    sp_log(SP_ERROR, "%s%s%s%s; going on as before", err->text, err->cure[0] ? " (" : "", err->cure,
           err->cure[0] ? ")" : "");
    pipeline_free(next);
    return NULL;
}

/* Plugins say what is wrong with their options when they are loaded; that opens nothing. */
static int try_load(const struct pipeline *pipeline, struct sp_error *err)
{
    const struct stage *stages[] = {&pipeline->source, &pipeline->queue, &pipeline->sink, &pipeline->state,
                                    &pipeline->letters};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        struct crew crew;
        int rc = crew_load(&crew, stages[i], err);
        crew_unload(&crew);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static struct pipeline *read_file(const char *path)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    struct diag *diag = diag_new(path, (struct sp_slice){0});
    struct pipeline *pipeline = pipeline_load(path, diag);
    diag_print(diag, &text);
    diag_free(diag);
    if (text.size > 0)
        log_lines(pipeline ? SP_WARN : SP_ERROR, buffer_text(&text));
    return pipeline;
}

/* The cursor is another feed's then; that may be a new name of the same one. */
static void compare_sources(const struct pipeline *now, const struct pipeline *next)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    const char *was = stage_place(&now->source, arena), *is = stage_place(&next->source, arena);
    if (now->source.plugin && next->source.plugin && strcmp(was, is) != 0)
        sp_log(SP_WARN, "the source is now '%s', and was '%s'; the cursor goes on from where it is", is, was);
}

struct pipeline *reload_read(const struct pipeline *now)
{
    struct sp_error err = {0};
    if (strcmp(now->path, "-") == 0) {
        sp_fail(&err, SP_REFUSED, "the pipeline was read from standard input, which comes once");
        return refuse(NULL, &err);
    }
    if (access(now->path, R_OK) != 0) {
        sp_fail(&err, SP_REFUSED, "cannot read %s: %s", now->path, strerror(errno));
        return refuse(NULL, &err);
    }
    struct pipeline *next = read_file(now->path);
    if (!next) {
        sp_log(SP_ERROR, "%s cannot be used as it is; going on as before", now->path);
        return NULL;
    }
    next->abandon = now->abandon;
    if (place_may_follow(now, next, &err) != 0 || try_load(next, &err) != 0)
        return refuse(next, &err);
    compare_sources(now, next);
    return next;
}
