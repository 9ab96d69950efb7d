/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to a regular file.  Several processes may write to one: a lock on the file keeps each from
 * cutting what another is just writing. */
#include <config.h>

#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* The bytes up to the last line end of the first `size` bytes. */
static int64_t whole_lines(int fd, int64_t size)
{
    char block[65536];
    while (size > 0) {
        int64_t from = size > (int64_t)sizeof block ? size - (int64_t)sizeof block : 0;
        ssize_t got = pread(fd, block, (size_t)(size - from), from);
        if (got != size - from) {
            errno = got < 0 ? errno : EIO;
            return -1;
        }
        const char *end = memrchr(block, '\n', (size_t)got);
        if (end)
            return from + (end - block) + 1;
        size = from;
    }
    return 0;
}

/* A process that was killed in the middle of a write leaves a torn line behind.  Its events were not
 * settled, so they come again. */
static int cut_torn_line(struct target *target, int64_t *size, struct sp_error *err)
{
    const char *path = target->options->path;
    int reader = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reader < 0) /* may be written and not read: then nobody can tell */
        return errno == EACCES ? 0 : target_fail(target, errno, "cannot be looked at", err);
    int64_t whole = whole_lines(reader, *size);
    int error = errno;
    close(reader);
    if (whole < 0)
        return target_fail(target, error, "cannot be looked at", err);
    if (whole == *size)
        return 0;
    if (ftruncate(target->fd, whole) != 0)
        return target_fail(target, errno, "cannot be cut back to whole lines", err);
    sp_log(SP_WARN, "%s did not end in a whole line: its last %lld bytes were cut off", path,
           (long long)(*size - whole));
    *size = whole;
    return 0;
}

static int look_at_end(struct target *target, int64_t *size, struct sp_error *err)
{
    struct stat now;
    if (fstat(target->fd, &now) != 0)
        return target_fail(target, errno, "cannot be looked at", err);
    *size = now.st_size;
    if (!target->options->append && !target->emptied) {
        if (ftruncate(target->fd, 0) != 0)
            return target_fail(target, errno, "cannot be emptied", err);
        target->emptied = true;
        *size = 0;
    }
    return *size == target->known_size ? 0 : cut_torn_line(target, size, err);
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno != EINTR)
            return -1;
        data += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int append_locked(struct target *target, const char *data, size_t size, struct sp_error *err)
{
    int64_t before = 0;
    if (look_at_end(target, &before, err) != 0)
        return -1;
    target->known_size = -1;
    const char *what = "cannot be written";
    int status = write_all(target->fd, data, size);
    if (status == 0 && target->options->sync) {
        what = "cannot be brought to the disk";
        status = fdatasync(target->fd);
    }
    if (status == 0) {
        target->known_size = before + (int64_t)size;
        return 0;
    }
    int error = errno;
    /* All or nothing.  Where even that fails, the torn line is found by the next write. */
    if (ftruncate(target->fd, before) != 0)
        sp_log(SP_WARN, "%s: a write that failed could not be taken back: %s", target->options->path,
               strerrordesc_np(errno));
    return target_fail(target, error, what, err);
}

int file_append(struct target *target, const char *data, size_t size, struct sp_error *err)
{
    if (flock(target->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return sp_fail(err, SP_CONTENDED, "%s is just being written by another process",
                       target->options->path);
    int status = append_locked(target, data, size, err);
    flock(target->fd, LOCK_UN);
    if (status != 0)
        target_close_fd(target);
    return status;
}
