/* SPDX-License-Identifier: Apache-2.0 */
/* The description of the plugin, its life, and what is said of cursors.  Reading is in read.c. */
#include <config.h>

#include "read.h"

#include <scanpipe/plugin.h>

#include <inttypes.h>
#include <stdlib.h>

static int scanapi_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage;
    if (http_init(err) != 0)
        return -1;
    *loaded = (void *)(uintptr_t)config;
    return 0;
}

static void scanapi_unload(void *loaded)
{
    (void)loaded;
    http_fini();
}

static void scanapi_close(void *opened)
{
    struct handle *handle = opened;
    feed_free(handle->feed);
    narrow_reset(&handle->narrow);
    free(handle->repeats);
    free(handle);
}

static int scanapi_open(void *loaded, void **out, struct sp_error *err)
{
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    handle->config = loaded;
    handle->repeats = calloc(1, sizeof *handle->repeats);
    if (!handle->repeats)
        (void)sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    else if (feed_new(handle->config, &handle->feed, err) == 0) {
        *out = handle;
        return 0;
    }
    scanapi_close(handle);
    return -1;
}

static int scanapi_probe(void *opened, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = opened;
    struct feed_answer answer;
    if (feed_get(handle->feed, handle->config->start, 1, NULL, &answer, deadline, err) != FEED_PAGE)
        return -1;
    if (answer.markup)
        return sp_fail(err, SP_UNAVAILABLE, "this is not the feed: it %s", feed_describe(handle->feed));
    return 0;
}

static void scanapi_interrupt(void *opened)
{
    struct handle *handle = opened;
    feed_interrupt(handle->feed);
}

static int scanapi_read(void *opened, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                        struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    return read_page(opened, cursor, until, arena, page, deadline, err);
}

static int parse_id(const char *text, int64_t *out, struct sp_error *err)
{
    int64_t id = 0;
    for (const char *at = text; *at; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(id, 10, &id) ||
            __builtin_add_overflow(id, *at - '0', &id)) {
            sp_fail(err, SP_REJECTED, "\"%s\" is not the id of an event", text);
            return sp_fail_cure(err, "an id is a number, as 4711");
        }
    if (!*text)
        return sp_fail(err, SP_REJECTED, "the id of an event is missing");
    *out = id;
    return 0;
}

/* A person names the first event to read. */
static int scanapi_cursor_of(void *opened, const char *text, struct sp_arena *arena, struct sp_slice *out,
                             struct sp_error *err)
{
    (void)opened;
    struct cursor cursor = {0};
    if (parse_id(text, &cursor.id, err) != 0)
        return -1;
    *out = cursor_text(&cursor, arena);
    return 0;
}

/* Or the last one. */
static int scanapi_cursor_behind(void *opened, const char *text, struct sp_arena *arena, struct sp_slice *out,
                                 struct sp_error *err)
{
    (void)opened;
    struct cursor cursor = {.seen = true};
    if (parse_id(text, &cursor.id, err) != 0)
        return -1;
    *out = cursor_text(&cursor, arena);
    return 0;
}

static int scanapi_text_of(void *opened, struct sp_slice text, struct sp_arena *arena, const char **out,
                           struct sp_error *err)
{
    const struct handle *handle = opened;
    struct cursor cursor;
    if (read_cursor(handle->config, text, &cursor) != 0)
        return sp_fail(err, SP_REJECTED, "this is no cursor of scanapi");
    *out = sp_arena_printf(arena, "%" PRId64, cursor.id);
    return 0;
}

static int scanapi_compare(void *opened, struct sp_slice a, struct sp_slice b)
{
    const struct handle *handle = opened;
    struct cursor first = {0}, second = {0};
    if (read_cursor(handle->config, a, &first) != 0 || read_cursor(handle->config, b, &second) != 0)
        return 0;
    uint64_t x = cursor_next(&first), y = cursor_next(&second);
    return (x > y) - (x < y);
}

static const struct sp_source_ops scanapi_ops = {.size = sizeof scanapi_ops,
                                                 .read = scanapi_read,
                                                 .cursor_of = scanapi_cursor_of,
                                                 .text_of = scanapi_text_of,
                                                 .compare = scanapi_compare,
                                                 .cursor_behind = scanapi_cursor_behind};
static const struct sp_capabilities scanapi_can = {.size = sizeof scanapi_can};

static const struct sp_plugin scanapi_source = {SP_PLUGIN_HEAD,
                                                .kind = SP_SOURCE,
                                                .name = "scanapi",
                                                .version = PACKAGE_VERSION,
                                                .summary = "reads a feed of events over HTTP, page by page",
                                                .capabilities = &scanapi_can,
                                                .options = scanapi_options,
                                                .option_count = SCANAPI_OPTIONS,
                                                .config_size = sizeof(struct scanapi_config),
                                                .check = scanapi_check,
                                                .load = scanapi_load,
                                                .unload = scanapi_unload,
                                                .open = scanapi_open,
                                                .close = scanapi_close,
                                                .probe = scanapi_probe,
                                                .interrupt = scanapi_interrupt,
                                                .source = &scanapi_ops};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&scanapi_source, NULL};
    return plugins;
}
