-- SPDX-License-Identifier: Apache-2.0
--
-- For the state: the records of pipelines, such as the poller's cursor, written by compare and swap.
-- Versions come from a sequence, which outlives the records: none comes back.
-- Value has its bytes as hexadecimal digits.

CREATE SEQUENCE [PipelineStateVersions] AS BIGINT START WITH 1;

CREATE TABLE [PipelineState] (
    [Pipeline] NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [Name] NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [Version] BIGINT NOT NULL,
    [Value] VARCHAR(MAX) NOT NULL,
    [ChangedAtUtc] DATETIMEOFFSET(7) NOT NULL,
    PRIMARY KEY ([Pipeline], [Name]));

-- For people: how far each pipeline's source has been read.  Kept up with the poller's record, in the same
-- transaction; nothing reads it.  It is there already where another program's was taken over.

IF OBJECT_ID(N'[ProcessingState]') IS NULL
CREATE TABLE [ProcessingState] (
    [Pipeline] NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,
    [LastEventId] BIGINT NOT NULL,
    [UpdatedAtUtc] DATETIMEOFFSET(7) NOT NULL)
