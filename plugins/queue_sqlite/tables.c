/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include <sql/sqlite_migrations.h>

static const char *const migrations[] = {QUEUE_MIGRATIONS};

static const char *const statements[] = {
    [QUEUE_TOTALS] = "SELECT LastId, Messages, Bytes,"
                     " (SELECT SentAtMs FROM QueueMessages ORDER BY Id LIMIT 1) FROM QueueTotals",
    [QUEUE_SEND] = "INSERT INTO QueueMessages VALUES (?, ?, ?, ?, ?, ?)",
    /* Is there something new, and when does the first lease end? */
    [QUEUE_PEEK] = "SELECT EXISTS (SELECT 1 FROM QueueMessages WHERE Id > (SELECT Taken FROM QueueTotals)),"
                   " (SELECT min(EndsAt) FROM QueueLeases)",
    [QUEUE_VERSION] = "PRAGMA data_version",
    [QUEUE_FREE] = "SELECT Message, EndsAt > 0 OR Suspect FROM QueueLeases WHERE EndsAt <= ?"
                   " ORDER BY EndsAt, Message LIMIT ?",
    [QUEUE_NEW] = "SELECT Id FROM QueueMessages WHERE Id > (SELECT Taken FROM QueueTotals)"
                  " AND NOT EXISTS (SELECT 1 FROM QueueLeases WHERE Message = Id) ORDER BY Id LIMIT ?",
    [QUEUE_MESSAGE] = "SELECT Size, SentAtMs, Attributes, Body FROM QueueMessages WHERE Id = ?",
    [QUEUE_LEASE] = "INSERT OR REPLACE INTO QueueLeases VALUES (?, ?, ?, ?, ?)",
    [QUEUE_TAKEN] = "UPDATE QueueTotals SET Taken = max(Taken, ?)",
    [QUEUE_DONE] = "DELETE FROM QueueMessages WHERE Id = ?",
    [QUEUE_RELEASE] = "UPDATE QueueLeases SET EndsAt = 0, Token = 0 WHERE Message = ? AND Token = ?",
    [QUEUE_EXTEND] = "UPDATE QueueLeases SET EndsAt = ? WHERE Message = ? AND Token = ?",
    [QUEUE_FORGET] = "DELETE FROM QueueLeases WHERE Message = ?",
    [QUEUE_HOLDERS] = "SELECT Number, Boot, PidNamespace, Pid, StartedAt FROM QueueHolders",
    [QUEUE_LEASED] = "SELECT Number, Boot, PidNamespace, Pid, StartedAt, count(*) FROM QueueLeases"
                     " JOIN QueueHolders ON Number = Holder WHERE EndsAt > ? GROUP BY Number",
};

const struct lite_part queue_part = {
    .name = "queue",
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof *migrations,
    .statements = statements,
    .statement_count = QUEUE_STATEMENTS,
};
