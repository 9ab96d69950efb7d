-- SPDX-License-Identifier: Apache-2.0
--
-- For every part that keeps tables in the database: which migrations of it have run, when, and the SHA-256 of
-- each one's text, which never changes.
--
-- It has no number there, since it makes the table of the numbers: it runs before the migrations of any part,
-- again and again, and must leave alone what is there.

IF OBJECT_ID(N'[ScanpipeSchema]') IS NULL
CREATE TABLE [ScanpipeSchema] (
    [Part] NVARCHAR(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [Number] INT NOT NULL,
    [Checksum] NVARCHAR(64) NOT NULL,
    [AppliedAtUtc] DATETIMEOFFSET(7) NOT NULL,
    PRIMARY KEY ([Part], [Number]))
