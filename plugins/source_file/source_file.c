/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { SOURCE_MAGIC = 0x46494c45, HANDLE_MAGIC = 0x46494c48 };

/* Standard input is read once in a process, whichever handle asks: what was read ahead is in the stage. */
struct stage {
    struct source source;
    pthread_mutex_t lock;
    struct reader standard;
};

struct handle {
    unsigned magic;
    struct stage *stage;
    struct reader reader;
    atomic_bool interrupted;
};

static struct handle *handle_of(void *pointer)
{
    struct handle *handle = pointer;
    assert(handle && handle->magic == HANDLE_MAGIC);
    return handle;
}

static int source_load(const void *config, const struct sp_stage *about, void **loaded, struct sp_error *err)
{
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    const struct source_options *options = config;
    const char *slash = strrchr(options->path, '/');
    stage->source = (struct source){
        .magic = SOURCE_MAGIC,
        .options = options,
        .standard = strcmp(options->path, "-") == 0,
        .base = slash ? slash + 1 : options->path,
        .max_event_bytes = about->max_event_bytes,
    };
    pthread_mutex_init(&stage->lock, NULL);
    *loaded = stage;
    return 0;
}

static void source_unload(void *loaded)
{
    struct stage *stage = loaded;
    assert(stage && stage->source.magic == SOURCE_MAGIC);
    reader_fini(&stage->standard);
    pthread_mutex_destroy(&stage->lock);
    free(stage);
}

static int source_open(void *loaded, void **out, struct sp_error *err)
{
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    handle->magic = HANDLE_MAGIC;
    handle->stage = loaded;
    *out = handle;
    return 0;
}

static void source_close(void *pointer)
{
    struct handle *handle = handle_of(pointer);
    reader_fini(&handle->reader);
    free(handle);
}

static int source_probe(void *pointer, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    const struct source *source = &handle_of(pointer)->stage->source;
    const char *path = source->options->path;
    if (source->standard)
        return fcntl(STDIN_FILENO, F_GETFD) >= 0 ? 0 : source_fail(source, NULL, errno, err);
    struct stat about;
    if (stat(path, &about) != 0)
        return source_fail(source, NULL, errno, err);
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return source_fail(source, NULL, EISDIR, err);
    int wanted = S_ISDIR(about.st_mode) ? R_OK | X_OK : R_OK;
    return faccessat(AT_FDCWD, path, wanted, AT_EACCESS) == 0 ? 0 : source_fail(source, NULL, errno, err);
}

static void source_interrupt(void *pointer)
{
    atomic_store(&handle_of(pointer)->interrupted, true);
}

static int source_read(void *pointer, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                       struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = handle_of(pointer);
    struct stage *stage = handle->stage;
    struct asked asked = {cursor, until, arena, deadline, &handle->interrupted};
    atomic_store(&handle->interrupted, false);
    if (!stage->source.standard)
        return reader_read(&handle->reader, &stage->source, &asked, page, err);
    if (pthread_mutex_trylock(&stage->lock) != 0)
        return sp_fail(err, SP_CONTENDED, "standard input is just being read by another worker");
    int status = reader_read(&stage->standard, &stage->source, &asked, page, err);
    pthread_mutex_unlock(&stage->lock);
    return status;
}

static int source_cursor_of(void *pointer, const char *text, struct sp_arena *arena, struct sp_slice *out,
                            struct sp_error *err)
{
    struct place place;
    char printed[PLACE_TEXT_SIZE];
    if (strcmp(text, "start") == 0) {
        *out = (struct sp_slice){0};
        return 0;
    }
    if (!place_from_text(text, handle_of(pointer)->stage->source.base, &place))
        return sp_fail(err, SP_REJECTED,
                       "\"%s\" is no place: write \"start\", or FILE:LINE for after that line", text);
    size_t size = place_print(&place, printed);
    *out = sp_arena_copy(arena, (struct sp_slice){printed, size});
    return 0;
}

static int source_text_of(void *pointer, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                          struct sp_error *err)
{
    (void)pointer;
    struct place place;
    if (!place_parse(cursor, &place))
        return sp_fail(err, SP_REJECTED, "that is no cursor of a file source");
    *out = place.name[0] ? sp_arena_printf(arena, "%s:%llu", place.name, (unsigned long long)place.line)
                         : "start";
    return 0;
}

/* What is no cursor stands before all that are. */
static int source_compare(void *pointer, struct sp_slice a, struct sp_slice b)
{
    (void)pointer;
    struct place place_a, place_b;
    if (!place_parse(a, &place_a))
        place_a = (struct place){0};
    if (!place_parse(b, &place_b))
        place_b = (struct place){0};
    return place_compare(&place_a, &place_b);
}

static const struct sp_option source_options[] = {
    {
        .name = "path",
        .type = SP_OPT_STRING,
        .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,
        .offset = offsetof(struct source_options, path),
        .doc = "File or folder to read; - is standard input",
    },
    {
        .name = "follow",
        .type = SP_OPT_BOOLEAN,
        .offset = offsetof(struct source_options, follow),
        .default_text = "false",
        .doc = "At the end wait for more, instead of ending; not for standard input",
    },
    {
        .name = "page_size",
        .type = SP_OPT_INTEGER,
        .offset = offsetof(struct source_options, page_size),
        .default_text = "1000",
        .min = 1,
        .max = 1000000,
        .doc = "Lines of a page",
    },
    {
        .name = "page_bytes",
        .type = SP_OPT_SIZE,
        .offset = offsetof(struct source_options, page_bytes),
        .default_text = "4MiB",
        .min = 1024,
        .max = INT64_C(1) << 30,
        .doc = "Bytes of a page; a longer line is a page of its own",
    },
    {
        .name = "poll_interval",
        .type = SP_OPT_DURATION,
        .offset = offsetof(struct source_options, poll_interval),
        .default_text = "1s",
        .min = 10 * SP_MILLISECOND,
        .max = 86400 * SP_SECOND,
        .doc = "How often to look for more at the end",
    },
};

static const struct sp_capabilities source_capabilities = {
    .size = sizeof source_capabilities,
    .flags = SP_LOCAL | SP_EMBEDDED,
};

static const struct sp_source_ops source_ops = {
    .size = sizeof source_ops,
    .read = source_read,
    .cursor_of = source_cursor_of,
    .text_of = source_text_of,
    .compare = source_compare,
};

static const struct sp_plugin file_source = {
    SP_PLUGIN_HEAD,
    .kind = SP_SOURCE,
    .name = "file",
    .version = PACKAGE_VERSION,
    .summary = "NDJSON, plain or gzip, from a file, a folder or standard input",
    .capabilities = &source_capabilities,
    .options = source_options,
    .option_count = sizeof source_options / sizeof *source_options,
    .config_size = sizeof(struct source_options),
    .load = source_load,
    .unload = source_unload,
    .open = source_open,
    .close = source_close,
    .probe = source_probe,
    .interrupt = source_interrupt,
    .source = &source_ops,
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&file_source, NULL};
    return plugins;
}
