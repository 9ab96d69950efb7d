-- SPDX-License-Identifier: Apache-2.0

-- The key makes ON CONFLICT possible. Columns of a group may be NULL: a row is there once any event of its key came.
CREATE TABLE "Scans" ("ParcelId" integer NOT NULL, "EventId" bigint NOT NULL, "Type" varchar(50), PRIMARY KEY ("ParcelId", "EventId"));

-- A column that came later; reading the source again fills it.
ALTER TABLE "Scans" ADD COLUMN "Type" varchar(50);

-- Safe with many writers: whoever comes second waits for the first, and does nothing where that one has committed.
INSERT INTO "Scans" AS t ("ParcelId", "EventId", "Type")
    SELECT s.c0, s.c1, s.c2
    FROM ROWS FROM (json_to_recordset(CAST(? AS json)) AS (c0 integer, c1 bigint, c2 text))
    WITH ORDINALITY AS s (c0, c1, c2, n)
    ORDER BY s.n
    ON CONFLICT ("ParcelId", "EventId") DO NOTHING;

-- One snapshot; rows that are not there do not come. Text, so that no driver changes a value.
SELECT s.n, t."ParcelId"::text, t."EventId"::text, t."Type"::text
    FROM json_to_recordset(CAST(? AS json)) AS s (n bigint, c0 integer, c1 bigint)
    JOIN "Scans" AS t ON t."ParcelId" = s.c0 AND t."EventId" = s.c1;
