/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void holder_setup(void)
{
    const char *given = getenv("SCANPIPE_BOOT_ID");
    if (!given || strlen(given) != 32 || strspn(given, "0123456789abcdef") != 32)
        return;
    char as_kernel[37];
    snprintf(as_kernel, sizeof as_kernel, "%.8s-%.4s-%.4s-%.4s-%.12s", given, given + 8, given + 12,
             given + 16, given + 20);
    setenv("SCANPIPE_BOOT_ID", as_kernel, 1);
}

static void read_boot(char *out, size_t capacity)
{
    const char *given = getenv("SCANPIPE_BOOT_ID");
    out[0] = '\0';
    if (given && *given) {
        snprintf(out, capacity, "%s", given);
        return;
    }
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, out, capacity - 1);
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

void holder_self(struct holder *out)
{
    memset(out, 0, sizeof *out);
    read_boot(out->boot, sizeof out->boot);
    ssize_t length = readlink("/proc/self/ns/pid", out->namespace, sizeof out->namespace - 1);
    out->namespace[length > 0 ? length : 0] = '\0';
    out->pid = getpid();
    if (gethostname(out->host, sizeof out->host - 1) != 0)
        out->host[0] = '\0';
}

/* Whether both run where a pid of one means something to the other. */
static bool same_place(const struct holder *holder, const struct holder *self)
{
    return self->boot[0] && self->namespace[0] && strcmp(holder->boot, self->boot) == 0 &&
           strcmp(holder->namespace, self->namespace) == 0;
}

bool holder_is(const struct holder *holder, const struct holder *self)
{
    return same_place(holder, self) && holder->pid == self->pid;
}

bool holder_gone(const struct holder *holder, const struct holder *self)
{
    return same_place(holder, self) && holder->pid > 0 && kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH;
}
