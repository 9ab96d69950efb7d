-- SPDX-License-Identifier: Apache-2.0
--
-- For every part that keeps tables in the database: which migrations of it have run, when, and the SHA-256 of
-- each one's text, which never changes.
--
-- It has no number there, since it makes the table of the numbers: it runs before the migrations of any part,
-- again and again, and must leave alone what is there.

CREATE TABLE IF NOT EXISTS "ScanpipeSchema" (
    "Part" text COLLATE "C" NOT NULL,
    "Number" integer NOT NULL,
    "Checksum" text NOT NULL,
    "AppliedAtUtc" timestamp with time zone NOT NULL,
    PRIMARY KEY ("Part", "Number"))
