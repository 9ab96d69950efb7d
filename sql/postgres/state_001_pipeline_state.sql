-- SPDX-License-Identifier: Apache-2.0
--
-- For the state: the records of pipelines, such as the poller's cursor, written by compare and swap.
-- Versions come from a sequence, which outlives the records: none comes back.

CREATE SEQUENCE "PipelineStateVersions";

CREATE TABLE "PipelineState" (
    "Pipeline" text COLLATE "C" NOT NULL,
    "Name" text COLLATE "C" NOT NULL,
    "Version" bigint NOT NULL,
    "Value" bytea NOT NULL,
    "ChangedAtUtc" timestamp with time zone NOT NULL,
    PRIMARY KEY ("Pipeline", "Name"));

-- For people: how far each pipeline's source has been read.  Kept up with the poller's record, in the same
-- statement; nothing reads it.  It is there already where another program's was taken over.

CREATE TABLE IF NOT EXISTS "ProcessingState" (
    "Pipeline" text COLLATE "C" NOT NULL PRIMARY KEY,
    "LastEventId" bigint NOT NULL,
    "UpdatedAtUtc" timestamp with time zone NOT NULL)
