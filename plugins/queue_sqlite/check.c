/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "care.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Of what SQLite says about damage, so much is told. */
enum { TOLD_MOST = 20 };

void findings_add(struct findings *findings, enum sp_level level, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20)
            *at = ' ';
    if (findings->count == findings->capacity) {
        size_t capacity = findings->capacity ? 2 * findings->capacity : 16;
        findings->items =
            sp_arena_resize(findings->arena, findings->items, findings->capacity * sizeof *findings->items,
                            capacity * sizeof *findings->items);
        findings->capacity = capacity;
    }
    findings->items[findings->count++] =
        (struct sp_finding){level, sp_arena_text(findings->arena, text, strlen(text))};
    findings->damaged = findings->damaged || level == SP_ERROR;
}

void care_begin(struct queue_handle *handle, int64_t deadline)
{
    atomic_store(&handle->lite.interrupted, false);
    handle->lite.deadline = deadline;
}

int care_go_on(const struct queue_handle *handle, struct sp_error *err)
{
    if (atomic_load(&handle->lite.interrupted))
        return sp_fail(err, SP_STOPPED, "interrupted");
    if (sp_clock_now() < handle->lite.deadline)
        return 0;
    return sp_fail(err, SP_UNAVAILABLE, "%s: this took longer than it may", handle->queue->config->lite.path);
}

static bool is_there(const char *path, const char *suffix, int64_t *size_out)
{
    char whole[4200];
    struct stat about;
    if ((size_t)snprintf(whole, sizeof whole, "%s%s", path, suffix) >= sizeof whole ||
        stat(whole, &about) != 0)
        return false;
    *size_out = about.st_size;
    return true;
}

/* ---- as it lies on the disk */

static void check_bytes(const struct pages *pages, struct findings *findings)
{
    if (pages->file_size > 0 && !pages->header_good)
        findings_add(findings, SP_ERROR,
                     "the file does not begin as a database does: its header is damaged, "
                     "or it is another program's file");
    if (pages->file_size % (int64_t)pages->page_size != 0 && pages->file_size > 0)
        findings_add(findings, SP_ERROR,
                     "the file ends in the middle of a page: it has %" PRId64 " bytes, and its pages %zu",
                     pages->file_size, pages->page_size);
    if (pages->header_good && pages->claimed > pages->count)
        findings_add(findings, SP_ERROR, "the file is cut short: it has %" PRIu32 " pages of %" PRIu32,
                     pages->count, pages->claimed);
    if (pages->log_unread)
        findings_add(
            findings, SP_WARN,
            "the log beside it (-wal) is damaged at its beginning, so SQLite passes it over: what stood "
            "there alone is gone, and 'scanpipe verify' finds which events that were");
    if (pages->log_commit > 0)
        findings_add(findings, SP_INFO,
                     "the log beside it (-wal) holds %" PRIu32 " pages that count, which belong to the file",
                     pages->log_commit);
}

/* ---- through SQLite */

/* One row of SQLite's answer may be many lines, under a heading. */
static void add_lines(struct findings *findings, const char *text, size_t *told)
{
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        bool heading = strncmp(text, "***", 3) == 0, ok = length == 2 && memcmp(text, "ok", 2) == 0;
        if (length > 0 && !heading && !ok && (*told)++ < TOLD_MOST)
            findings_add(findings, SP_ERROR, "SQLite finds: %.*s", (int)length, text);
    }
}

