-- SPDX-License-Identifier: Apache-2.0
--
-- For every part that keeps tables in the file.  ScanpipeSchema: up to which number a part's migrations
-- have run.  ScanpipeCounters: numbers that never go back, one a name.
--
-- It has no version, since it makes the table of the versions: it runs before the migrations of any part,
-- again and again, and must leave alone what is there.

CREATE TABLE IF NOT EXISTS ScanpipeSchema (
    Part TEXT PRIMARY KEY,
    Version INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ScanpipeCounters (
    Name TEXT PRIMARY KEY,
    Value INTEGER NOT NULL) WITHOUT ROWID;
