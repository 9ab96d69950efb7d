-- SPDX-License-Identifier: Apache-2.0
--
-- For every part that keeps tables in the file: the SHA-256 of each migration's text that was run here, which
-- never changes.  What ran before there was this table is not in it.
--
-- It has no version, as shared_001 says.

CREATE TABLE IF NOT EXISTS ScanpipeMigrations (
    Part TEXT NOT NULL,
    Number INTEGER NOT NULL,
    Checksum TEXT NOT NULL,
    AppliedAtMs INTEGER NOT NULL,
    PRIMARY KEY (Part, Number)) WITHOUT ROWID;