static int check_structure(sqlite3 *file, bool full, struct findings *findings)
{
    sqlite3_stmt *statement = NULL;
    size_t told = 0;
    int rc = sqlite3_prepare_v2(file, full ? "PRAGMA integrity_check(1000)" : "PRAGMA quick_check(1000)", -1,
                                &statement, NULL);
    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(statement, 0);
            add_lines(findings, text ? text : "", &told);
        }
    sqlite3_finalize(statement);
    if (told > TOLD_MOST)
        findings_add(findings, SP_ERROR, "SQLite finds %zu more fault%s", told - TOLD_MOST,
                     told - TOLD_MOST == 1 ? "" : "s");
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* What must be so in a queue, each as a query that counts what is not. */
static const struct rule {
    const char *sql;
    enum sp_level level;
    const char *one, *many; /* the second stands after the number; NULL: it is not counted */
} rules[] = {
    {"SELECT count(*) <> 1 FROM QueueTotals", SP_ERROR, "the row of the totals is missing", NULL},
    {"SELECT abs((SELECT count(*) FROM QueueMessages) - Messages) FROM QueueTotals", SP_ERROR,
     "one message more or less is there than the totals say",
     "messages more or less are there than the totals say"},
    {"SELECT abs((SELECT coalesce(sum(Size), 0) FROM QueueMessages) - Bytes) FROM QueueTotals", SP_ERROR,
     "one byte more or less is in the messages than the totals say",
     "bytes more or less are in the messages than the totals say"},
    {"SELECT coalesce((SELECT max(Id) FROM QueueMessages), 0) > LastId FROM QueueTotals", SP_ERROR,
     "there is a message after the last id that was given", NULL},
    {"SELECT count(*) FROM QueueMessages WHERE Size <> length(Body)", SP_ERROR,
     "one message has another size than was written down",
     "messages have another size than was written down"},
    {"SELECT count(*) FROM QueueLeases WHERE NOT EXISTS (SELECT 1 FROM QueueMessages WHERE Id = Message)",
     SP_WARN, "one lease is of a message that is not there; it does no harm",
     "leases are of messages that are not there; they do no harm"},
    {"SELECT count(*) FROM QueueMessages WHERE Id <= (SELECT Taken FROM QueueTotals) AND NOT EXISTS"
     " (SELECT 1 FROM QueueLeases WHERE Message = Id)",
     SP_WARN, "one message that was handed out lacks its lease; the next process that starts finds it",
     "messages that were handed out lack their lease; the next process that starts finds them"},
    {"SELECT count(*) FROM QueueLeases WHERE EndsAt > 0 AND NOT EXISTS"
     " (SELECT 1 FROM QueueHolders WHERE Number = Holder)",
     SP_WARN, "one lease has a holder that nothing is known of; it ends by time",
     "leases have a holder that nothing is known of; they end by time"},
};

static void add_counted(struct findings *findings, enum sp_level level, uint64_t count, const char *one,
                        const char *many)
{
    if (count > 1 && many)
        findings_add(findings, level, "%" PRIu64 " %s", count, many);
    else if (count > 0)
        findings_add(findings, level, "%s", one);
}

static int check_rules(sqlite3 *file, struct findings *findings)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < sizeof rules / sizeof *rules && rc == SQLITE_OK; i++) {
        int64_t count = look_number(file, rules[i].sql, 0, &rc);
        if (rc == SQLITE_OK && count > 0)
            add_counted(findings, rules[i].level, (uint64_t)count, rules[i].one, rules[i].many);
    }
    return rc;
}

/* Is it a queue of ours, and one that we know?  *known_out: its tables may be looked at. */
static int check_version(sqlite3 *file, struct findings *findings, bool *known_out)
{
    int rc;
    int64_t ours =
        look_number(file,
                    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'ScanpipeSchema'", 0,
                    &rc);
    int64_t version = 0;
    if (rc == SQLITE_OK && ours)
        version = look_number(file, "SELECT Version FROM ScanpipeSchema WHERE Part = 'queue'", 0, &rc);
    *known_out = rc == SQLITE_OK && version == (int64_t)queue_part.migration_count;
    if (rc != SQLITE_OK)
        return rc;
    if (version == 0)
        findings_add(findings, SP_INFO, "no queue was made in this file yet");
    else if (version < (int64_t)queue_part.migration_count)
        findings_add(findings, SP_INFO, "its tables are of version %" PRId64 "; the next run makes them %zu",
                     version, queue_part.migration_count);
    else if (!*known_out)
        findings_add(findings, SP_WARN,
                     "its tables are of version %" PRId64 ", made by a newer scanpipe: use that one",
                     version);
    return SQLITE_OK;
}

