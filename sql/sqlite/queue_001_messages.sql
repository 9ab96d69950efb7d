-- SPDX-License-Identifier: Apache-2.0
--
-- For the queue: messages, who holds which, and the totals.

-- Written once and never updated: the blob is large.
CREATE TABLE QueueMessages (
    Id INTEGER PRIMARY KEY,
    Size INTEGER NOT NULL,
    SentAtMs INTEGER NOT NULL,
    Events INTEGER NOT NULL,
    Attributes BLOB,
    Body BLOB NOT NULL);

-- Leases are rows of their own.  Every message up to QueueTotals.Taken was handed out once, and has one:
-- EndsAt is 0 where it is free again.  So what is free is found by two seeks, however much is leased.
-- Suspect: somebody held the message and neither settled nor released it.
CREATE TABLE QueueLeases (
    Message INTEGER PRIMARY KEY,
    EndsAt INTEGER NOT NULL,
    Token INTEGER NOT NULL,
    Holder INTEGER NOT NULL,
    Suspect INTEGER NOT NULL);

CREATE INDEX QueueLeasesByEnd ON QueueLeases (EndsAt);

-- The processes that hold leases, so that those of a process that is gone are free at once.
CREATE TABLE QueueHolders (
    Number INTEGER PRIMARY KEY,
    Boot TEXT NOT NULL,
    PidNamespace TEXT NOT NULL,
    Pid INTEGER NOT NULL,
    StartedAt INTEGER NOT NULL);

-- One row, kept right by the triggers: counting a table of blobs would read it, and an id that comes from
-- the table itself would come again when the table has run empty.
CREATE TABLE QueueTotals (
    One INTEGER PRIMARY KEY CHECK (One = 1),
    LastId INTEGER NOT NULL,
    Taken INTEGER NOT NULL,
    Messages INTEGER NOT NULL,
    Bytes INTEGER NOT NULL);

INSERT INTO QueueTotals VALUES (1, 0, 0, 0, 0);

CREATE TRIGGER QueueMessageSent AFTER INSERT ON QueueMessages BEGIN
    UPDATE QueueTotals SET LastId = new.Id, Messages = Messages + 1, Bytes = Bytes + new.Size;
END;

CREATE TRIGGER QueueMessageGone AFTER DELETE ON QueueMessages BEGIN
    DELETE FROM QueueLeases WHERE Message = old.Id;
    UPDATE QueueTotals SET Messages = Messages - 1, Bytes = Bytes - old.Size;
END;
