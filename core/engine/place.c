/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "config/secret.h"
#include "engine/place.h"

#include <limits.h>
#include <unistd.h>

/* "http://user:password@host" without what stands before the host. */
static void add_without_user(struct buffer *out, const char *text, size_t size)
{
    const char *host = memmem(text, size, "://", 3);
    if (host) {
        host += 3;
        size_t rest = size - (size_t)(host - text), authority = 0;
        while (authority < rest && host[authority] != '/')
            authority++;
        const char *at = memrchr(host, '@', authority);
        buffer_add(out, text, (size_t)(host - text));
        size -= (size_t)(host - text);
        text = host;
        if (at) {
            size -= (size_t)(at + 1 - text);
            text = at + 1;
        }
    }
    buffer_add(out, text, size);
}

/* Whether "PWD=x" holds what nobody should see. */
static bool is_secret_pair(const char *text, size_t size)
{
    SP_AUTO(buffer_fini) struct buffer key = {0};
    const char *equals = memchr(text, '=', size);
    if (!equals)
        return false;
    buffer_add(&key, text, (size_t)(equals - text));
    return secret_name(buffer_text(&key));
}

/* How long "PWD=x" is, of several with ';' between.  In braces stands any text; a brace of it stands twice,
 * or, as some drivers want it, once. */
static size_t pair_size(const char *text)
{
    size_t size = strcspn(text, ";");
    const char *at = memchr(text, '=', size);
    if (!at || at[1 + strspn(at + 1, " ")] != '{')
        return size;
    while (*at) {
        size_t braces = strspn(at, "}");
        at += braces;
        if (braces % 2 && (*at == ';' || !*at))
            break;
        at += *at != '\0';
    }
    return (size_t)(at - text);
}

/* "Server=db;PWD=x" without its secret parts. */
static void add_shown(struct buffer *out, const char *text)
{
    for (bool first = true; *text; text += *text == ';') {
        size_t size = pair_size(text);
        if (!is_secret_pair(text, size)) {
            if (!first)
                buffer_add_char(out, ';');
            add_without_user(out, text, size);
            first = false;
        }
        text += size;
    }
}

/* A file in the working directory is another one in another. */
static void add_file(struct buffer *out, const char *path)
{
    char folder[PATH_MAX];
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    if (*path != '/' && getcwd(folder, sizeof folder))
        buffer_printf(out, "%s/", folder);
    buffer_add_text(out, path);
}

static bool says_where(const struct sp_option *option)
{
    return option->flags & SP_OPT_PLACE && option->type == SP_OPT_STRING;
}

const char *stage_place(const struct stage *stage, struct sp_arena *arena)
{
    if (!stage->plugin)
        return "none";
    SP_AUTO(buffer_fini) struct buffer out = {0};
    const struct sp_plugin *about = &stage->plugin->about;
    bool local = stage->plugin->capabilities.flags & SP_LOCAL;
    buffer_add_text(&out, about->name);
    for (size_t i = 0; i < about->option_count; i++) {
        const struct sp_option *option = &about->options[i];
        if (!says_where(option))
            continue;
        const char *value = *(const char *const *)((const char *)stage->config + option->offset);
        buffer_printf(&out, " %s=", option->name);
        if (value && local && strcmp(option->name, "path") == 0)
            add_file(&out, value);
        else if (value)
            add_shown(&out, value);
    }
    return sp_arena_text(arena, buffer_text(&out), out.size);
}

const char *stage_file(const struct stage *stage)
{
    const uint32_t wanted = SP_DURABLE | SP_LOCAL;
    const struct sp_plugin *about = stage->plugin ? &stage->plugin->about : NULL;
    if (!about || (stage->plugin->capabilities.flags & wanted) != wanted)
        return NULL;
    for (size_t i = 0; i < about->option_count; i++)
        if (says_where(&about->options[i]) && strcmp(about->options[i].name, "path") == 0)
            return *(const char *const *)((const char *)stage->config + about->options[i].offset);
    return NULL;
}

