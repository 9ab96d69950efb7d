-- SPDX-License-Identifier: Apache-2.0
--
-- For the dead letters: events that could not be delivered, and why.  People read this table too, hence
-- the names.  Event has no type: it is text where the bytes are valid text, else a blob.
-- The counter outlives the letters, so a version never comes back.

CREATE TABLE FailedEvents (
    Id BLOB NOT NULL PRIMARY KEY,
    Version INTEGER NOT NULL,
    Pipeline TEXT NOT NULL,
    Stage TEXT,
    Plugin TEXT,
    Class TEXT,
    Reason TEXT,
    ColumnName TEXT,
    Pointer TEXT,
    EventId TEXT,
    EventKey TEXT,
    SourceCursor TEXT,
    Attempts INTEGER NOT NULL,
    FirstSeenMs INTEGER NOT NULL,
    LastSeenMs INTEGER NOT NULL,
    Event NOT NULL);

-- A scan goes by the time when letters were first seen, which they keep.
CREATE INDEX FailedEventsByTime ON FailedEvents (Pipeline, FirstSeenMs, Id);

INSERT OR IGNORE INTO ScanpipeCounters VALUES ('letters', 0);
