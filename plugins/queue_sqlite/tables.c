/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

/*
 * A message is written once and never updated: its blob is large.  Leases are rows of their own.
 *
 * QueueTotals is one row, kept right by triggers: counting a table of blobs would read it, and an id that
 * comes from the table itself would come again when the table has run empty.
 *
 * Every message up to Taken was handed out once, and has a lease: EndsAt is 0 where it is free again.  So
 * what is free is found by two seeks, however much is leased.  Suspect: somebody held it and neither
 * settled nor released it.
 */
static const char *const migrations[] = {
    "CREATE TABLE QueueMessages ("
    " Id INTEGER PRIMARY KEY, Size INTEGER NOT NULL, SentAtMs INTEGER NOT NULL, Events INTEGER NOT NULL,"
    " Attributes BLOB, Body BLOB NOT NULL);"
    "CREATE TABLE QueueLeases ("
    " Message INTEGER PRIMARY KEY, EndsAt INTEGER NOT NULL, Token INTEGER NOT NULL, Holder INTEGER NOT NULL,"
    " Suspect INTEGER NOT NULL);"
    "CREATE INDEX QueueLeasesByEnd ON QueueLeases (EndsAt);"
    "CREATE TABLE QueueHolders ("
    " Number INTEGER PRIMARY KEY, Boot TEXT NOT NULL, PidNamespace TEXT NOT NULL, Pid INTEGER NOT NULL,"
    " StartedAt INTEGER NOT NULL);"
    "CREATE TABLE QueueTotals ("
    " One INTEGER PRIMARY KEY CHECK (One = 1), LastId INTEGER NOT NULL, Taken INTEGER NOT NULL,"
    " Messages INTEGER NOT NULL, Bytes INTEGER NOT NULL);"
    "INSERT INTO QueueTotals VALUES (1, 0, 0, 0, 0);"
    "CREATE TRIGGER QueueMessageSent AFTER INSERT ON QueueMessages BEGIN"
    " UPDATE QueueTotals SET LastId = new.Id, Messages = Messages + 1, Bytes = Bytes + new.Size; END;"
    "CREATE TRIGGER QueueMessageGone AFTER DELETE ON QueueMessages BEGIN"
    " DELETE FROM QueueLeases WHERE Message = old.Id;"
    " UPDATE QueueTotals SET Messages = Messages - 1, Bytes = Bytes - old.Size; END;",
};

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
