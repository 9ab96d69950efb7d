/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include <errno.h>
#include <unistd.h>

enum sp_class lite_class(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return SP_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return SP_CONTENDED;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_NOLFS:
        return SP_UNAVAILABLE;
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return SP_REFUSED;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        return SP_REJECTED;
    case SQLITE_INTERRUPT:
        return SP_STOPPED;
    default:
        return SP_UNKNOWN;
    }
}

/* The queue's file may hold state and dead letters too, and repairing it brings those along. */
static void say_cure_of_damage(const struct lite *db, const char *otherwise, struct sp_error *err)
{
    const char *part = db->store->part->name;
    if (strcmp(part, "queue") == 0)
        sp_fail_cure(err,
                     "see what is left with 'scanpipe queue check -c FILE', then 'scanpipe queue repair'");
    else if (strcmp(part, "state") == 0 || strcmp(part, "letters") == 0)
        sp_fail_cure(err, "where it is the queue's file: 'scanpipe queue repair -c FILE'; else %s",
                     otherwise);
    else
        sp_fail_cure(err, "%s", otherwise);
}

static void say_cure(const struct lite *db, int rc, int system_error, struct sp_error *err)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        sp_fail_cure(err, "make room on the disk of this file; work goes on by itself");
        break;
    case SQLITE_IOERR:
        if (system_error == ENOSPC || system_error == EDQUOT)
            sp_fail_cure(err, "make room on the disk of this file; work goes on by itself");
        else
            sp_fail_cure(err, "look at the disk of this file");
        break;
    case SQLITE_READONLY:
        sp_fail_cure(
            err,
            "let this user write the file, those beside it ending in -wal and -shm, its folder and its file system");
        break;
    case SQLITE_CANTOPEN:
        if (system_error == ENOENT)
            sp_fail_cure(err, "make the folder, or let `path` name another place");
        else
            sp_fail_cure(err, "let this user write the file and its folder, on a local disk");
        break;
    case SQLITE_CORRUPT:
        say_cure_of_damage(db, "save what `sqlite3 FILE .recover` still finds, and move the file away", err);
        break;
    case SQLITE_NOTADB:
        say_cure_of_damage(db, "let `path` name another file, or move this one away", err);
        break;
    default:
        break;
    }
}

int lite_why_not_opened(const char *path, int told)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 1;
    if (length >= sizeof folder)
        return told;
    memcpy(folder, slash ? path : ".", length);
    folder[length] = '\0';
    if (access(length ? folder : "/", W_OK | X_OK) != 0)
        return errno;
    if (access(path, R_OK | W_OK) != 0 && errno != ENOENT)
        return errno;
    return told;
}

void lite_explain(const struct lite *db, int rc, const char *doing, struct sp_error *err)
{
    int system_error = db->file ? sqlite3_system_errno(db->file) : 0;
    /* The connection's own text knows more (which constraint), where it speaks of the same code. */
    const char *text =
        db->file && sqlite3_extended_errcode(db->file) == rc ? sqlite3_errmsg(db->file) : sqlite3_errstr(rc);
    const char *path = db->store->config->path;
    int primary = rc & 0xff;
    if (primary == SQLITE_CANTOPEN)
        system_error = lite_why_not_opened(path, system_error);
    bool by_system = primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR;
    if (by_system && system_error)
        sp_fail(err, lite_class(rc), "%s: %s: %s (%s)", path, doing, text, strerror(system_error));
    else
        sp_fail(err, lite_class(rc), "%s: %s: %s", path, doing, text);
    say_cure(db, rc, system_error, err);
}
