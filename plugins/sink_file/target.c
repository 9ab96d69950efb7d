/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, taking turns, and what system errors mean; how lines are written is in file.c and stream.c. */
#include <config.h>

#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* How often an interrupt is looked for while another worker writes. */
#define TURN_SLICE (100 * SP_MILLISECOND)

struct target *target_new(const struct target_options *options)
{
    struct target *target = calloc(1, sizeof *target);
    if (!target)
        return NULL;
    target->options = options;
    target->standard = strcmp(options->path, "-") == 0;
    target->fd = -1;
    target->known_size = -1;
    pthread_mutex_init(&target->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&target->turn, &attributes);
    pthread_condattr_destroy(&attributes);
    return target;
}

void target_free(struct target *target)
{
    target_close_fd(target);
    pthread_cond_destroy(&target->turn);
    pthread_mutex_destroy(&target->lock);
    free(target->rest);
    free(target);
}

void target_close_fd(struct target *target)
{
    if (target->fd >= 0 && !target->standard)
        close(target->fd);
    target->fd = -1;
    target->known_size = -1;
    target->rest_size = 0;
}

static const char *cure_of(const struct target *target, int error)
{
    switch (error) {
    case EPIPE:
        return "whoever read standard output has gone: start again with a reader that stays";
    case ENOENT:
    case ENOTDIR:
        return "make the folder, or change `path`";
    case EFBIG:
        return "the file has reached the limit of its size (see ulimit -f): move it away, or raise the limit";
    case ENOSPC:
    case EDQUOT:
        return "make room: writing goes on by itself";
    case EACCES:
    case EPERM:
    case EROFS:
        return target->standard ? "" : "let this user write there, or change `path`";
    default:
        return "";
    }
}

static enum sp_class class_of(const struct target *target, int error)
{
    switch (error) {
    case EPIPE:
        return target->standard ? SP_REFUSED : SP_UNAVAILABLE;
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EBADF: /* standard output was closed by who started us */
    case EFBIG:
        return SP_REFUSED;
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case ENXIO: /* a named pipe without a reader */
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ESTALE:
    case ETXTBSY:
        return SP_UNAVAILABLE;
    default:
        return SP_UNKNOWN;
    }
}

int target_fail(const struct target *target, int error, const char *what, struct sp_error *err)
{
    sp_fail(err, class_of(target, error), "%s %s: %s",
            target->standard ? "standard output" : target->options->path, what, strerrordesc_np(error));
    return sp_fail_cure(err, "%s", cure_of(target, error));
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A new file is not safe before its name is. */
static int sync_folder(const struct target *target, struct sp_error *err)
{
    char *folder = folder_of(target->options->path);
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    if (fd < 0) /* not readable: then there is no way */
        return 0;
    int status = fsync(fd);
    int error = errno;
    close(fd);
    if (status != 0 && error != EINVAL && error != EROFS)
        return target_fail(target, error, "has a folder that cannot be brought to the disk", err);
    return 0;
}

/* Somebody may have moved or removed the file: then its name stands for another one, or for none. */
static bool still_named(const struct target *target)
{
    struct stat now;
    return stat(target->options->path, &now) == 0 && now.st_ino == target->about.st_ino &&
           now.st_dev == target->about.st_dev;
}

static int open_path(struct target *target, struct sp_error *err)
{
    /* Non-blocking for the sake of named pipes; a file does not care. */
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    target->fd = open(target->options->path, flags, 0666);
    if (target->fd < 0)
        return target_fail(target, errno, "cannot be opened", err);
    if (fstat(target->fd, &target->about) != 0) {
        int error = errno;
        target_close_fd(target);
        return target_fail(target, error, "cannot be looked at", err);
    }
    bool fresh = S_ISREG(target->about.st_mode) && target->about.st_size == 0;
    if (fresh && target->options->sync && sync_folder(target, err) != 0) {
        target_close_fd(target);
        return -1;
    }
    return 0;
}

static int ensure_open(struct target *target, struct sp_error *err)
{
    if (target->standard) {
        target->fd = STDOUT_FILENO;
        return 0;
    }
    if (target->fd >= 0 && still_named(target))
        return 0;
    target_close_fd(target);
    return open_path(target, err);
}

static int take_turn(struct target *target, const struct patience *patience, struct sp_error *err)
{
    pthread_mutex_lock(&target->lock);
    while (target->busy && !atomic_load(patience->interrupted) && sp_clock_now() < patience->deadline) {
        struct timespec when;
        clock_gettime(CLOCK_MONOTONIC, &when);
        int64_t nanoseconds = when.tv_nsec + TURN_SLICE;
        when.tv_sec += nanoseconds / SP_SECOND;
        when.tv_nsec = nanoseconds % SP_SECOND;
        pthread_cond_timedwait(&target->turn, &target->lock, &when);
    }
    bool mine = !target->busy;
    target->busy = true;
    pthread_mutex_unlock(&target->lock);
    if (mine)
        return 0;
    if (atomic_load(patience->interrupted))
        return sp_fail(err, SP_STOPPED, "the write was ended");
    return sp_fail(err, SP_UNAVAILABLE, "%s: another worker is still writing", target->options->path);
}

static void leave_turn(struct target **target)
{
    pthread_mutex_lock(&(*target)->lock);
    (*target)->busy = false;
    pthread_cond_signal(&(*target)->turn);
    pthread_mutex_unlock(&(*target)->lock);
}

int target_write(struct target *target, const char *data, size_t size, const struct patience *patience,
                 struct sp_error *err)
{
    if (take_turn(target, patience, err) != 0)
        return -1;
    SP_AUTO(leave_turn) struct target *mine = target;
    if (ensure_open(mine, err) != 0)
        return -1;
    if (!mine->standard && S_ISREG(mine->about.st_mode))
        return file_append(mine, data, size, err);
    return stream_write(mine, data, size, patience, err);
}

static int probe_folder(const struct target *target, struct sp_error *err)
{
    char *folder = folder_of(target->options->path);
    if (!folder)
        return target_fail(target, ENOMEM, "cannot be looked at", err);
    int status = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS);
    int error = errno;
    free(folder);
    return status == 0 ? 0 : target_fail(target, error, "cannot be made", err);
}

static int probe_room(const struct target *target, struct sp_error *err)
{
    struct statvfs room;
    if (statvfs(target->options->path, &room) != 0 || room.f_blocks == 0)
        return 0;
    if ((geteuid() == 0 ? room.f_bfree : room.f_bavail) == 0)
        return target_fail(target, ENOSPC, "cannot be written", err);
    return 0;
}

int target_probe(struct target *target, struct sp_error *err)
{
    const char *path = target->options->path;
    struct stat about;
    if (target->standard)
        return fcntl(STDOUT_FILENO, F_GETFD) >= 0 ? 0 : target_fail(target, errno, "is not open", err);
    if (stat(path, &about) != 0)
        return errno == ENOENT ? probe_folder(target, err)
                               : target_fail(target, errno, "cannot be looked at", err);
    if (S_ISDIR(about.st_mode))
        return target_fail(target, EISDIR, "cannot be written", err);
    /* A named pipe is not opened for a look: its reader would take the close for the end. */
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return target_fail(target, errno, "cannot be written", err);
    return S_ISREG(about.st_mode) ? probe_room(target, err) : 0;
}
