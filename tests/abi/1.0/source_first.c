/* SPDX-License-Identifier: Apache-2.0 */
/* A source that reads events from a file that grows, a line each. */
#include <scanpipe/json.h>
#include <scanpipe/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Filled from the pipeline's file, as the table says. */
struct config {
    const char *path;
    int64_t page_bytes, poll_interval;
};

static const struct sp_option options[] = {
    {.name = "path", .type = SP_OPT_STRING, .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,
     .offset = offsetof(struct config, path), .doc = "file to read"},
    {.name = "page_bytes", .type = SP_OPT_SIZE, .min = 64, .max = 1 << 30, .default_text = "1MiB",
     .offset = offsetof(struct config, page_bytes), .doc = "bytes of a page; a longer line is no event"},
    {.name = "poll_interval", .type = SP_OPT_DURATION, .min = SP_MILLISECOND, .max = 86400 * SP_SECOND,
     .default_text = "1s", .offset = offsetof(struct config, poll_interval),
     .doc = "how often to look for more at the end"},
};

/* All that is shared is constant, and a file is opened for each page: the configuration is the handle too. */
static int source_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage, (void)err;
    *loaded = (void *)config;
    return 0;
}

static int source_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)err;
    *handle = loaded;
    return 0;
}

/* Nothing was made, and no call waits for anybody. */
static void source_nothing(void *loaded_or_handle)
{
    (void)loaded_or_handle;
}

/* A cursor is the number of bytes that were read, in digits, for the core and for people. */
static bool place_of(struct sp_slice text, int64_t *place)
{
    *place = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i > 17)
            return false;
        *place = *place * 10 + (text.data[i] - '0');
    }
    return true;
}

static int source_cursor_of(void *handle, const char *text, struct sp_arena *arena, struct sp_slice *out,
                            struct sp_error *err)
{
    (void)handle;
    int64_t place;
    if (!*text || !place_of(sp_slice_of(text), &place))
        return sp_fail(err, SP_REJECTED, "\"%s\" is no place: write how many bytes to pass over", text);
    *out = sp_slice_of(sp_arena_printf(arena, "%lld", (long long)place));
    return 0;
}

static int source_text_of(void *handle, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                          struct sp_error *err)
{
    (void)handle;
    int64_t place;
    if (!place_of(cursor, &place))
        return sp_fail(err, SP_REJECTED, "that is no cursor of this source");
    *out = sp_arena_printf(arena, "%lld", (long long)place);
    return 0;
}

static int source_compare(void *handle, struct sp_slice a, struct sp_slice b)
{
    (void)handle;
    int64_t place_a, place_b;
    place_of(a, &place_a);
    place_of(b, &place_b);
    return (place_a > place_b) - (place_a < place_b);
}

/* As much as there is, from `place` on; the class says what the core does: it waits, or tells a person. */
static int read_bytes(const struct config *config, int64_t place, char *data, size_t *size,
                      struct sp_error *err)
{
    int fd = open(config->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : pread(fd, data, *size, place);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return sp_fail(err, error == EACCES || error == EISDIR ? SP_REFUSED : SP_UNAVAILABLE,
                       "%s cannot be read: %s", config->path, strerror(error));
    *size = (size_t)got;
    return 0;
}

static int source_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    char byte;
    size_t size = 1;
    return read_bytes(handle, 0, &byte, &size, err);
}

/* Puts the lines that begin before `bound` into the page; returns how many bytes they are.  `cut`: the bytes
 * end where the page does, and what has no line end in it is too long. */
static size_t take_lines(struct sp_slice bytes, size_t bound, bool cut, struct sp_arena *arena,
                         struct sp_page *page)
{
    size_t most = 1, at = 0;
    for (size_t i = 0; i < bytes.size; i++)
        most += bytes.data[i] == '\n';
    struct sp_slice *events = sp_arena_alloc(arena, most * sizeof *events);
    struct sp_not_event *others = sp_arena_alloc(arena, most * sizeof *others);
    for (const char *end; at < bound && (end = memchr(bytes.data + at, '\n', bytes.size - at));) {
        struct sp_slice line = {bytes.data + at, (size_t)(end - bytes.data) - at};
        struct sp_json_fault fault = {.reason = "it is no JSON object"};
        if (line.data[0] == '{' && sp_json_scan_whole(NULL, line, NULL, &fault) == 0)
            events[page->event_count++] = line;
        else if (line.size > 0)
            others[page->not_event_count++] = (struct sp_not_event){line, fault.reason, NULL};
        at += line.size + 1;
    }
    if (at == 0 && at < bound && cut) {
        others[0] = (struct sp_not_event){bytes, "it is longer than `page_bytes`", NULL};
        page->not_event_count = 1;
        at = bytes.size;
    }
    page->events = events;
    page->not_events = others;
    return at;
}

/* The next page.  Never waits for more: it says how long to. */
static int source_read(void *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                       struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    const struct config *config = handle;
    int64_t from, bound = INT64_MAX;
    if (!place_of(cursor, &from) || (until.size > 0 && !place_of(until, &bound)))
        return sp_fail(err, SP_REFUSED, "that is no cursor of this source");
    /* One byte more before it: a line that was begun before the cursor is not read from its midst. */
    int64_t start = from > 0 ? from - 1 : 0;
    size_t size = (size_t)config->page_bytes;
    char *data = sp_arena_alloc(arena, size);
    if (read_bytes(config, start, data, &size, err) != 0)
        return -1;
    if (from > start && size == 0) {
        sp_fail(err, SP_REFUSED, "%s is shorter than what was read of it", config->path);
        return sp_fail_cure(err, "was it replaced?  `scanpipe cursor set --to-start` begins again");
    }
    bool full = size == (size_t)config->page_bytes;
    const char *end = from > start ? memchr(data, '\n', size) : NULL;
    size_t skip = from == start ? 0 : end ? (size_t)(end - data) + 1 : size;
    int64_t place = start + (int64_t)skip;
    struct sp_slice bytes = {data + skip, size - skip};
    size_t most = bound > place ? (size_t)(bound - place) : 0;
    place += (int64_t)take_lines(bytes, most, full && skip < 2, arena, page);
    page->cursor = place == from ? cursor : sp_slice_of(sp_arena_printf(arena, "%lld", (long long)place));
    page->caught_up = !full || place >= bound;
    page->wait_ns = page->caught_up ? config->poll_interval : 0;
    return 0;
}

static const struct sp_source_ops ops = {
    .size = sizeof ops, .read = source_read, .cursor_of = source_cursor_of, .text_of = source_text_of,
    .compare = source_compare,
};

static const struct sp_capabilities can = {.size = sizeof can, .flags = SP_LOCAL | SP_EMBEDDED};

static const struct sp_plugin plugin = {
    SP_PLUGIN_HEAD, .kind = SP_SOURCE, .name = "first", .version = "0.1",
    .summary = "events from a file that grows, a line each", .capabilities = &can,
    .options = options, .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct config), .load = source_load, .unload = source_nothing,
    .open = source_open, .close = source_nothing, .probe = source_probe, .interrupt = source_nothing,
    .source = &ops,
};

/* The one function that is exported. */
const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&plugin, NULL};
    return plugins;
}