static int check_messages(sqlite3 *file, bool full, struct findings *findings, struct content *content)
{
    int rc;
    content->messages = (uint64_t)look_number(file, "SELECT count(*) FROM QueueMessages", 0, &rc);
    if (rc == SQLITE_OK)
        content->events =
            (uint64_t)look_number(file, "SELECT coalesce(sum(Events), 0) FROM QueueMessages", 0, &rc);
    uint64_t stuck = 0;
    if (rc == SQLITE_OK && full)
        rc = salvage_count_doubtful(file, &content->doubtful, &stuck);
    if (rc == SQLITE_OK)
        add_counted(findings, SP_ERROR, stuck,
                    "one message has attributes that cannot be read: nothing after it is delivered",
                    "messages have attributes that cannot be read: nothing after them is delivered");
    if (rc == SQLITE_OK)
        add_counted(findings, SP_WARN, content->doubtful,
                    "one message is perhaps not what was sent; what is no JSON in it becomes dead letters "
                    "when it is delivered",
                    "messages are perhaps not what was sent; what is no JSON in them becomes dead letters "
                    "when they are delivered");
    return rc;
}

static int check_tables(sqlite3 *file, bool full, struct findings *findings, struct content *content)
{
    bool known;
    int rc = check_structure(file, full, findings);
    if (rc == SQLITE_OK)
        rc = check_version(file, findings, &known);
    if (rc == SQLITE_OK && known)
        rc = check_rules(file, findings);
    if (rc == SQLITE_OK && known)
        rc = check_messages(file, full, findings, content);
    return rc;
}

int check_database(struct queue_handle *handle, const char *path, bool full, struct findings *findings,
                   struct content *content, struct sp_error *err)
{
    sqlite3 *file = NULL;
    int rc = look_open(handle, path, &file), failed = 0;
    /* One state of the file for all that is compared. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(file, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = check_tables(file, full, findings, content);
    if (rc != SQLITE_OK && look_is_damage(rc))
        findings_add(findings, SP_ERROR, "SQLite cannot read it: %s", sqlite3_errmsg(file));
    else if (rc != SQLITE_OK)
        failed = look_fail(handle, file, rc, "checking the file", err);
    sqlite3_close(file);
    return failed;
}

static bool has_folder(const char *path)
{
    char folder[4200];
    struct stat about;
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return stat(folder, &about) == 0 && S_ISDIR(about.st_mode);
}

static void add_absent(struct findings *findings, const char *path)
{
    int64_t size;
    if (is_there(path, "-wal", &size) && size > 0)
        findings_add(findings, SP_WARN, "the file is not there, but the log beside it is: was it moved?");
    if (has_folder(path))
        findings_add(findings, SP_INFO, "%s is not there: nothing was sent yet, or `path` is another", path);
    else
        findings_add(
            findings, SP_WARN,
            "%s is not there, and neither is its folder: make that, or let `path` name another place", path);
}

int check_file(struct queue_handle *handle, bool full, struct findings *findings, struct content *content,
               struct sp_error *err)
{
    const char *path = handle->queue->config->lite.path;
    struct pages pages;
    int64_t size;
    *content = (struct content){0};
    if (is_there(path, ".repaired", &size))
        findings_add(findings, SP_ERROR,
                     "%s.repaired is there: a repair was interrupted before its end; "
                     "what that file holds is added when it is repaired again",
                     path);
    if (!is_there(path, "", &size)) {
        add_absent(findings, path);
        content->absent = true;
        return 0;
    }
    if (pages_open(&pages, path, err) < 0)
        return -1;
    check_bytes(&pages, findings);
    bool empty = pages.file_size == 0 && pages.log_commit == 0;
    pages_close(&pages);
    if (empty) {
        findings_add(findings, SP_INFO, "the file is empty: no queue was made in it yet");
        return 0;
    }
    return check_database(handle, path, full, findings, content, err);
}

int queue_look(void *opaque, bool full, struct sp_arena *arena, struct sp_queue_health *health,
               int64_t deadline, struct sp_error *err)
{
    struct findings findings = {.arena = arena};
    struct content content;
    care_begin(opaque, deadline);
    if (care_go_on(opaque, err) < 0 || check_file(opaque, full, &findings, &content, err) < 0)
        return -1;
    health->findings = findings.items;
    health->finding_count = findings.count;
    health->damaged = findings.damaged;
    health->messages = content.messages;
    health->events = content.events;
    health->doubtful = content.doubtful;
    if (health->size > offsetof(struct sp_queue_health, absent))
        health->absent = content.absent;
    return 0;
}
