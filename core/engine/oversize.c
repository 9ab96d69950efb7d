/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/oversize.h"

#include "base/utf8.h"
#include "engine/letter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <scanpipe/envelope.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger files are nobody's event. */
static const int64_t file_max = INT64_C(1) << 30;

static void close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

bool oversize_is(const struct sp_letter *letter, int64_t limit)
{
    if (limit <= 0 || (int64_t)letter->event.size >= limit)
        return limit > 0;
    size_t size;
    free(sp_envelope_text(letter, &size));
    return (int64_t)size > limit;
}

/* What comes back by itself is an outage; anything else is for people. */
static int fail(struct sp_error *err, const char *doing, const char *path, int number)
{
    static const int passing[] = {ENOSPC, EDQUOT, EIO, EINTR, EMFILE, ENFILE, ENOMEM, ETIMEDOUT, ESTALE};
    enum sp_class class = SP_REFUSED;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (number == passing[i])
            class = SP_UNAVAILABLE;
    return sp_fail(err, class, "cannot %s %s: %s", doing, path, strerror(number));
}

int oversize_enter(const char *folder, enum oversize_access access, struct oversize_lock *lock_out,
                   struct sp_error *err)
{
    static const char cure[] = "dead_letters.oversize must name a folder that can be written";
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        fail(err, "make the folder", folder, errno);
        return sp_fail_cure(err, "%s", cure);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        fail(err, "open the folder", folder, errno);
        return sp_fail_cure(err, "%s", cure);
    }
    if (flock(fd, (access == OVERSIZE_TO_REMOVE ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        int number = errno;
        close(fd);
        if (number == EWOULDBLOCK)
            return sp_fail(err, SP_CONTENDED, "the folder %s is in use by others", folder);
        return fail(err, "lock the folder", folder, number);
    }
    lock_out->fd = fd;
    return 0;
}

void oversize_leave(struct oversize_lock *lock)
{
    close_at(&lock->fd);
    lock->fd = -1;
}

static void format_name(const unsigned char id[SP_SHA256_SIZE], char out[2 * SP_SHA256_SIZE + 8])
{
    for (size_t i = 0; i < SP_SHA256_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
    memcpy(out + (size_t)2 * SP_SHA256_SIZE, ".event", 7);
}

static int write_all(int fd, struct sp_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(fd, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes.data += written;
        bytes.size -= (size_t)written;
    }
    return 0;
}

/* Under a name of its own first: nobody ever sees half a file by its right name. */
static int write_file(const char *path, const char *new_path, struct sp_slice bytes, struct sp_error *err)
{
    SP_AUTO(close_at) int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, "make", new_path, errno);
    if (write_all(fd, bytes) == 0 && fsync(fd) == 0 && rename(new_path, path) == 0)
        return 0;
    fail(err, "write", path, errno);
    unlink(new_path);
    return -1;
}

static int sync_folder(const char *folder, struct sp_error *err)
{
    SP_AUTO(close_at) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return fail(err, "keep", folder, errno);
    return 0;
}

/* As much as goes into the letter, without a character cut where it is text. */
static struct sp_slice head_of(struct sp_slice event)
{
    size_t cut = utf8_cut(event.data, event.size, OVERSIZE_HEAD);
    if (cut + 4 < OVERSIZE_HEAD && cut < event.size)
        cut = OVERSIZE_HEAD; /* it is no text */
    return (struct sp_slice){event.data, cut};
}

int oversize_put(const char *folder, struct sp_letter *letter, struct sp_arena *arena, struct sp_error *err)
{
    char name[2 * SP_SHA256_SIZE + 8], real[PATH_MAX];
    if (!realpath(folder, real))
        return fail(err, "find the folder", folder, errno);
    format_name(letter->id, name);
    const char *path = sp_arena_printf(arena, "%s/%s", real, name);
    const char *new_path = sp_arena_printf(arena, "%s/.%.16s.%016" PRIx64, real, name, sp_random());
    if (write_file(path, new_path, letter->event, err) != 0 || sync_folder(real, err) != 0)
        return -1;
    letter->event = head_of(letter->event);
    letter->place = path;
    return 0;
}

static int fail_most(int64_t size, int64_t most, struct sp_error *err)
{
    return sp_fail(err, SP_REJECTED,
                   "the event has %" PRId64 " bytes, more than the %" PRId64 " that are allowed", size, most);
}

static int read_file(const char *path, int64_t most, struct sp_arena *arena, struct sp_slice *out,
                     struct sp_error *err)
{
    struct stat about;
    SP_AUTO(close_at) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
        return fail(err, "read", path, errno);
    if (!S_ISREG(about.st_mode) || about.st_size > file_max)
        return sp_fail(err, SP_REFUSED, "%s is no file of an event", path);
    if (most > 0 && about.st_size > most)
        return fail_most(about.st_size, most, err);
    size_t size = (size_t)about.st_size, at = 0;
    char *bytes = sp_arena_alloc(arena, size + 1);
    while (at < size) {
        ssize_t got = read(fd, bytes + at, size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, "read", path, errno);
        if (got == 0)
            break;
        at += (size_t)got;
    }
    *out = (struct sp_slice){bytes, at};
    return 0;
}

/* Reads a file and compares its digest with the letter's id: a letter from elsewhere could name any file. */
static int read_checked(const char *path, struct sp_letter *letter, int64_t most, struct sp_arena *arena,
                        struct sp_error *err)
{
    struct sp_letter whole = *letter;
    if (read_file(path, most, arena, &whole.event, err) != 0)
        return -1;
    letter_identify(&whole);
    if (memcmp(whole.id, letter->id, sizeof whole.id) != 0)
        return sp_fail(err, SP_REFUSED, "%s does not hold the bytes of the letter", path);
    whole.place = NULL;
    *letter = whole;
    return 0;
}

int oversize_read(const char *folder, struct sp_letter *letter, int64_t most, struct sp_arena *arena,
                  struct sp_error *err)
{
    char name[2 * SP_SHA256_SIZE + 8];
    if (!letter->place && most > 0 && (int64_t)letter->event.size > most)
        return fail_most((int64_t)letter->event.size, most, err);
    if (!letter->place || read_checked(letter->place, letter, most, arena, err) == 0)
        return 0;
    format_name(letter->id, name);
    if (folder) {
        struct sp_error other = {0};
        const char *path = sp_arena_printf(arena, "%s/%s", folder, name);
        if (read_checked(path, letter, most, arena, &other) == 0)
            return 0;
        if (other.class == SP_REJECTED)
            *err = other;
    }
    if (err->class == SP_REJECTED)
        return -1;
    return sp_fail_cure(err, "do it on the machine that has the file, or put it into the folder that "
                             "dead_letters.oversize names");
}

void oversize_drop(const char *folder, const unsigned char id[SP_SHA256_SIZE])
{
    char name[2 * SP_SHA256_SIZE + 8], path[PATH_MAX];
    format_name(id, name);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path)
        unlink(path);
}