/* What comes through a pipe comes once. */
static bool is_stream(const struct stage *stage)
{
    const struct sp_plugin *about = stage->plugin ? &stage->plugin->about : NULL;
    for (size_t i = 0; about && i < about->option_count; i++) {
        const char *const *value =
            (const char *const *)((const char *)stage->config + about->options[i].offset);
        if (says_where(&about->options[i]) && *value && strcmp(*value, "-") == 0)
            return true;
    }
    return false;
}

static bool keeps_what_it_has(const struct stage *stage)
{
    return !stage->plugin || stage->plugin->capabilities.flags & SP_DURABLE;
}

static int can_start_again(const struct pipeline *now, struct sp_error *err)
{
    const struct stage *stages[] = {&now->queue, &now->letters};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (!keeps_what_it_has(stages[i])) {
            sp_fail(err, SP_REFUSED, "the %s '%s' would lose what it holds", stages[i]->name,
                    stages[i]->plugin->about.name);
            return sp_fail_cure(err, "let it run empty, stop it and start it again");
        }
    if (is_stream(&now->source)) {
        sp_fail(err, SP_REFUSED, "the source reads standard input, which comes once");
        return sp_fail_cure(err, "stop it and start it again");
    }
    return 0;
}

static int same_queue(const struct pipeline *now, const struct pipeline *next, struct sp_arena *arena,
                      struct sp_error *err)
{
    const char *was = stage_place(&now->queue, arena), *is = stage_place(&next->queue, arena);
    if (strcmp(was, is) == 0)
        return 0;
    sp_fail(err, SP_REFUSED, "the queue is now '%s', and was '%s', which may hold events", is, was);
    return sp_fail_cure(err, "put it back; or stop, and start with --abandon, which leaves what it holds");
}

static int same_state(const struct pipeline *now, const struct pipeline *next, struct sp_arena *arena,
                      struct sp_error *err)
{
    const char *was = stage_place(&now->state, arena), *is = stage_place(&next->state, arena);
    if (strcmp(was, is) == 0)
        return 0;
    sp_fail(err, SP_REFUSED, "the state is now '%s', and was '%s', which has the cursor", is, was);
    return sp_fail_cure(err, "put it back; or stop and start, to go on from the cursor that is there");
}

static int same_rules(const struct pipeline *now, const struct pipeline *next, struct sp_arena *arena,
                      struct sp_error *err)
{
    const char *what = NULL;
    if (!now->table || !next->table ||
        table_compare(next->table, table_fingerprint(now->table, arena), arena, &what) != TABLE_REFUSED)
        return 0;
    return place_refuse_rules(next, what, err);
}

static int may_follow(const struct pipeline *now, const struct pipeline *next, struct sp_arena *arena,
                      struct sp_error *err)
{
    if (can_start_again(now, err) != 0)
        return -1;
    if (strcmp(now->name, next->name) != 0) {
        sp_fail(err, SP_REFUSED, "the pipeline is now called '%s', and was '%s'", next->name, now->name);
        return sp_fail_cure(err, "put the name back; or stop, and start it as another pipeline");
    }
    return same_queue(now, next, arena, err) || same_state(now, next, arena, err) ||
                   same_rules(now, next, arena, err)
               ? -1
               : 0;
}

int place_may_follow(const struct pipeline *now, const struct pipeline *next, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    return may_follow(now, next, arena, err);
}

int place_refuse_rules(const struct pipeline *pipeline, const char *what, struct sp_error *err)
{
    const struct plugin *sink = pipeline->sink.plugin;
    sp_fail(err, SP_REFUSED, "the table's rules are not those it was folded by: %s", what);
    if (sink && !sink->about.sink->rebuild)
        return sp_fail_cure(
            err,
            "put the block back; or begin as another pipeline, with its own name, queue and sink: '%s' "
            "cannot make a table afresh",
            sink->about.name);
    return sp_fail_cure(
        err, "put the block back; or stop all, and make the table afresh%s: scanpipe migrate --rebuild",
        sink ? "" : " with the file that has the sink");
}

int place_queue_is_same(const char *then, const char *now, struct sp_error *err)
{
    if (!then || strcmp(then, now) == 0)
        return 0;
    sp_fail(err, SP_REFUSED, "the cursor stands for what the queue '%s' was sent, and the queue is now '%s'",
            then, now);
    return sp_fail_cure(err, "put it back; or start with --abandon, which leaves what the old queue holds");
}
