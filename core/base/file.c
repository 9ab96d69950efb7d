/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void close_at(int *fd)
{
    if (*fd > STDERR_FILENO)
        close(*fd);
}

int file_read(const char *path, size_t limit, struct buffer *out, struct sp_error *err)
{
    return file_read_shown(path, path, limit, out, err);
}

int file_read_shown(const char *path, const char *shown, size_t limit, struct buffer *out,
                    struct sp_error *err)
{
    SP_AUTO(close_at) int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sp_fail(err, SP_REFUSED, "cannot open %s: %s", shown, strerror(errno));
    SP_AUTO(buffer_fini) struct buffer text = {0};
    for (;;) {
        buffer_reserve(&text, 65536);
        ssize_t got = read(fd, text.data + text.size, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sp_fail(err, SP_REFUSED, "cannot read %s: %s", shown, strerror(errno));
        text.size += (size_t)got;
        text.data[text.size] = '\0';
        if (text.size > limit)
            return sp_fail(err, SP_REFUSED, "%s is larger than %zu bytes", shown, limit);
        if (got == 0)
            break;
    }
    buffer_fini(out);
    *out = text;
    text = (struct buffer){0};
    return 0;
}
