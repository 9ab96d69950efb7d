/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "care.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * In this order, so that a crash at any point leaves every message in the file, or in a file that the next
 * repair takes up:
 *
 *     FILE.repair            is made of all that can be read, and looked at
 *     FILE.repaired          is what it is called once it is whole and on the disk
 *     FILE.damaged-<time>    the damaged file by a second name, and so its log, FILE.damaged-<time>-wal
 *     FILE-wal, FILE-shm     are taken away: SQLite would take them for the new file's
 *     FILE                   FILE.repaired by its new name
 *
 * Where a crash comes before the last step FILE lacks its log; so the next repair adds to FILE.repaired, in
 * one transaction and under that name: a crash of that one leaves it as it was.
 */

/* Where SQLite keeps its locks: who has the file open in use has one of these bytes. */
enum { LOCK_START = 0x40000000, LOCK_SIZE = 512 };

enum { PATH_SIZE = 4200 };

struct repairing {
    struct queue_handle *handle;
    const char *path;
    struct sp_arena *arena;
    struct sp_queue_repair *repair;
    const char **steps;
    bool taken_up;        /* an interrupted repair left its new file */
    char kept[PATH_SIZE]; /* what the damaged file will be called */
};

static const char *name_of(struct repairing *repairing, const char *suffix)
{
    return sp_arena_printf(repairing->arena, "%s%s", repairing->path, suffix);
}

enum { STEPS_MOST = 12 };

