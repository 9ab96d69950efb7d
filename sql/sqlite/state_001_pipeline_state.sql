-- SPDX-License-Identifier: Apache-2.0
--
-- For the state: the records of pipelines, such as the poller's cursor, written by compare and swap.
-- The counter outlives the records, so a version never comes back.

CREATE TABLE PipelineState (
    Pipeline TEXT NOT NULL,
    Name TEXT NOT NULL,
    Version INTEGER NOT NULL,
    Value BLOB NOT NULL,
    ChangedAtMs INTEGER NOT NULL,
    PRIMARY KEY (Pipeline, Name)) WITHOUT ROWID;

INSERT OR IGNORE INTO ScanpipeCounters VALUES ('state', 0);
