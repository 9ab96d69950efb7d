/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void read_line(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0)
        close(fd);
    out[length > 0 ? length : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

/* Field 22 of /proc/self/stat, after the name, which may hold anything. */
static int64_t own_start(void)
{
    char text[1024];
    read_line("/proc/self/stat", text, sizeof text);
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at ? strtoll(at, NULL, 10) : 0;
}

void holder_of_this_process(struct holder *self)
{
    *self = (struct holder){.pid = getpid(), .started = own_start()};
    const char *boot = getenv("SCANPIPE_BOOT_ID");
    if (boot && *boot)
        snprintf(self->boot, sizeof self->boot, "%s", boot);
    else
        read_line("/proc/sys/kernel/random/boot_id", self->boot, sizeof self->boot);
    ssize_t length = readlink("/proc/self/ns/pid", self->pid_namespace, sizeof self->pid_namespace - 1);
    self->pid_namespace[length > 0 ? length : 0] = '\0';
}

bool holder_equal(const struct holder *a, const struct holder *b)
{
    return a->pid == b->pid && a->started == b->started && strcmp(a->boot, b->boot) == 0 &&
           strcmp(a->pid_namespace, b->pid_namespace) == 0;
}

bool holder_is_gone(const struct holder *self, const struct holder *other)
{
    /* Where /proc could not be read, nothing is certain. */
    if (!self->boot[0] || !other->boot[0] || !self->pid_namespace[0] || !other->pid_namespace[0])
        return false;
    if (strcmp(self->boot, other->boot) != 0)
        return true;
    if (strcmp(self->pid_namespace, other->pid_namespace) != 0)
        return false;
    if (self->pid == other->pid)
        return self->started && other->started && self->started != other->started;
    return kill((pid_t)other->pid, 0) < 0 && errno == ESRCH;
}

void holder_read(sqlite3_stmt *row, struct holder *out)
{
    const char *boot = (const char *)sqlite3_column_text(row, 1);
    const char *namespace = (const char *)sqlite3_column_text(row, 2);
    *out = (struct holder){.pid = sqlite3_column_int64(row, 3), .started = sqlite3_column_int64(row, 4)};
    snprintf(out->boot, sizeof out->boot, "%s", boot ? boot : "");
    snprintf(out->pid_namespace, sizeof out->pid_namespace, "%s", namespace ? namespace : "");
}

int holder_any_gone(struct queue_handle *handle, bool *gone_out)
{
    sqlite3_stmt *holders = handle->lite.statements[QUEUE_HOLDERS];
    struct holder one;
    bool gone = false;
    int rc;
    while ((rc = sqlite3_step(holders)) == SQLITE_ROW && !gone) {
        holder_read(holders, &one);
        gone = holder_is_gone(&handle->queue->self, &one);
    }
    lite_reset(holders);
    *gone_out = gone;
    return gone || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int free_leases(struct lite *db, int64_t number)
{
    char text[256];
    snprintf(text, sizeof text,
             "UPDATE QueueLeases SET EndsAt = 0, Token = 0, Suspect = 1 WHERE Holder = %lld AND EndsAt > 0;"
             "DELETE FROM QueueHolders WHERE Number = %lld",
             (long long)number, (long long)number);
    return lite_execute(db, text);
}

/* A new process also looks whether somebody deleted leases by hand: their messages would be passed over. */
static int add_self(struct queue_handle *handle)
{
    const struct holder *self = &handle->queue->self;
    char *text = sqlite3_mprintf(
        "INSERT INTO QueueHolders (Boot, PidNamespace, Pid, StartedAt) VALUES (%Q, %Q, %lld, %lld);"
        "UPDATE QueueTotals SET Taken = coalesce((SELECT min(Id) - 1 FROM QueueMessages WHERE Id <= Taken"
        " AND NOT EXISTS (SELECT 1 FROM QueueLeases WHERE Message = Id)), Taken)",
        self->boot, self->pid_namespace, (long long)self->pid, (long long)self->started);
    if (!text)
        return SQLITE_NOMEM;
    int rc = lite_execute(&handle->lite, text);
    sqlite3_free(text);
    return rc;
}

/* One that is gone, by number; 0 where there is none.  Notes this process's own number on the way. */
static int find_gone(struct queue_handle *handle, int64_t *gone_out, int64_t *own_out)
{
    sqlite3_stmt *holders = handle->lite.statements[QUEUE_HOLDERS];
    const struct holder *self = &handle->queue->self;
    struct holder one;
    int rc;
    *gone_out = *own_out = 0;
    while ((rc = sqlite3_step(holders)) == SQLITE_ROW) {
        holder_read(holders, &one);
        if (holder_equal(self, &one))
            *own_out = sqlite3_column_int64(holders, 0);
        else if (holder_is_gone(self, &one))
            *gone_out = sqlite3_column_int64(holders, 0);
    }
    lite_reset(holders);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int holder_register(struct queue_handle *handle, int64_t *number_out)
{
    for (;;) {
        int64_t gone, own;
        int rc = find_gone(handle, &gone, &own);
        if (rc == SQLITE_OK && !gone && own) {
            *number_out = own;
            return SQLITE_OK;
        }
        if (rc == SQLITE_OK)
            rc = gone ? free_leases(&handle->lite, gone) : add_self(handle);
        if (rc != SQLITE_OK)
            return rc;
    }
}
