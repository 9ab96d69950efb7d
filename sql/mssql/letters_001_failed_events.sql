-- SPDX-License-Identifier: Apache-2.0
--
-- For the dead letters: events that could not be delivered, and why.  People read this table too, hence
-- the names.  Event is NULL where its bytes are no text: then they are in Bytes, as hexadecimal digits, as
-- is Id: drivers and servers differ in what they make of binary values.  Place is the file that has
-- the event's bytes, where only their head is here.
-- Versions come from a sequence, which outlives the letters: none comes back.

CREATE SEQUENCE [FailedEventsVersions] AS BIGINT START WITH 1;

CREATE TABLE [FailedEvents] (
    [Id] VARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,
    [Version] BIGINT NOT NULL,
    [Pipeline] NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [Stage] NVARCHAR(MAX) NULL,
    [Plugin] NVARCHAR(MAX) NULL,
    [Class] NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    [Reason] NVARCHAR(MAX) NULL,
    [ColumnName] NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    [Pointer] NVARCHAR(MAX) NULL,
    [EventId] NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    [EventKey] NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    [SourceCursor] NVARCHAR(MAX) NULL,
    [Place] NVARCHAR(MAX) NULL,
    [Attempts] BIGINT NOT NULL,
    [FirstSeenUtc] DATETIMEOFFSET(7) NOT NULL,
    [LastSeenUtc] DATETIMEOFFSET(7) NOT NULL,
    [Event] NVARCHAR(MAX) NULL,
    [Bytes] VARCHAR(MAX) NULL,
    CHECK (([Event] IS NULL AND [Bytes] IS NOT NULL) OR ([Event] IS NOT NULL AND [Bytes] IS NULL)));

-- A scan goes by the time when letters were first seen, which they keep.
CREATE INDEX [FailedEventsByTime] ON [FailedEvents] ([Pipeline], [FirstSeenUtc], [Id])
