/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/output.h"

#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <scanpipe/host.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *path, int number)
{
    cmd_complain(NULL, "cannot write %s: %s", path, strerror(number));
    return -1;
}

/* The file beside it that becomes it, as open to others as what it replaces. */
static FILE *open_part(struct output *output, const struct stat *old)
{
    int fd = open(output->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return NULL;
    /* Only the superuser may give it away; for others it is theirs, as all that they write. */
    if (old && (old->st_uid != geteuid() || old->st_gid != getegid()))
        (void)!fchown(fd, old->st_uid, old->st_gid);
    if (old)
        (void)!fchmod(fd, old->st_mode & 0777);
    return fdopen(fd, "w");
}

/* Behind a link it is the file that is replaced; what may not be written is left alone. */
static int name_it(struct output *output, bool there)
{
    if (there && (!realpath(output->path, output->whole) || access(output->whole, W_OK) != 0))
        return -1;
    if (!there &&
        (size_t)snprintf(output->whole, sizeof output->whole, "%s", output->path) >= sizeof output->whole) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(output->part, sizeof output->part, "%s.part-%08" PRIx32, output->whole, (uint32_t)sp_random());
    return 0;
}

int output_open(struct output *output, const char *path)
{
    struct stat about;
    *output = (struct output){.file = stdout, .path = path};
    if (!path)
        return 0;
    bool there = stat(path, &about) == 0;
    output->renamed = !there || S_ISREG(about.st_mode);
    if (!output->renamed)
        output->file = fopen(path, "we");
    else if (name_it(output, there) != 0)
        output->file = NULL;
    else
        output->file = open_part(output, there ? &about : NULL);
    return output->file ? 0 : complain(path, errno);
}

/* What was written may be the only copy soon. */
static int sync_fd(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP ? 0 : -1;
}

static int sync_folder_of(char *path)
{
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -1 : sync_fd(fd);
    if (fd >= 0)
        close(fd);
    return result;
}

static int end_file(struct output *output)
{
    bool good = fflush(output->file) == 0 && !ferror(output->file) && sync_fd(fileno(output->file)) == 0;
    int number = errno;
    bool closed = fclose(output->file) == 0;
    if (good)
        number = errno;
    errno = number;
    return good && closed ? 0 : -1;
}

int output_close(struct output *output, bool keep)
{
    if (!output->path)
        return 0;
    bool good = end_file(output) == 0;
    if (!output->renamed)
        return good ? 0 : complain(output->path, errno);
    if (!keep) {
        unlink(output->part);
        return 0;
    }
    if (good && rename(output->part, output->whole) == 0)
        return sync_folder_of(output->whole) == 0 ? 0 : complain(output->path, errno);
    int number = errno;
    unlink(output->part);
    return complain(output->path, number);
}
