-- SPDX-License-Identifier: Apache-2.0
--
-- For the dead letters: events that could not be delivered, and why.  People read this table too, hence
-- the names.  Event is NULL where its bytes are no text: then they are in Bytes.  Place is the file that has
-- the event's bytes, where only their head is here.
-- Versions come from a sequence, which outlives the letters: none comes back.

CREATE SEQUENCE "FailedEventsVersions";

CREATE TABLE "FailedEvents" (
    "Id" bytea NOT NULL PRIMARY KEY,
    "Version" bigint NOT NULL,
    "Pipeline" text COLLATE "C" NOT NULL,
    "Stage" text,
    "Plugin" text,
    "Class" text,
    "Reason" text,
    "ColumnName" text,
    "Pointer" text,
    "EventId" text,
    "EventKey" text,
    "SourceCursor" text,
    "Place" text,
    "Attempts" bigint NOT NULL,
    "FirstSeenUtc" timestamp with time zone NOT NULL,
    "LastSeenUtc" timestamp with time zone NOT NULL,
    "Event" text,
    "Bytes" bytea,
    CHECK (("Event" IS NULL) <> ("Bytes" IS NULL)));

-- A scan goes by the time when letters were first seen, which they keep.
CREATE INDEX "FailedEventsByTime" ON "FailedEvents" ("Pipeline", "FirstSeenUtc", "Id")