static void SP_PRINTF(2, 3) add_step(struct repairing *repairing, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (repairing->repair->step_count < STEPS_MOST)
        repairing->steps[repairing->repair->step_count++] =
            sp_arena_text(repairing->arena, text, strlen(text));
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int fail_file(const char *path, const char *what, struct sp_error *err)
{
    enum sp_class class = errno == ENOSPC || errno == EDQUOT || errno == EIO ? SP_UNAVAILABLE : SP_REFUSED;
    return sp_fail(err, class, "%s: %s: %s", path, what, strerror(errno));
}

/* ---- who uses the file */

static pid_t user_of(int file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_START, .l_len = LOCK_SIZE};
    if (fcntl(file, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

/* Nobody else can use the file as long as the descriptor is open.  A lock of the descriptor, not of the
 * process: reading the file by another one must not end it. */
static int take_file(struct repairing *repairing, struct sp_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_START, .l_len = LOCK_SIZE};
    int file = open(repairing->path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return fail_file(repairing->path, "opening it to repair it", err);
    if (fcntl(file, F_OFD_SETLK, &lock) == 0)
        return file;
    pid_t user = user_of(file);
    if (errno != EAGAIN && errno != EACCES)
        fail_file(repairing->path, "locking it", err);
    else if (user > 0)
        sp_fail(err, SP_REFUSED, "%s is in use by process %ld", repairing->path, (long)user);
    else
        sp_fail(err, SP_REFUSED, "%s is in use by another process", repairing->path);
    sp_fail_cure(err, "stop every process that uses the file, then repair it");
    close(file);
    return -1;
}

/* ---- the plan */

static void choose_name(struct repairing *repairing)
{
    char stamp[32];
    time_t now = (time_t)(sp_clock_wall_ms() / 1000);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &parts);
    for (int number = 0; number < 100; number++) {
        snprintf(repairing->kept, sizeof repairing->kept, number ? "%s.damaged-%s-%d" : "%s.damaged-%s",
                 repairing->path, stamp, number);
        if (!is_there(repairing->kept))
            return;
    }
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void describe(struct repairing *repairing, const struct rebuilt *found)
{
    const char *path = repairing->path;
    if (repairing->taken_up)
        add_step(repairing, "take up %s.repaired, which an interrupted repair left", path);
    add_step(repairing,
             "make a new file of what can be read: %" PRIu64 " message%s, %" PRIu64 " dead letter%s, %" PRIu64
             " other row%s",
             found->messages, plural(found->messages), found->letters, plural(found->letters), found->rows,
             plural(found->rows));
    if (found->doubtful)
        add_step(repairing,
                 "keep %" PRIu64
                 " of these that may not be what was sent: what is no JSON in them becomes dead "
                 "letters",
                 found->doubtful);
    if (found->lost || found->pages_lost)
        add_step(repairing, "leave out %" PRIu64 " message%s whose row can be seen and not read%s",
                 found->lost, plural(found->lost),
                 found->pages_lost ? ", and those of the pages that cannot be read" : "");
    if (found->rows_lost)
        add_step(repairing, "leave out %" PRIu64 " other row%s or pages that cannot be read",
                 found->rows_lost, plural(found->rows_lost));
    if (found->state_lost)
        add_step(repairing,
                 "go without a record of the state that cannot be read: where it is the poller's, the "
                 "source is read from its start, which repeats events and loses none");
    if (found->unplaced_pages)
        add_step(repairing, "leave out %" PRIu32 " page%s whose content is not known", found->unplaced_pages,
                 plural(found->unplaced_pages));
    add_step(repairing, "free all messages: whoever held one is gone");
    add_step(repairing, "keep the damaged file as %s, with its log where there is one", repairing->kept);
    add_step(repairing, "put the new file in its place, once it was checked");
}

/* ---- doing it */

static int sync_at(const char *path, int flags, struct sp_error *err)
{
    int file = open(path, flags | O_CLOEXEC);
    if (file < 0 || fsync(file) != 0) {
        fail_file(path, "bringing it to the disk", err);
        if (file >= 0)
            close(file);
        return -1;
    }
    close(file);
    return 0;
}

static int sync_folder(struct repairing *repairing, struct sp_error *err)
{
    char *folder = sp_arena_text(repairing->arena, repairing->path, strlen(repairing->path));
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    return sync_at(slash ? folder : ".", O_RDONLY | O_DIRECTORY, err);
}

/* The new file is whose the old one was. */
static int copy_owner(const struct repairing *repairing, const char *made, int damaged, struct sp_error *err)
{
    struct stat about;
    if (fstat(damaged, &about) != 0 || chmod(made, about.st_mode & 07777) != 0)
        return fail_file(made, "giving it the rights of the damaged file", err);
    /* Only root can, and only then is it another's. */
    if ((about.st_uid != geteuid() || about.st_gid != getegid()) &&
        chown(made, about.st_uid, about.st_gid) != 0)
        sp_log(SP_WARN, "%s: the new file cannot be given to the owner of the damaged one: %s",
               repairing->path, strerror(errno));
    return 0;
}

static int check_new(struct repairing *repairing, const char *made, struct sp_error *err)
{
    struct findings findings = {.arena = repairing->arena};
    struct content content;
    if (check_database(repairing->handle, made, true, &findings, &content, err) < 0)
        return -1;
    for (size_t i = 0; i < findings.count; i++)
        if (findings.items[i].level == SP_ERROR) {
            sp_fail(err, SP_REFUSED, "%s: the new file is not sound: %s", made, findings.items[i].text);
            return repairing->taken_up ? sp_fail_cure(err, "move it away, and repair again") : -1;
        }
    return 0;
}

/* Makes the new file, or adds to the one that is there, and checks it. */
static int fill(struct repairing *repairing, const char *made, int damaged, struct rebuilt *found,
                struct sp_error *err)
{
    if (rebuild(repairing->handle, made, found, err) < 0 || check_new(repairing, made, err) < 0 ||
        copy_owner(repairing, made, damaged, err) < 0)
        return -1;
    return sync_at(made, O_RDONLY, err);
}

static int make_new(struct repairing *repairing, int damaged, struct rebuilt *found, struct sp_error *err)
{
    const char *made = name_of(repairing, ".repair"), *whole = name_of(repairing, ".repaired");
    if (repairing->taken_up)
        return fill(repairing, whole, damaged, found, err);
    unlink(name_of(repairing, ".repair-journal"));
    if (unlink(made) != 0 && errno != ENOENT)
        return fail_file(made, "making room for the new file", err);
    if (fill(repairing, made, damaged, found, err) < 0)
        return -1;
    if (rename(made, whole) != 0)
        return fail_file(made, "renaming it", err);
    return sync_folder(repairing, err);
}

/* A second name for a file, where there is one. */
static int keep(struct repairing *repairing, const char *suffix, struct sp_error *err)
{
    const char *from = name_of(repairing, suffix);
    const char *to = sp_arena_printf(repairing->arena, "%s%s", repairing->kept, suffix);
    if (link(from, to) == 0 || errno == ENOENT)
        return 0;
    return fail_file(from, "keeping it by another name", err);
}

static int swap(struct repairing *repairing, struct sp_error *err)
{
    static const char *const beside[] = {"-wal", "-shm", "-journal"};
    if (keep(repairing, "", err) < 0 || keep(repairing, "-wal", err) < 0 ||
        keep(repairing, "-journal", err) < 0 || sync_folder(repairing, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (unlink(name_of(repairing, beside[i])) != 0 && errno != ENOENT)
            return fail_file(name_of(repairing, beside[i]), "taking it away", err);
    if (rename(name_of(repairing, ".repaired"), repairing->path) != 0)
        return fail_file(repairing->path, "putting the new file in its place", err);
    return sync_folder(repairing, err);
}

static int apply_it(struct repairing *repairing, struct rebuilt *found, struct sp_error *err)
{
    int damaged = take_file(repairing, err);
    if (damaged < 0)
        return -1;
    int failed = make_new(repairing, damaged, found, err);
    if (failed == 0)
        failed = swap(repairing, err);
    close(damaged);
    return failed;
}

static void tell_users(struct repairing *repairing)
{
    int file = open(repairing->path, O_RDONLY | O_CLOEXEC);
    pid_t user = file >= 0 ? user_of(file) : 0;
    if (user > 0)
        add_step(repairing, "before: stop process %ld, which uses the file", (long)user);
    if (file >= 0)
        close(file);
}

int queue_repair(void *opaque, bool apply, struct sp_arena *arena, struct sp_queue_repair *repair,
                 int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    struct findings findings = {.arena = arena};
    struct sp_queue_repair made = {.size = repair->size};
    struct repairing repairing = {.handle = handle,
                                  .path = handle->queue->config->lite.path,
                                  .arena = arena,
                                  .repair = &made};
    struct rebuilt found;
    struct content content;
    care_begin(handle, deadline);
    made.steps = repairing.steps = sp_arena_alloc(arena, STEPS_MOST * sizeof *repairing.steps);
    if (check_file(handle, true, &findings, &content, err) < 0)
        return -1;
    made.needed = findings.damaged;
    repairing.taken_up = is_there(name_of(&repairing, ".repaired"));
    choose_name(&repairing);
    if (made.needed && !apply) {
        tell_users(&repairing);
        if (rebuild(handle, NULL, &found, err) < 0)
            return -1;
    } else if (made.needed && apply_it(&repairing, &found, err) < 0) {
        return -1;
    }
    if (made.needed)
        describe(&repairing, &found);
    made.applied = made.needed && apply;
    *repair = made;
    return 0;
}
