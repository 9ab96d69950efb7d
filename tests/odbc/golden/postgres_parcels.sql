-- SPDX-License-Identifier: Apache-2.0

-- The key makes ON CONFLICT possible. Columns of a group may be NULL: a row is there once any event of its key came.
CREATE TABLE "ParcelSummary" ("ParcelId" integer NOT NULL, "LatestEventId" bigint, "LatestType" varchar(50), "PickedUpAtUtc" timestamp with time zone, "PickedUpEventId" bigint, PRIMARY KEY ("ParcelId"));

-- A column that came later; reading the source again fills it.
ALTER TABLE "ParcelSummary" ADD COLUMN "PickedUpEventId" bigint;

-- Safe with many writers, at READ COMMITTED: ON CONFLICT locks the row that is there, waits for whoever has it, and
-- then compares with what that one left, not with what was there when the statement began: no update is lost, and
-- no key collides. Rows come in the order of the batch, which is sorted by key: two writers lock in one order.
-- Each group decides by its own order; WHERE keeps repeats from writing anything.
INSERT INTO "ParcelSummary" AS t ("ParcelId", "LatestEventId", "LatestType", "PickedUpAtUtc", "PickedUpEventId")
    SELECT s.c0, s.c1, s.c2, s.c3, s.c4
    FROM ROWS FROM (json_to_recordset(CAST(? AS json)) AS (c0 integer, c1 bigint, c2 text, c3 timestamp with time zone, c4 bigint))
    WITH ORDINALITY AS s (c0, c1, c2, c3, c4, n)
    ORDER BY s.n
    ON CONFLICT ("ParcelId") DO UPDATE SET "LatestEventId" = CASE
        WHEN excluded."LatestEventId" >= t."LatestEventId" OR (t."LatestEventId" IS NULL AND excluded."LatestEventId" IS NOT NULL)
        THEN excluded."LatestEventId" ELSE t."LatestEventId" END,
    "LatestType" = CASE
        WHEN excluded."LatestEventId" >= t."LatestEventId" OR (t."LatestEventId" IS NULL AND excluded."LatestEventId" IS NOT NULL)
        THEN excluded."LatestType" ELSE t."LatestType" END,
    "PickedUpAtUtc" = CASE
        WHEN excluded."PickedUpEventId" <= t."PickedUpEventId" OR (t."PickedUpEventId" IS NULL AND excluded."PickedUpEventId" IS NOT NULL)
        THEN excluded."PickedUpAtUtc" ELSE t."PickedUpAtUtc" END,
    "PickedUpEventId" = CASE
        WHEN excluded."PickedUpEventId" <= t."PickedUpEventId" OR (t."PickedUpEventId" IS NULL AND excluded."PickedUpEventId" IS NOT NULL)
        THEN excluded."PickedUpEventId" ELSE t."PickedUpEventId" END
    WHERE excluded."LatestEventId" > t."LatestEventId" OR (t."LatestEventId" IS NULL AND excluded."LatestEventId" IS NOT NULL) OR (excluded."LatestEventId" = t."LatestEventId" AND (excluded."LatestType" IS DISTINCT FROM t."LatestType"))
        OR excluded."PickedUpEventId" < t."PickedUpEventId" OR (t."PickedUpEventId" IS NULL AND excluded."PickedUpEventId" IS NOT NULL) OR (excluded."PickedUpEventId" = t."PickedUpEventId" AND (excluded."PickedUpAtUtc" IS DISTINCT FROM t."PickedUpAtUtc"));

-- One snapshot; rows that are not there do not come. Text, so that no driver changes a value.
SELECT s.n, t."ParcelId"::text, t."LatestEventId"::text, t."LatestType"::text, to_char(t."PickedUpAtUtc" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), t."PickedUpEventId"::text
    FROM json_to_recordset(CAST(? AS json)) AS s (n bigint, c0 integer)
    JOIN "ParcelSummary" AS t ON t."ParcelId" = s.c0;
