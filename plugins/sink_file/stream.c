/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to standard output, a pipe or a device, which may take its time. */
#include <config.h>

#include "inside.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* How often an interrupt is looked for while the reader is slow. */
enum { SLICE_MS = 100 };

static int wait_for_reader(struct target *target, const struct patience *patience, struct sp_error *err)
{
    struct pollfd ready = {.fd = target->fd, .events = POLLOUT};
    for (;;) {
        if (atomic_load(patience->interrupted))
            return sp_fail(err, SP_STOPPED, "the write was ended");
        int64_t left = (patience->deadline - sp_clock_now()) / SP_MILLISECOND;
        int wait = left < 0 ? 0 : left < SLICE_MS ? (int)left : SLICE_MS;
        if (poll(&ready, 1, wait) > 0)
            return 0;
        if (left <= 0)
            return sp_fail(err, SP_UNAVAILABLE, "%s: nobody reads what is written",
                           target->standard ? "standard output" : target->options->path);
    }
}

/* Never more than PIPE_BUF at once: a pipe that is ready takes as much without blocking, although others
 * share the description and it cannot be made non-blocking.  *done counts what was taken. */
static int write_some(struct target *target, const char *data, size_t size, size_t *done,
                      const struct patience *patience, struct sp_error *err)
{
    while (*done < size) {
        if (wait_for_reader(target, patience, err) != 0)
            return -1;
        size_t part = size - *done < PIPE_BUF ? size - *done : PIPE_BUF;
        ssize_t put = write(target->fd, data + *done, part);
        if (put < 0 && errno != EINTR && errno != EAGAIN) {
            int error = errno;
            if (error == EPIPE) /* the next reader of a named pipe begins with a whole line */
                target_close_fd(target);
            return target_fail(target, error, "cannot be written", err);
        }
        *done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int finish_line(struct target *target, const struct patience *patience, struct sp_error *err)
{
    size_t done = 0;
    int status = write_some(target, target->rest, target->rest_size, &done, patience, err);
    if (target->fd < 0)
        return -1;
    target->rest_size -= done;
    if (target->rest_size > 0)
        memmove(target->rest, target->rest + done, target->rest_size);
    return status;
}

static void keep_rest(struct target *target, const char *data, size_t size, size_t done)
{
    if (done == 0 || done == size || data[done - 1] == '\n')
        return;
    const char *end = memchr(data + done, '\n', size - done);
    size_t length = (size_t)(end - (data + done)) + 1;
    char *rest = realloc(target->rest, length);
    if (!rest) {
        sp_log(SP_WARN, "%s: a line was written in part", target->options->path);
        return;
    }
    target->rest = memcpy(rest, data + done, length);
    target->rest_size = length;
}

int stream_write(struct target *target, const char *data, size_t size, const struct patience *patience,
                 struct sp_error *err)
{
    size_t done = 0;
    int status = finish_line(target, patience, err);
    if (status == 0)
        status = write_some(target, data, size, &done, patience, err);
    if (status != 0 && target->fd >= 0)
        keep_rest(target, data, size, done);
    return status;
}
