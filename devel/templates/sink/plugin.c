/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that appends events to a file, a line each. */
#include <scanpipe/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

/* Filled from the pipeline's file, as the table says. */
struct config {
    const char *path;
    int64_t max_event;
};

static const struct sp_option options[] = {
    {.name = "path", .type = SP_OPT_STRING, .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,
     .offset = offsetof(struct config, path), .doc = "file to append to"},
    {.name = "max_event", .type = SP_OPT_SIZE, .min = 1, .max = 1 << 30, .default_text = "1MiB",
     .offset = offsetof(struct config, max_event), .doc = "a larger event is rejected"},
};

/* What belongs to one thread: a connection, in most sinks; nobody else uses it. */
struct handle {
    const struct config *config;
    int fd; /* -1: not open */
};

/* Once a stage; what all its handles share goes into *loaded. */
static int sink_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage, (void)err;
    *loaded = (void *)config;
    return 0;
}

static void sink_unload(void *loaded)
{
    (void)loaded;
}

/* Once a thread.  Connects to nothing: what is away must not keep a pipeline from starting. */
static int sink_open(void *loaded, void **out, struct sp_error *err)
{
    struct handle *handle = malloc(sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    *handle = (struct handle){.config = loaded, .fd = -1};
    *out = handle;
    return 0;
}

static void disconnect(struct handle *handle)
{
    if (handle->fd >= 0)
        close(handle->fd);
    handle->fd = -1;
}

static void sink_close(void *pointer)
{
    disconnect(pointer);
    free(pointer);
}

/* From another thread.  No call here waits for anybody, so there is nothing to break off. */
static void sink_interrupt(void *pointer)
{
    (void)pointer;
}

/* The class says what the core does: it waits and tries again, or tells a person. */
static int fail(const struct handle *handle, const char *what, struct sp_error *err)
{
    bool refused = errno == EACCES || errno == EPERM || errno == EROFS || errno == EISDIR;
    sp_fail(err, refused ? SP_REFUSED : SP_UNAVAILABLE, "%s cannot be %s: %s", handle->config->path, what,
            strerror(errno));
    return refused ? sp_fail_cure(err, "let this user write it, or change `path`") : -1;
}

/* Could it be written?  Changes nothing: the file need not be there yet. */
static int sink_probe(void *pointer, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    struct handle *handle = pointer;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", handle->config->path);
    if (access(handle->config->path, W_OK) == 0 || (errno == ENOENT && access(dirname(folder), W_OK) == 0))
        return 0;
    return fail(handle, "written", err);
}

/* Names the events that can never be written: the core puts them aside, and comes again with the rest. */
static int judge(const struct handle *handle, const struct sp_batch *batch, struct sp_result *results,
                 struct sp_error *err)
{
    size_t wrong = 0;
    for (size_t i = 0; i < batch->event_count; i++)
        if (batch->events[i].size > (size_t)handle->config->max_event) {
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "it is larger than `max_event`"};
            wrong++;
        }
    return wrong ? sp_fail(err, SP_REJECTED, "%zu events are larger than `max_event`", wrong) : 0;
}

/* Where the last whole line ends.  Who was killed in a write has left half a one; its event comes again. */
static off_t whole_lines(int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char last;
    while (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n')
        end--;
    return end;
}

/* A new file is not safe before its name is, and that is in the folder. */
static bool sync_folder(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* a folder that we may not read: there is no way */
    bool well = fsync(fd) == 0 || errno == EINVAL; /* a file system that needs none */
    int error = errno;
    close(fd);
    errno = error;
    return well;
}

/* All of it, durably, or nothing. */
static bool append(const struct handle *handle, const struct sp_batch *batch)
{
    int fd = handle->fd;
    off_t before = whole_lines(fd);
    bool well = ftruncate(fd, before) == 0 && (before > 0 || sync_folder(handle->config->path));
    for (size_t i = 0; well && i < batch->event_count; i++) {
        struct sp_slice event = batch->events[i];
        struct iovec line[] = {{(void *)event.data, event.size}, {"\n", 1}};
        errno = ENOSPC; /* that is why fewer bytes would be written */
        well = writev(fd, line, 2) == (ssize_t)event.size + 1;
    }
    if (well && fdatasync(fd) == 0)
        return true;
    int error = errno;
    if (ftruncate(fd, before) != 0)
        sp_log(SP_WARN, "what was written in part could not be taken back: %s", strerror(errno));
    errno = error;
    return false;
}

static int sink_write(void *pointer, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    struct handle *handle = pointer;
    if (judge(handle, batch, results, err) != 0)
        return -1;
    if (handle->fd < 0)
        handle->fd = open(handle->config->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (handle->fd < 0)
        return fail(handle, "opened", err);
    if (flock(handle->fd, LOCK_EX | LOCK_NB) != 0)
        return sp_fail(err, SP_CONTENDED, "%s is just being written by another", handle->config->path);
    bool well = append(handle, batch);
    int rc = well ? 0 : fail(handle, "written", err);
    flock(handle->fd, LOCK_UN);
    if (rc != 0)
        disconnect(handle);
    else
        written->rows_touched = batch->event_count;
    return rc;
}

static const struct sp_sink_ops ops = {.size = sizeof ops, .write = sink_write};

static const struct sp_capabilities can = {.size = sizeof can, .flags = SP_EVENTS | SP_LOCAL | SP_EMBEDDED};

static const struct sp_plugin plugin = {
    SP_PLUGIN_HEAD, .kind = SP_SINK, .name = "@NAME@", .version = "0.1",
    .summary = "events to a file, a line each", .capabilities = &can,
    .options = options, .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct config), .load = sink_load, .unload = sink_unload,
    .open = sink_open, .close = sink_close, .probe = sink_probe, .interrupt = sink_interrupt,
    .sink = &ops,
};

/* The one function that is exported. */
const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&plugin, NULL};
    return plugins;
}
